"""Processes of the helper that were told to end and have not ended yet.

A request to a file system of a machine that never answers cannot be given up by who waits for it, not even
to die (fuse(4)). So a machine gets no second one to wait.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from typing import NamedTuple

GRACE = 2.0
"""Seconds between the wish to end and the kill."""
DYING = 0.5
"""Seconds that a process which was killed may take to end, before it counts as one that hangs."""


class _Watched(NamedTuple):
    """A process that was told to end."""

    leader: int
    since: float
    ended: asyncio.Event
    timer: asyncio.TimerHandle | None


class Stuck:
    """Watches processes until they have ended."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}

    def __len__(self) -> int:
        """How many have not ended."""
        return len(self._watched)

    async def check(self, leader: int) -> None:
        """See that no process hangs in a machine; one that ends just now is waited for.

        Raises:
            TimeoutError: One does (ETIMEDOUT).
        """
        now = asyncio.get_running_loop().time()
        for one in [one for one in self._watched.values() if leader and one.leader == leader]:
            try:
                async with asyncio.timeout(one.since + DYING - now):
                    await one.ended.wait()
            except TimeoutError:
                raise TimeoutError(errno.ETIMEDOUT, "The machine does not answer.") from None

    def end(self, pidfd: int, leader: int, *, gently: bool = False) -> None:
        """End a process, and hold back others from its machine as long as it has not.

        Args:
            pidfd: The process; the descriptor is ours now.
            leader: The machine that it is in, or another number that stands for those who are held back.
            gently: Whether it may tidy up before; it counts as one that hangs only after that.
        """
        loop = asyncio.get_running_loop()
        _signal(pidfd, signal.SIGTERM if gently else signal.SIGKILL)
        timer = loop.call_later(GRACE, _signal, pidfd, signal.SIGKILL) if gently else None
        since = loop.time() + GRACE if gently else loop.time()
        self._watched[pidfd] = _Watched(leader, since, asyncio.Event(), timer)
        loop.add_reader(pidfd, self._ended, pidfd)

    def close(self) -> None:
        """Kill those that are left and watch them no longer."""
        for pidfd in list(self._watched):
            _signal(pidfd, signal.SIGKILL)
            self._ended(pidfd)

    def _ended(self, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        one = self._watched.pop(pidfd)
        one.ended.set()
        if one.timer is not None:
            one.timer.cancel()
        os.close(pidfd)


def _signal(pidfd: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return  # it has ended
