"""Time of the simulated host: it runs, or it stands until it is pushed."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time

MICROSECONDS = 1_000_000


class RunningClock:
    """Time that passes as it does outside, from a given moment on.

    Args:
        uptime: Seconds since the simulated host was booted, at the start.
        start: Seconds since the epoch at the start; now unless given.
    """

    def __init__(self, uptime: float, start: float | None = None) -> None:
        self._realtime = time.time() if start is None else start
        self._monotonic = uptime
        self._began = time.monotonic()

    def realtime(self) -> int:
        """Microseconds since the epoch."""
        return int((self._realtime + time.monotonic() - self._began) * MICROSECONDS)

    def monotonic(self) -> int:
        """Microseconds since the simulated host was booted."""
        return int((self._monotonic + time.monotonic() - self._began) * MICROSECONDS)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await asyncio.sleep(seconds)


class StandingClock:
    """Time that stands still until `advance` pushes it: for pictures and tests that must not vary.

    Args:
        uptime: Seconds since the simulated host was booted.
        start: Seconds since the epoch.
    """

    def __init__(self, uptime: float, start: float) -> None:
        self._start = start
        self._uptime = uptime
        self._elapsed = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def realtime(self) -> int:
        """Microseconds since the epoch."""
        return int((self._start + self._elapsed) * MICROSECONDS)

    def monotonic(self) -> int:
        """Microseconds since the simulated host was booted."""
        return int((self._uptime + self._elapsed) * MICROSECONDS)

    async def sleep(self, seconds: float) -> None:
        """Wait until the time has been pushed by `seconds`; none at all gives others a turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._numbers), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Push the time; whoever's time has come wakes in order, at their own moments."""
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self._elapsed, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            for _ in range(10):  # whoever woke may want to sleep again within the same push
                await asyncio.sleep(0)
        self._elapsed = end
