"""Long work of a service that tells nothing of it, as far as it shows from the outside.

systemd's own service holds locks while it works: `name-NAME` below /run/systemd/nspawn/locks for a copy that
is being made, and `.#NAME.lck` next to an image that is being removed. What the copy has grown to, and what
is left of the image, is measured; so these figures are about right, and marked as such. Who may not read the
locks sees none of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from machinedeck.apart import apart
from machinedeck.model.event import Listener, OperationEnded, OperationMoved
from machinedeck.model.operation import Operation

POOL = Path("/var/lib/machines")
LOCKS = Path("/run/systemd/nspawn/locks")
SECONDS = 1.0
"""Between two looks, at least; a look that takes long is followed by a longer pause."""

IDLE_SECONDS = 5.0
"""How long an image that is locked may stay as large as it was: after that it is not being removed."""

_PAUSES = 5
_FLOCK = struct.Struct("hhqqi4x")
_NAME, _INODE, _ENDING = "name-", "inode-", ".lck"
_HIDDEN = ".#"
"""What the names of locks and of copies that are not whole begin with."""


class _Work(NamedTuple):
    """What somebody holds a lock for."""

    kind: str
    name: str


class Look(Protocol):
    """Something that sees long work from the outside."""

    def look(self) -> list[Operation]:
        """What goes on now. May wait for the disk: it is called in a thread."""
        ...


class Looks:
    """Several of them as one."""

    def __init__(self, *looks: Look) -> None:
        self._looks = looks

    def look(self) -> list[Operation]:
        """What any of them sees."""
        return [operation for one in self._looks for operation in one.look()]


class LongWork:
    """Looks for long work, one look after the other.

    Args:
        is_used: Whether a machine runs from the image of this name, and has it locked.
        pool: Where images are made and removed.
        locks: Where those locks are that are not next to an image.
        clock: A clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        is_used: Callable[[str], bool],
        pool: Path = POOL,
        locks: Path = LOCKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_used = is_used
        self._pool = pool
        self._locks = locks
        self._clock = clock
        self._sizes: dict[_Work, list[int]] = {}
        self._since: dict[_Work, float] = {}
        self._idle: set[_Work] = set()
        self._ids: dict[_Work, int] = {}
        self._last = 0

    def look(self) -> list[Operation]:
        """What goes on; what began since the last look is told of by the next one."""
        found = []
        going = set(self._going())
        self._idle &= going
        for gone in self._sizes.keys() - going:
            del self._sizes[gone], self._since[gone]
            self._ids.pop(gone, None)
        for work in sorted(going - self._idle):
            self._since.setdefault(work, self._clock())
            sizes = self._sizes.setdefault(work, [])
            sizes.append(sum(map(_size, self._files(work))))
            if len(sizes) > 1 and (operation := self._operation(work, sizes)):
                found.append(operation)
        return found

    def _operation(self, work: _Work, sizes: list[int]) -> Operation | None:
        first, now = sizes[0], sizes[-1]
        if work.kind == "clone":
            return Operation(self._id(work), work.kind, work.name, now, 0, is_estimated=True)
        if now >= first:
            if self._clock() - self._since[work] > IDLE_SECONDS:
                self._idle.add(work)
            return None
        return Operation(self._id(work), work.kind, work.name, max(0, first - now), first, is_estimated=True)

    def _id(self, work: _Work) -> int:
        """A number that none of a service's has: they count from 1 on."""
        if work not in self._ids:
            self._last -= 1
            self._ids[work] = self._last
        return self._ids[work]

    def _going(self) -> Iterator[_Work]:
        """What there are locks for that somebody holds."""
        try:
            names = os.listdir(self._locks)
        except OSError:
            return  # nobody has locked anything yet, or it is not ours to know
        for name in names:
            if name.startswith(_NAME) and _is_held(self._locks / name):
                yield _Work("clone", name.removeprefix(_NAME))
        if any(name.startswith(_INODE) for name in names):
            for path in self._beside("", is_lock=True):
                name = path.name[len(_HIDDEN) : -len(_ENDING)]
                if not self._is_used(name.removesuffix(".raw")) and _is_held(path):
                    yield _Work("remove", name)

    def _files(self, work: _Work) -> Iterator[Path]:
        """What there is of it: a raw image has another name until it is whole."""
        if work.kind == "remove":
            yield self._pool / work.name
            return
        yield self._pool / work.name
        yield self._pool / f"{work.name}.raw"
        yield from self._beside(work.name, is_lock=False)

    def _beside(self, name: str, *, is_lock: bool) -> Iterator[Path]:
        """What is kept beside images whose names begin like this; a name may be a pattern to `glob`."""
        try:
            found = os.listdir(self._pool)
        except OSError:
            return  # there is no pool, or it is not ours to look into
        for one in found:
            if one.startswith(f"{_HIDDEN}{name}") and one.endswith(_ENDING) is is_lock:
                yield self._pool / one


async def follow_long_work(work: Look, listener: Listener) -> None:
    """Tell of long work as a service would, until cancelled."""
    loop = asyncio.get_running_loop()
    told: set[int] = set()
    while True:
        began = loop.time()
        operations = await apart(work.look)
        for id in told - {operation.id for operation in operations}:
            listener(OperationEnded(id))
        for operation in operations:
            listener(OperationMoved(operation))
        told = {operation.id for operation in operations}
        await asyncio.sleep(max(SECONDS, _PAUSES * (loop.time() - began)))


def _is_held(path: Path) -> bool:
    """Whether somebody has locked a file (fcntl(2)); we take no lock to see that."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False  # it was released, or is not ours to read
    try:
        told = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False  # its file system knows no locks, or does not reach who keeps them (ENOLCK)
    finally:
        os.close(fd)
    return bool(_FLOCK.unpack(told)[0] != fcntl.F_UNLCK)


def _size(path: Path) -> int:
    """The bytes that a file or tree takes on its own file system, about; 0 where there is none."""
    total = 0
    waiting = [os.fspath(path)]
    try:
        status = path.lstat()
    except OSError:
        return 0
    if not stat.S_ISDIR(status.st_mode):
        return status.st_blocks * 512
    while waiting:
        # What goes while we look weighs nothing
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if found.st_dev != status.st_dev:
                    continue
                total += found.st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return total
