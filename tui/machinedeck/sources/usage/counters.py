"""The counters of one unit, read again and again from files that stay open."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from machinedeck.model.usage import Counted
from machinedeck.sources.usage.groups import UNIFIED, pids_below
from machinedeck.sources.usage.processes import read_processes

_LONGEST = 4096


def _whole(text: bytes) -> int:
    return int(text)


def _usec(text: bytes) -> int:
    """The `usage_usec` of a cpu.stat, in nanoseconds (the kernel's cgroup-v2.rst)."""
    for line in text.splitlines():
        key, _, value = line.partition(b" ")
        if key == b"usage_usec":
            return int(value) * 1000
    raise ValueError("there is no usage_usec")


_Reader = Callable[[bytes], int]

_PLACES: dict[str, tuple[tuple[str, str, _Reader], ...]] = {
    "cpu": (("cpuacct", "cpuacct.usage", _whole), (UNIFIED, "cpu.stat", _usec)),
    "memory": (("memory", "memory.usage_in_bytes", _whole), (UNIFIED, "memory.current", _whole)),
    "tasks": (("pids", "pids.current", _whole), (UNIFIED, "pids.current", _whole)),
}
"""Where each counter is: controller, file, and how it is read. The first that is there is taken."""


class Counters:
    """The counters of one unit.

    Args:
        folders: Its folders in the trees of control groups, by controller.
    """

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._open: dict[str, tuple[int, _Reader]] = {}
        for counter, places in _PLACES.items():
            for controller, name, read in places:
                if controller in folders:
                    with contextlib.suppress(OSError):  # not counted there: the next place, or the processes
                        fd = os.open(folders[controller] / name, os.O_RDONLY | os.O_CLOEXEC)
                        self._open[counter] = fd, read
                        break

    @property
    def processes_folder(self) -> Path | None:
        """The folder whose processes are all of the unit's."""
        for controller in (UNIFIED, "name=systemd", "pids", "memory", "cpuacct"):
            if controller in self._folders:
                return self._folders[controller]
        return None

    def read(self) -> Counted:
        """What the kernel counts now.

        Raises:
            OSError: ENODEV, the unit's control group is gone.
        """
        found = {counter: self._one(fd, read) for counter, (fd, read) in self._open.items()}
        return Counted(found.get("cpu"), found.get("memory"), found.get("tasks"))

    def _one(self, fd: int, read: _Reader) -> int:
        return read(os.pread(fd, _LONGEST, 0))

    def close(self) -> None:
        """Let go of the files; may be repeated."""
        while self._open:
            os.close(self._open.popitem()[1][0])


def summed(counted: Counted, folder: Path) -> Counted:
    """The same, with what the kernel does not count summed up over processes.

    Reads the files of each of them, so it is nothing for the event loop: a machine may have thousands.

    Args:
        counted: From `Counters.read`.
        folder: The control group whose processes are all of the unit's.
    """
    processes = read_processes(pids_below(folder), has_commands=False)
    cpu, memory, tasks = counted[:3]
    return Counted(
        sum(process.cpu or 0 for process in processes) if cpu is None else cpu,
        sum(process.memory or 0 for process in processes) if memory is None else memory,
        sum(process.threads or 0 for process in processes) if tasks is None else tasks,
        is_summed=True,
    )
