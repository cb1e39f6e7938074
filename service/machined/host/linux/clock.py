"""The clocks of a real host."""

from __future__ import annotations

import asyncio
import time

NANOSECONDS = 1000


class LinuxClock:
    """Time as the kernel tells it (clock_gettime(2))."""

    def realtime(self) -> int:
        """Microseconds since the epoch."""
        return time.clock_gettime_ns(time.CLOCK_REALTIME) // NANOSECONDS

    def monotonic(self) -> int:
        """Microseconds since some point in the past."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // NANOSECONDS

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await asyncio.sleep(seconds)
