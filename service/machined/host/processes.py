"""Processes of the host."""

from __future__ import annotations

from typing import Protocol


class Processes(Protocol):
    """What the service asks of and does to single processes; a pid is one of the host's own namespace."""

    async def check(self, pid: int) -> None:
        """See that a process is there.

        Raises:
            ProcessLookupError: None with this pid is (ESRCH).
        """

    async def unit_of(self, pid: int) -> str:
        """The unit that a process belongs to, by its control group (sd_pid_get_unit(3)).

        Raises:
            OSError: ENXIO where it is in no unit, ESRCH where there is no such process.
        """

    async def kill(self, pid: int, signal: int) -> None:
        """Send a signal, 1 to 64, to one process.

        Raises:
            ProcessLookupError: None with this pid is (ESRCH).
        """
