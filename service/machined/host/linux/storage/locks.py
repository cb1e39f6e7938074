"""The locks that keep machines and operations off each other's images, shared with systemd-nspawn(1).

An image is locked by two files: `.#NAME.lck` next to it, and one named by its inode in a folder below /run; a
name that is about to be taken by a third there. The locks are those of open file descriptions (fcntl(2),
"Open file description locks"), so they end with their holder; whoever releases one removes its file.

`SYSTEMD_NSPAWN_LOCK=0` in the environment turns them off, as it does for systemd (docs/ENVIRONMENT.md there).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from machined.contract import HOST_MACHINE

FOLDER = Path("/run/systemd/nspawn/locks")
"""Where systemd-nspawn has its locks too."""
ENDING = ".lck"
SWITCH = "SYSTEMD_NSPAWN_LOCK"
"""The variable that turns the locks off, and what it may say for that (getenv_bool of systemd)."""
_OFF = frozenset({"0", "no", "n", "false", "f", "off"})

_FLOCK = struct.Struct("hhqqi4x")
_SWEPT = 0.02
"""Seconds after which a lock is tried once more: who sweeps takes what was left behind for a moment."""
NAME_MAX = 255
"""Bytes of the longest file name."""
_FULL_OR_SEALED = {errno.EROFS, errno.EDQUOT, errno.ENOSPC}
"""Why a file cannot be made that does not keep an image from being read."""


class Locks:
    """The locks of images.

    A name may be so long that the file next to its image would have none. Nobody has a lock there then: who
    runs such an image has the one by its inode.

    Args:
        folder: Where those are that are not next to an image.
        takes_long_names: Whether such images can be locked; else ENAMETOOLONG, as with systemd-machined.
    """

    def __init__(self, folder: Path = FOLDER, *, takes_long_names: bool = True) -> None:
        self.folder = folder
        self._takes_long_names = takes_long_names

    @contextmanager
    def image(self, path: str, *, is_shared: bool = False) -> Iterator[None]:
        """Have an image to ourselves, or to us and others who only read it.

        Raises:
            OSError: EBUSY, a machine or an operation has it; and always, for the host's own root, unless
                shared.
        """
        if _are_off():
            yield
            return
        if path == "/":
            if not is_shared:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            yield
            return
        with ExitStack() as held:
            if not path.startswith("/dev/") and self._can_be(_beside(path)):
                try:
                    held.enter_context(self.beside(path, is_shared=is_shared))
                except OSError as error:
                    if not is_shared or error.errno not in _FULL_OR_SEALED:
                        raise
            held.enter_context(self._global(_identity(path), is_shared=is_shared))
            yield

    def reading(self, path: str, *, is_held: bool) -> AbstractContextManager[None]:
        """Keep out of an image that somebody has for himself, for a short look at it.

        Args:
            path: The image.
            is_held: Whether it is locked meanwhile, shared, as systemd-machined does; else it is seen that
                nobody has it, and no file is made.

        Raises:
            OSError: EBUSY, a machine or an operation has it.
        """
        if is_held:
            return self.image(path, is_shared=True)
        self.check(path)
        return nullcontext()

    def check(self, path: str) -> None:
        """See that nobody has an image for himself, for a short look at it that need keep nobody off.

        It makes no file and holds no lock: where there is no file nobody has a lock.

        Raises:
            OSError: EBUSY, a machine or an operation has it.
        """
        if _are_off() or path == "/":
            return
        beside = _beside(path)
        for file in (*([beside] if self._can_be(beside) else []), f"{self.folder}/{_identity(path)}"):
            try:
                fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
            except FileNotFoundError:
                continue
            try:
                told = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
            finally:
                os.close(fd)
            if _FLOCK.unpack(told)[0] != fcntl.F_UNLCK:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    def beside(self, path: str, *, is_shared: bool = False) -> AbstractContextManager[None]:
        """Have only the lock file next to an image, for one whose inode we have locked.

        Raises:
            OSError: EBUSY, another has it; or the file cannot be made.
        """
        if _are_off():
            return nullcontext()
        return lock(_beside(path), is_shared=is_shared)

    @contextmanager
    def name(self, name: str) -> Iterator[None]:
        """Have a name to ourselves that nothing has yet.

        Raises:
            OSError: EBUSY, another operation is about to take it, or it is the host's.
        """
        if _are_off():
            yield
            return
        if name == HOST_MACHINE:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        file = f"name-{name}"
        if not self._can_be(file):  # only we can take such a name at all
            file = f"name-{hashlib.sha256(name.encode()).hexdigest()}"
        with self._global(file):
            yield

    def _can_be(self, file: str) -> bool:
        """Whether a lock file can have its name; also where it is tried in vain, to have the error told."""
        name = os.fsencode(file.rpartition("/")[2])
        return not self._takes_long_names or len(name) <= NAME_MAX

    @contextmanager
    def _global(self, name: str, *, is_shared: bool = False) -> Iterator[None]:
        if not os.path.isdir(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock(f"{self.folder}/{name}", is_shared=is_shared):
            yield


@contextmanager
def left_behind(path: str) -> Iterator[None]:
    """Hold a lock file that is there already, which is removed after.

    Raises:
        OSError: EBUSY, it was not left behind: another has it; ENOENT, it is gone.
    """
    with _held(path, False, os.O_RDWR, 0):
        yield


def lock(path: str, *, is_shared: bool = False, patience: float = _SWEPT) -> AbstractContextManager[None]:
    """Hold a lock file, which is made for it and removed after.

    Args:
        path: The file.
        is_shared: Whether others may share it.
        patience: Seconds after which it is tried once more; 0 for never.

    Raises:
        OSError: EBUSY, another has it; or the file cannot be made.
    """
    return _held(path, is_shared, os.O_RDWR | os.O_CREAT, patience)


@contextmanager
def _held(path: str, is_shared: bool, flags: int, patience: float) -> Iterator[None]:
    fd = _acquire(path, is_shared, flags, patience)
    is_last = False
    try:
        yield
    finally:
        try:
            # Of those who share it the last removes it
            is_last = not is_shared or _is_locked(fd, fcntl.F_WRLCK)
            if is_last:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        finally:
            os.close(fd)
        if not is_last:
            # Of two who let go at once each was in the other's way: the last of them finds nobody now
            _remove_left_behind(path)


def sweep(folder: str | Path, pattern: str) -> None:
    """Remove the lock files that nobody holds: whoever did was killed.

    Args:
        folder: Where to look; need not be there.
        pattern: What their names are like (glob(7)).
    """
    for path in Path(folder).glob(pattern):
        if path.is_file() and not path.is_symlink():
            _remove_left_behind(str(path))


def _remove_left_behind(path: str) -> None:
    """Remove a lock file that nobody holds; one that is held, or cannot be removed, stays."""
    with contextlib.suppress(OSError), left_behind(path):
        return  # whoever lets go of it removes it


def _beside(path: str) -> str:
    """The lock file next to an image."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.#{name}{ENDING}"


def _are_off() -> bool:
    return os.environ.get(SWITCH, "").lower() in _OFF


def _acquire(path: str, is_shared: bool, flags: int, patience: float) -> int:
    while True:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK, 0o600)
        try:
            kind = fcntl.F_RDLCK if is_shared else fcntl.F_WRLCK
            if not _is_locked(fd, kind):
                time.sleep(patience)
                if not patience or not _is_locked(fd, kind):
                    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            if os.fstat(fd).st_nlink:
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # its last holder removed it before we had the lock, which is worth nothing now


def _is_locked(fd: int, kind: int) -> bool:
    """Take a lock, or change the one that is held; False where another is in the way."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0))
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True


def _identity(path: str) -> str:
    """The name of the lock that goes with the inode of an image."""
    status = os.stat(path)
    if stat.S_ISBLK(status.st_mode):
        return f"block-{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return f"inode-{status.st_dev}:{status.st_ino}"
