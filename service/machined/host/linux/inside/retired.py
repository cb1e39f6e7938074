"""Helper processes that take no more wishes, and end with what they have begun."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess

logger = logging.getLogger(__name__)

MOST = 4
"""How many there may be; beyond that the oldest is killed, with what it does."""


class Retired:
    """Waits for the ends of processes, without keeping anybody else waiting."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._all_ended = asyncio.Event()
        self._is_closed = False

    def __len__(self) -> int:
        """How many have not ended."""
        return len(self._processes)

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of a process that nobody has taken note of (pidfd_open(2))."""
        pidfd = os.pidfd_open(process.pid)
        self._processes[pidfd] = process
        self._all_ended.clear()
        asyncio.get_running_loop().add_reader(pidfd, self._on_ended, pidfd)
        if len(self._processes) > MOST:
            next(iter(self._processes.values())).kill()

    async def close(self) -> None:
        """Kill those that are left, and return when they have ended."""
        self._is_closed = True
        for process in self._processes.values():
            process.kill()
        if self._processes:
            await self._all_ended.wait()

    def _on_ended(self, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        process = self._processes.pop(pidfd)
        process.wait()  # it is dead, so this takes note of it alone
        if process.returncode and not self._is_closed:
            tell_end(process)
        if not self._processes:
            self._all_ended.set()


def tell_end(process: subprocess.Popen[bytes]) -> None:
    """Log the end of a helper that was not asked to."""
    logger.error("the helper that enters machines has ended (%d)", process.returncode)
