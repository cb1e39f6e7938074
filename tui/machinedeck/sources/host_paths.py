"""Completing paths of this host, for dialogs that ask for one."""

from __future__ import annotations

import os

from machinedeck.sources.machine_paths.paths import SILENT, MachinePaths
from machinedeck.sources.newest import Newest


class HostPaths:
    """The paths of this host, for as long as a dialog asks for them.

    They are looked at as those of a machine are: in a process of its own. What a dead mount has caught can be
    let go of then, which a thread cannot: some file systems let nobody go who waits for them (fuse(4)).
    """

    def __init__(self) -> None:
        self._paths: MachinePaths | None = None
        self._questions = Newest()
        self._is_closed = False
        self._silent: list[str] = []
        """What was typed where nothing answered: nobody asks for what begins like that again."""

    async def complete(self, typed: str) -> str | None:
        """What a path could go on to; None where nothing is offered, or more was typed meanwhile."""
        async with self._questions.turn() as is_newest:
            if self._is_closed or not is_newest or typed.startswith(tuple(self._silent)):
                return None
            paths = self._paths = self._paths or MachinePaths(_open_root)
            offered = await paths.complete(typed)
            if paths.trouble:
                self._paths = None  # another process looks elsewhere
            if paths.trouble == SILENT:
                self._note_silent(typed)
            return offered

    def _note_silent(self, typed: str) -> None:
        """One dead mount in a folder leaves the others; what is silent twice is likely the folder itself."""
        folder = _folder(typed)
        is_known = any(_folder(silent) == folder for silent in self._silent)
        self._silent.append(folder if is_known else typed)

    def close(self) -> None:
        """End the process; nobody waits for it, and none is started for a question that still waits."""
        self._is_closed = True
        if self._paths is not None:
            self._paths.close()


async def _open_root() -> int:
    return os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _folder(typed: str) -> str:
    return typed.rpartition("/")[0] + "/"
