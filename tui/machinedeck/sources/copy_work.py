"""Copies to and from machines by systemd's own service, as far as they show from the outside.

It has a child for each copy, `(sd-copy)`, which has entered the machine and counts what it writes
(`wchar`, proc_pid_io(5)). How much there is to copy nobody knows before it is done. Nothing of the machine
is opened to see that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from machinedeck.model.operation import Operation

PROC = Path("/proc")

SERVICE, COPY = "systemd-machine", "(sd-copy)"
"""What the service and its children are called (proc_pid_comm(5): 15 characters)."""

FIRST = -1_000_000
"""The number of the first copy: far from those of clones and removals."""

SEARCH_SECONDS = 30.0
"""Between two searches for the service among all processes, while it is not there."""


class CopyWork:
    """Looks for copies, one look after the other.

    Args:
        leaders: The leaders of the machines, by name.
        proc: Where processes are.
        clock: A clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        leaders: Callable[[], Mapping[str, int]],
        proc: Path = PROC,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leaders = leaders
        self._proc = proc
        self._clock = clock
        self._service: str | None = None
        self._searched: float | None = None
        self._ids: dict[str, int] = {}
        self._last = FIRST

    def look(self) -> list[Operation]:
        """What goes on; nothing where it is not ours to know."""
        leaders = self._leaders()
        children = list(self._copies()) if leaders else []
        for gone in self._ids.keys() - set(children):
            del self._ids[gone]
        if not children:
            return []
        names = {self._mounts(str(leader)): name for name, leader in leaders.items()}
        found = []
        for pid in children:
            name = names.get(mounts) if (mounts := self._mounts(pid)) else None
            if name is not None:
                found.append(Operation(self._id(pid), "copy", name, self._written(pid), 0, is_estimated=True))
        return found

    def _id(self, pid: str) -> int:
        if pid not in self._ids:
            self._last -= 1
            self._ids[pid] = self._last
        return self._ids[pid]

    def _copies(self) -> Iterator[str]:
        service = self._found()
        if service is not None:
            children = _read(self._proc / service / "task" / service / "children").split()
            yield from (pid for pid in children if self._comm(pid) == COPY)

    def _found(self) -> str | None:
        """The process of the service, searched for now and then while it is not there."""
        if self._service is not None and self._comm(self._service) == SERVICE:
            return self._service
        now = self._clock()
        if self._searched is None or now - self._searched > SEARCH_SECONDS or self._service is not None:
            self._searched = now
            pids = filter(str.isdecimal, os.listdir(self._proc))
            self._service = next((pid for pid in pids if self._comm(pid) == SERVICE), None)
        return self._service

    def _comm(self, pid: str) -> str:
        return _read(self._proc / pid / "comm").rstrip("\n")

    def _mounts(self, pid: str) -> str:
        """The mount namespace of a process; "" where it is not ours to know."""
        try:
            return os.readlink(self._proc / pid / "ns/mnt")
        except OSError:
            return ""

    def _written(self, pid: str) -> int:
        fields = dict(line.split(": ", 1) for line in _read(self._proc / pid / "io").splitlines())
        return int(fields.get("wchar", 0))


def _read(path: Path) -> str:
    """A file of a process; "" where that is gone, or not ours to look at."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
