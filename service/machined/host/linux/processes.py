"""Processes of a real host, held on to by descriptors (pidfd_open(2))."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal as signals
import time
from collections.abc import Callable
from pathlib import Path

from machined.host.linux.groups import group_of, unit_of_group

logger = logging.getLogger(__name__)

INT_MAX = 2**31 - 1
MICROSECONDS = 1_000_000
STARTED = 19
"""Where `/proc/PID/stat` tells when a process began, counted from behind its name (proc_pid_stat(5))."""


class LinuxProcesses:
    """What is asked of single processes."""

    async def pin(self, pid: int, seen: int | None = None) -> LinuxPin:
        """Hold on to a process.

        Raises:
            OSError: ESRCH where none with this pid is, or one that is younger than `seen`; EINVAL or ENOENT
                for a thread.
        """
        if not 0 < pid <= INT_MAX:
            raise _gone()
        pin = LinuxPin(pid, os.pidfd_open(pid))
        try:
            if seen is not None and _is_younger(pid, seen):
                raise _gone()
            if pin.has_ended():
                raise _gone()
        except BaseException:
            pin.release()
            raise
        return pin

    async def unit_of(self, pid: int) -> str:
        """The unit of a process by its control group; ENXIO where it is in none, ESRCH where it is gone."""
        return unit_of_group(group_of(pid))


class LinuxPin:
    """A process that is held on to.

    Args:
        pid: Which one.
        pidfd: A descriptor of it, which is ours from now on.
    """

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self._loop: asyncio.AbstractEventLoop | None = None

    def has_ended(self) -> bool:
        """Whether it is no more; until its parent has taken note of its end it is still there."""
        try:
            self.kill(0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False  # not ours to signal, so it is there
        return False

    def kill(self, signal: int) -> None:
        """Send it a signal.

        Raises:
            OSError: ESRCH, it is no more; or the signal may not be sent.
        """
        if self.pidfd < 0:
            raise _gone()
        signals.pidfd_send_signal(self.pidfd, signal)

    def watch(self, on_end: Callable[[], None]) -> None:
        """Have `on_end` called once when it ends."""

        def on_readable() -> None:
            self._unwatch()
            on_end()

        if self.pidfd >= 0:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self.pidfd, on_readable)

    def release(self) -> None:
        """Hold on to it no more; a second time this does nothing."""
        if self.pidfd >= 0:
            self._unwatch()
            os.close(self.pidfd)
            self.pidfd = -1

    def _unwatch(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self.pidfd)
            self._loop = None


def _is_younger(pid: int, seen: int) -> bool:
    """Whether a process began after a moment of the monotonic clock.

    The kernel tells its beginning by a clock that runs on while the host sleeps, CLOCK_BOOTTIME. Counting all
    the sleep there was as before it makes it older than it is: the right one is never taken for a younger.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        raise _gone() from None
    ticks = int(stat.rpartition(b")")[2].split()[STARTED])
    slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    began = ticks / os.sysconf("SC_CLK_TCK") - slept
    return began * MICROSECONDS > seen


def _gone() -> ProcessLookupError:
    return ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
