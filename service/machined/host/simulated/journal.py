"""What the units of the simulated host log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

KEPT = 20_000
"""Entries that are kept; the oldest go first, as with `SystemMaxUse=` of journald.conf(5)."""


class Entry(NamedTuple):
    """An entry of the journal."""

    realtime: int
    """Microseconds since the epoch."""
    unit: str
    identifier: str
    """Who says it (SYSLOG_IDENTIFIER)."""
    pid: int
    """0 where unknown."""
    message: str


class Journal:
    """The host's journal, oldest entry first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.listeners: list[Callable[[Entry], None]] = []
        """Told of each entry as it is added."""

    def add(self, entry: Entry) -> None:
        """Add an entry and tell of it."""
        self.entries.append(entry)
        for listener in list(self.listeners):
            listener(entry)

    def of_unit(self, unit: str) -> list[Entry]:
        """The entries of a unit, oldest first."""
        return [entry for entry in self.entries if entry.unit == unit]
