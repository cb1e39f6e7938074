"""Timers that fire once, whatever the clock says meanwhile.

Textual's timers leave out ticks that are late. Of one that fires once that leaves nothing: if the program is
held up for a moment while it begins, it never fires. And one for a moment that has passed (a notice whose
time runs out while it is put on the screen) goes round in its loop for ever, and with it the whole program.
"""

from __future__ import annotations

from typing import Any

from textual import message_pump
from textual.timer import Timer

ONCE = 0
"""What Textual calls it: no repetition."""


class SureTimer(Timer):
    """A timer that fires at least once, at once where its time has passed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._repeat == ONCE:
            self._skip = False


def fire_surely() -> None:
    """Let Textual make timers of this kind from now on."""
    message_pump.Timer = SureTimer  # type: ignore[attr-defined]
