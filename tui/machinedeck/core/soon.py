"""Reading long lists less often than they change."""

from __future__ import annotations

import asyncio

from machinedeck.core.repeat import Repeat

LONG = 200
"""Rows from which a list is long: it is not read again at once for each change."""

SECONDS_A_ROW = 0.0005
"""How long to wait before a long list is read again, for each of its rows."""


class Soon:
    """Has lists read anew: short ones at once, long ones together with what comes within a while."""

    def __init__(self) -> None:
        self._timers: dict[Repeat, asyncio.TimerHandle] = {}

    def ask(self, repeat: Repeat, rows: int) -> None:
        """Have a list of so many rows read anew."""
        if rows < LONG:
            repeat.ask()
        elif repeat not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[repeat] = loop.call_later(rows * SECONDS_A_ROW, self._ask_now, repeat)

    def _ask_now(self, repeat: Repeat) -> None:
        del self._timers[repeat]
        repeat.ask()

    def cancel(self) -> None:
        """Forget what was asked."""
        while self._timers:
            self._timers.popitem()[1].cancel()
