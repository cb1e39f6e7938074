"""Processes of the helper that were told to end and have not ended yet.

A request to a file system of a machine that never answers cannot be given up by who waits for it, not even
to die (fuse(4)). So a machine gets no second one to wait.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections import Counter

GRACE = 2.0
"""Seconds between the wish to end and the kill."""


class Stuck:
    """Watches processes until they have ended."""

    def __init__(self) -> None:
        self._leaders: dict[int, int] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._count: Counter[int] = Counter()

    def check(self, leader: int) -> None:
        """See that no process hangs in a machine.

        Raises:
            TimeoutError: One does (ETIMEDOUT).
        """
        if leader and self._count[leader]:
            raise TimeoutError(errno.ETIMEDOUT, "The machine does not answer.")

    def end(self, pidfd: int, leader: int, *, gently: bool = False) -> None:
        """End a process, and hold back others from its machine as long as it has not.

        Args:
            pidfd: The process; the descriptor is ours now.
            leader: The machine that it is in.
            gently: Whether it may tidy up before.
        """
        _signal(pidfd, signal.SIGTERM if gently else signal.SIGKILL)
        loop = asyncio.get_running_loop()
        self._leaders[pidfd] = 0 if gently else leader
        self._count[self._leaders[pidfd]] += 1
        loop.add_reader(pidfd, self._ended, pidfd)
        if gently:
            self._timers[pidfd] = loop.call_later(GRACE, _signal, pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill those that are left and watch them no longer."""
        for pidfd in list(self._leaders):
            _signal(pidfd, signal.SIGKILL)
            self._ended(pidfd)

    def _ended(self, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        leader = self._leaders.pop(pidfd)
        self._count[leader] -= 1
        if not self._count[leader]:
            del self._count[leader]
        if timer := self._timers.pop(pidfd, None):
            timer.cancel()


def _signal(pidfd: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return  # it has ended
