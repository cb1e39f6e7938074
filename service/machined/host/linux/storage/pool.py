"""The pool: the folder that new images are made in, and what it and its images may use."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import btrfs, quota
from machined.host.storage import PoolStatus

KEY = ".#machined-quota"
"""A subvolume in a pool that is not in a subvolume of its own: what the pool may use does not count for it.

The kernel changes a limit only through a file in a subvolume that has room left. With this one a limit that
is used up, or 0, can be raised again.
"""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK
_log = logging.getLogger(__name__)


Note = Callable[[str, int, int], None]
"""Is told of a limit that was set: a folder on the file system, the group, the bytes."""


class Pool:
    """The pool.

    Args:
        path: The folder; need not be there.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def status(self) -> PoolStatus:
        """How the pool is: known on btrfs with quotas, as long as they are not being counted."""
        try:
            with opened(self.path) as fd:
                groups = quota.read_one(fd, id := btrfs.subvolume_of(fd))
        except OSError:
            return PoolStatus(self.path, UNKNOWN_SIZE, UNKNOWN_SIZE)  # no pool, not on btrfs, or not for us
        group = groups.subtree(id)
        usage = groups.usage.get(group, quota.Usage()).referenced
        return PoolStatus(self.path, usage, groups.limits.get(group, quota.Limits()).referenced)

    def set_limit(self, size: int, note: Note) -> None:
        """Limit what the pool may use; makes it a subvolume if it is not there yet, and turns quotas on.

        Args:
            size: The bytes; `UNKNOWN_SIZE` takes the limit away.
            note: Told of each limit that is set.

        Raises:
            OSError: EOPNOTSUPP, it is no subvolume of btrfs; or it cannot be.
        """
        self._make()
        with opened(self.path) as fd:
            if not btrfs.is_subvolume(fd):
                raise OSError(errno.EOPNOTSUPP, "Quota is only supported on btrfs.")
            # Where one of these fails the limit cannot be set either, and that tells why
            with _told("turn quotas on"):
                quota.enable(fd)
            with _told("make a quota group"):
                quota.set_up(fd, btrfs.subvolume_of(fd))
            if size != UNKNOWN_SIZE:
                self._make_key(fd)
            _limit_subtree(self.path, self.path, size, note)
            if size == UNKNOWN_SIZE and os.path.lexists(f"{self.path}/{KEY}"):
                btrfs.destroy(fd, KEY)

    def _make(self) -> None:
        if os.path.isdir(self.path):
            return
        above, _, name = self.path.rpartition("/")
        with opened(above or "/") as folder:
            if btrfs.file_system(folder) is not None:
                btrfs.create(folder, name)
                os.chmod(name, 0o700, dir_fd=folder)
                return
        raise OSError(errno.EOPNOTSUPP, "Quota is only supported on btrfs.")

    def _make_key(self, fd: int) -> None:
        """See that there is a subvolume that the pool's limit does not hold for."""
        if not os.path.lexists(f"{self.path}/{KEY}") and not list(_outer(self.path)):
            with _told("make a subvolume beside the quota group"):
                btrfs.create(fd, KEY)


def limit_image(path: str, size: int, note: Note) -> None:
    """Limit what an image in a subvolume may use, with all below it.

    Args:
        path: Where it is.
        size: The bytes; `UNKNOWN_SIZE` takes the limit away.
        note: Told of each limit that is set.

    Raises:
        OSError: ENOTCONN, quotas are off; or it cannot be.
    """
    folder = _around(path)
    with opened(path) as fd, _told("make a quota group"):
        through(folder, lambda lever: quota.set_up(lever, btrfs.subvolume_of(fd)))
    _limit_subtree(path, folder, size, note)


def through(folder: str, change: Callable[[int], None]) -> None:
    """Make a change to quota groups through a file that has room left, for the kernel wants some.

    Args:
        folder: A folder on the file system.
        change: Makes the change through the file it is given, and raises EDQUOT where there is no room.

    Raises:
        OSError: EDQUOT, there is room nowhere that we know; or what the change raises.
    """
    refused: OSError | None = None
    with opened(folder) as fd:
        home = btrfs.file_system(fd)
    for path in _levers(folder):
        try:
            fd = os.open(path, _FOLDER)
        except FileNotFoundError:
            continue  # it went just now
        try:
            if btrfs.file_system(fd) != home:
                continue  # it is mounted there: its groups have the same numbers, and are none of ours
            change(fd)
        except OSError as error:
            if error.errno != errno.EDQUOT:
                raise
            refused = error
        else:
            return
        finally:
            os.close(fd)
    if refused is not None:
        raise refused


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """Have a folder open.

    Raises:
        OSError: It cannot be.
    """
    fd = os.open(path, _FOLDER)
    try:
        yield fd
    finally:
        os.close(fd)


def _limit_subtree(path: str, folder: str, size: int, note: Note) -> None:
    """Set the limit of a subvolume and, what counts, of its subtree."""
    with opened(path) as fd:
        id = btrfs.subvolume_of(fd)
        group = quota.read_one(fd, id).subtree(id)
    if group != id:
        with _told("limit a subvolume"):
            through(folder, lambda lever: quota.limit(lever, id, size))
            note(folder, id, size)
    through(folder, lambda lever: quota.limit(lever, group, size))
    note(folder, group, size)


def _around(path: str) -> str:
    """The folder that a subvolume is in, wherever a link leads; itself, where it is mounted there.

    Another file system has groups of the same numbers, which are none of ours.
    """
    folder = os.path.dirname(os.path.realpath(path))
    with opened(path) as fd, opened(folder) as around:
        return folder if btrfs.file_system(fd) == btrfs.file_system(around) else path


def _levers(folder: str) -> Iterator[str]:
    """Folders in different subvolumes of the file system of a folder, itself first."""
    yield folder
    yield from _outer(folder)
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    names.sort(key=lambda name: name != KEY)
    for name in names:
        is_one = False
        # An image that goes just now is no lever, nor one that cannot be looked at
        with contextlib.suppress(OSError), opened(f"{folder}/{name}") as fd:
            is_one = btrfs.is_subvolume(fd)
        if is_one:
            yield f"{folder}/{name}"


def _outer(folder: str) -> Iterator[str]:
    """The folders above a folder that are in other subvolumes of the same file system, nearest first."""
    with opened(folder) as fd:
        home = btrfs.file_system(fd)
        last = btrfs.subvolume_of(fd) if home is not None else 0
    at = os.path.realpath(folder)
    while home is not None and at != "/":
        at = str(Path(at).parent)
        with opened(at) as fd:
            if btrfs.file_system(fd) != home:
                return
            if (id := btrfs.subvolume_of(fd)) != last:
                last = id
                yield at


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Let something fail that is not needed in all cases, and say so in the log."""
    try:
        yield
    except OSError as error:
        _log.warning("Failed to %s: %s", what, error.strerror)
