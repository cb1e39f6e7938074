"""The embedded terminal: what it takes in, draws, keeps, and writes to the operator's own terminal.

Goals are bounds in absolute figures, so the reference of a goal's row is the bound itself; rows without a
goal set the same value beside the aim and beside plain pyte, measured in the same run.
"""

from __future__ import annotations

from tests.bench import terminal_console, terminal_flood, terminal_frames, terminal_speed
from tests.bench.rows import Measure


def measure() -> list[Measure]:
    """All of it."""
    parts = (terminal_speed, terminal_frames, terminal_console, terminal_flood)
    return [row for part in parts for row in part.measure()]
