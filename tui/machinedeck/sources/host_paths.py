"""Completing paths of this host, for dialogs that ask for one."""

from __future__ import annotations

import asyncio
import os

from machinedeck.sources.machine_paths.paths import MachinePaths


class HostPaths:
    """The paths of this host, for as long as a dialog asks for them.

    They are looked at as those of a machine are: in a process of its own. What a dead mount has caught can be
    let go of then, which a thread cannot: some file systems let nobody go who waits for them (fuse(4)).
    """

    def __init__(self) -> None:
        self._paths: MachinePaths | None = None
        self._turn = asyncio.Lock()
        self._asked = 0
        self._silent: list[str] = []
        """Folders below which something did not answer: nobody asks there again."""

    async def complete(self, typed: str) -> str | None:
        """What a path could go on to; None where nothing is offered, or more was typed meanwhile."""
        self._asked = number = self._asked + 1
        async with self._turn:
            folder = typed.rpartition("/")[0] + "/"
            if number != self._asked or any(folder.startswith(silent) for silent in self._silent):
                return None
            paths = self._paths = self._paths or MachinePaths(_open_root)
            offered = await paths.complete(typed)
            if paths.trouble:
                self._silent.append(folder)
                self._paths = None  # another process looks elsewhere
            return offered

    def close(self) -> None:
        """End the process; nobody waits for it."""
        if self._paths is not None:
            self._paths.close()


async def _open_root() -> int:
    return os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
