"""Copies trees: directories with all in them, as like the original as the target can keep.

Sockets, pipes and device nodes are made anew, hard links stay linked, holes stay holes, and where the file
system can, files share what they have. What is on another mount is left out, and so is the folder that is
copied into.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from machined.host.linux.helper.contents import Copier
from machined.host.linux.storage import calls, filecopy

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_REPLACED = {errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENODEV}
"""What open(2) says of a link, of what is no directory, and of what can only be opened by its kind."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _Level(NamedTuple):
    """A directory that is being copied."""

    source: int
    target: int
    status: os.stat_result
    waiting: list[str]
    """The directories in it that are still to be copied."""
    path: bytes
    """Seen from the root of the copy."""


class TreeCopy:
    """One copy of one tree.

    Args:
        source: A descriptor of its root.
        target: A descriptor of the root of the copy: an empty directory.
        count: Told of bytes as they are done.
        left_out: Directories that are not entered, by device and inode.
        dresses_root: Whether the root of the copy gets the attributes of the original's.
        keeps_holes: Whether files have holes where the originals have.
    """

    def __init__(
        self,
        source: int,
        target: int,
        count: Callable[[int], None],
        left_out: frozenset[tuple[int, int]] = frozenset(),
        *,
        dresses_root: bool = True,
        keeps_holes: bool = True,
    ) -> None:
        self._copier = Copier(count, keeps_holes=keeps_holes)
        self._dresses_root = dresses_root
        self._source = source
        self._target = target
        self._left_out = left_out | {_identity(os.fstat(target))}
        self._mount = calls.status("", source).mount
        self._links: dict[tuple[int, int], bytes] = {}

    def run(self) -> None:
        """Copy all of it, and the attributes of the root if that is wished.

        Raises:
            OSError: It cannot be read or written. What vanishes meanwhile is left out, and what something
                of another kind comes in the place of.
        """
        if self._dresses_root:
            filecopy.drop_inherited_lists(self._target)  # else all that is made in it would have them too
        levels = [_Level(os.dup(self._source), os.dup(self._target), os.fstat(self._source), [], b"")]
        try:
            self._fill(levels[0])
            while levels:
                level = levels[-1]
                if level.waiting:
                    below = self._enter(level, level.waiting.pop())
                    if below is not None:
                        levels.append(below)
                        self._fill(below)
                else:
                    if level.path or self._dresses_root:
                        _dress(level.source, level.target, level.status)
                    _close(levels.pop())
        finally:
            for level in levels:
                _close(level)

    def _fill(self, level: _Level) -> None:
        """Copy the files of a directory, and list the directories in it."""
        with os.scandir(level.source) as entries:
            listed = list(entries)
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                level.waiting.append(entry.name)
                continue
            try:
                if entry.is_file(follow_symlinks=False):
                    self._file(level, entry.name)
                else:
                    self._node(level, entry.name)
            except FileNotFoundError:
                continue  # it vanished meanwhile

    def _enter(self, level: _Level, name: str) -> _Level | None:
        """Make the copy of a directory, still empty; `None` for one that is left out."""
        try:
            source, status = _opened(level, name, _FOLDER, stat.S_IFDIR)
        except FileNotFoundError:
            return None
        try:
            os.mkdir(name, 0o700, dir_fd=level.target)
            target = os.open(name, _FOLDER, dir_fd=level.target)
        except BaseException:
            os.close(source)
            raise
        below = _Level(source, target, status, [], level.path + os.fsencode(name) + b"/")
        if calls.status("", source).mount != self._mount or _identity(status) in self._left_out:
            _dress(source, target, status)
            _close(below)
            return None
        return below

    def _node(self, level: _Level, name: str) -> None:
        """Copy what is neither a directory nor a regular file."""
        status = os.stat(name, dir_fd=level.source, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
            return  # it was replaced
        if self._is_linked(level, name, status):
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(_destination(level, name), name, dir_fd=level.target)
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=level.target)
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=level.target)
        _dress_node(level, name, status)
        self._remember(level, name, status)

    def _is_linked(self, level: _Level, name: str, status: os.stat_result) -> bool:
        """Link to the copy that was made of the same file before; False where there is none."""
        before = self._links.get(_identity(status)) if status.st_nlink > 1 else None
        if before is None:
            return False
        try:
            os.link(before, name, src_dir_fd=self._target, dst_dir_fd=level.target, follow_symlinks=False)
        except OSError:
            return False  # it is too deep for a path, or has too many links: a copy of its own then
        return True

    def _remember(self, level: _Level, name: str, status: os.stat_result) -> None:
        """Take note of a copy that others of the original's names are to be linked to."""
        if status.st_nlink > 1:
            self._links[_identity(status)] = level.path + os.fsencode(name)

    def _file(self, level: _Level, name: str) -> None:
        """Copy a regular file."""
        source, status = _opened(level, name, _FILE, stat.S_IFREG)
        try:
            if self._is_linked(level, name, status):
                return
            target = os.open(name, _NEW, 0o600, dir_fd=level.target)
            try:
                if status.st_size:
                    self._copier.copy(source, target, status)
                _dress(source, target, status)
            finally:
                os.close(target)
        finally:
            os.close(source)
        self._remember(level, name, status)


def _opened(level: _Level, name: str, flags: int, kind: int) -> tuple[int, os.stat_result]:
    """Open what was found in a directory, and see that it is of its kind still.

    A machine may run from the tree, and put anything in its place: a device with no end, say.

    Raises:
        FileNotFoundError: It is gone, or something of another kind is there.
    """
    try:
        fd = os.open(name, flags, dir_fd=level.source)
    except OSError as error:
        if error.errno in _REPLACED:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        raise
    status = os.fstat(fd)
    if stat.S_IFMT(status.st_mode) != kind:
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return fd, status


def _destination(level: _Level, name: str) -> str:
    """Where a link leads to.

    Raises:
        FileNotFoundError: It is gone, or no link any more.
    """
    try:
        return os.readlink(name, dir_fd=level.source)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        raise


def _dress(source: int, target: int, status: os.stat_result) -> None:
    """Give a file the owner, mode, attributes and times of its original."""
    os.fchown(target, status.st_uid, status.st_gid)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    filecopy.copy_attributes(source, target)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _dress_node(level: _Level, name: str, status: os.stat_result) -> None:
    """The same for what cannot be opened. Of links and nodes only few file systems keep attributes."""
    os.chown(name, status.st_uid, status.st_gid, dir_fd=level.target, follow_symlinks=False)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=level.target, follow_symlinks=False)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _close(level: _Level) -> None:
    with contextlib.suppress(OSError):
        os.close(level.source)
    os.close(level.target)
