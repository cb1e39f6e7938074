"""Time as the service sees it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The host's clocks. Both tell microseconds, as D-Bus properties of systemd do (clock_gettime(2))."""

    def realtime(self) -> int:
        """Microseconds since the epoch (CLOCK_REALTIME)."""

    def monotonic(self) -> int:
        """Microseconds since some point in the past, never running backwards (CLOCK_MONOTONIC)."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock."""
