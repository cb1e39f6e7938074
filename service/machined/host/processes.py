"""Processes of the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Pinned(Protocol):
    """A process that is held on to: a later one with the same pid is never taken for it."""

    @property
    def pid(self) -> int:
        """Its pid in the host's own namespace."""

    @property
    def pidfd(self) -> int:
        """A descriptor of it (pidfd_open(2)), which is closed by `release`; -1 where the host has none."""

    def has_ended(self) -> bool:
        """Whether it is no more."""

    def kill(self, signal: int) -> None:
        """Send it a signal, 1 to 64.

        Raises:
            OSError: ESRCH, it is no more; or the signal may not be sent.
        """

    def watch(self, on_end: Callable[[], None]) -> None:
        """Have `on_end` called once when it ends, within the event loop; never after `release`."""

    def release(self) -> None:
        """Hold on to it no more."""


class Processes(Protocol):
    """What the service asks of single processes; a pid is one of the host's own namespace."""

    async def pin(self, pid: int, seen: int | None = None) -> Pinned:
        """Hold on to a process.

        Args:
            pid: Which one.
            seen: When it was there already, in microseconds of the monotonic clock; a process that is
                younger is another one. None if it is asked for for the first time.

        Raises:
            OSError: ESRCH where none with this pid is; EINVAL or ENOENT where it is but a thread of one
                (pidfd_open(2)).
        """

    async def unit_of(self, pid: int) -> str:
        """The unit that a process belongs to, by its control group (sd_pid_get_unit(3)).

        Raises:
            OSError: ENXIO where it is in no unit, ESRCH where there is no such process.
        """
