"""Copies a tree by descriptors and single names, following no link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from machined.host.linux.helper import kernel
from machined.host.linux.helper.contents import copy_contents
from machined.host.linux.helper.made import hidden_name, named, nameless, open_made
from machined.host.linux.helper.manner import Manner
from machined.host.linux.helper.targets import reopen

MOST_DEPTH = 2048
"""How many folders deep a tree may be, as systemd has it."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESRCH}
"""After these the next file would fare no better: ESRCH says that the machine has ended."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Key = tuple[int, int]


class TreeCopy:
    """One copy of a file or a tree.

    A folder that exists is filled up and stays as it is itself. What else exists is left alone below the
    top, and an error at the top, unless it is to be replaced.

    Args:
        replaces: Whether files that exist are replaced.
        owner: User and group of all that is made; `None` keeps each file's.
        advance: Told of each file, and of bytes as they are copied.
        manner: How it is made.
        is_inside: Whether the copy is made in a machine.
    """

    def __init__(
        self,
        replaces: bool,
        owner: int | None,
        advance: Callable[[int], None],
        manner: Manner,
        *,
        is_inside: bool = True,
    ) -> None:
        self._manner = manner
        self._ending = _FULL if manner.stops_when_full else {errno.ESRCH}
        self._replaces = replaces
        self._owner = owner
        self._dropped = stat.S_ISUID | stat.S_ISGID if owner is not None and manner.drops_rights else 0
        self._advance = advance
        self._is_inside = is_inside
        self._links: dict[Key, tuple[int, int]] = {}
        self._top: Key | None = None

    def copy(self, source: int, name: bytes, target: int, new_name: bytes) -> None:
        """Copy `name` of the folder `source` to `new_name` of the folder `target`.

        Raises:
            OSError: EEXIST, there is something that is not to be replaced; else the first thing that went
                wrong: what could be copied has been, unless the disk is full.
        """
        try:
            self._one(source, name, target, new_name, 0)
        finally:
            for fd, _ in self._links.values():
                os.close(fd)
            self._links.clear()

    def _one(self, source: int, name: bytes, target: int, new_name: bytes, depth: int) -> None:
        found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
        try:
            status = os.fstat(found)
            if stat.S_ISDIR(status.st_mode):
                self._folder(found, status, target, new_name, depth)
                return
            self._advance(0)
            if self._linked(status, target, new_name):
                return
            if stat.S_ISREG(status.st_mode):
                made = self._file(found, status, target, new_name)
            else:
                made = self._special(found, status, target, new_name)
            self._remember(status, made)
        finally:
            os.close(found)

    def _folder(self, found: int, status: os.stat_result, target: int, name: bytes, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        if (status.st_dev, status.st_ino) == self._top:
            return  # the copy itself, which lies within what is copied
        from_fd = reopen(found, os.O_RDONLY | os.O_DIRECTORY)
        try:
            is_new = _made_folder(target, name)
            if not is_new and depth and not _is_folder(target, name):
                return  # merged: what is there stays
            to_fd = self._opened(target, name, is_new)
            try:
                if self._top is None:
                    made = os.fstat(to_fd)
                    self._top = (made.st_dev, made.st_ino)
                self._entries(from_fd, to_fd, depth)
                if is_new:
                    self._finish(from_fd, to_fd, status)
            finally:
                os.close(to_fd)
        finally:
            os.close(from_fd)

    def _opened(self, target: int, name: bytes, is_new: bool) -> int:
        if is_new:
            return open_made(target, name, stat.S_IFDIR, flags=_FOLDER, is_inside=self._is_inside)
        return os.open(name, _FOLDER, dir_fd=target)  # merged: it may well be a mount

    def _entries(self, source: int, target: int, depth: int) -> None:
        told: OSError | None = None
        for entry in os.listdir(source):
            name = os.fsencode(entry)
            try:
                self._one(source, name, target, name, depth + 1)
            except FileExistsError:
                continue  # merged: what is there stays
            except OSError as error:
                if error.errno in self._ending:
                    raise
                told = (told or error) if self._manner.stops_when_full else error
        if told is not None:
            raise told

    def _file(self, found: int, status: os.stat_result, target: int, name: bytes) -> int:
        """Copy a regular file; it gets its name when it is whole. Returns a descriptor of it."""
        if not self._replaces and _exists(target, name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        source = reopen(found, os.O_RDONLY | os.O_NONBLOCK)
        try:
            is_hidden = self._manner.hides_unfinished or self._replaces
            made, hidden = nameless(target) if is_hidden else named(target, name)
            try:
                copy_contents(source, made, self._advance, keeps_holes=self._manner.keeps_holes)
                self._finish(source, made, status)
                if hidden != name:
                    self._name(made, hidden, target, name)
                return reopen(made, os.O_PATH)
            except BaseException:
                if hidden:
                    _remove(target, hidden)
                raise
            finally:
                os.close(made)
        finally:
            os.close(source)

    def _name(self, made: int, hidden: bytes, target: int, name: bytes) -> None:
        """Give a file its name, never in place of another that is not to be replaced."""
        if not hidden and not self._replaces:
            _link(made, target, name)
            return
        if not hidden:
            hidden = hidden_name()
            _link(made, target, hidden)
        try:
            self._rename(hidden, target, name)
        except BaseException:
            _remove(target, hidden)
            raise

    def _rename(self, hidden: bytes, target: int, name: bytes) -> None:
        """Give a finished file its name.

        Raises:
            FileExistsError: Something has the name and is not to be replaced, as no folder is.
        """
        if not self._replaces:
            kernel.rename_new(hidden, name, target, target)
            return
        try:
            os.rename(hidden, name, src_dir_fd=target, dst_dir_fd=target)
        except IsADirectoryError:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None

    def _special(self, found: int, status: os.stat_result, target: int, name: bytes) -> int:
        """Make a link, fifo, socket or device like another. Returns a descriptor of it."""
        if not self._replaces and _exists(target, name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        made_as = hidden_name() if self._replaces else name
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(b"", dir_fd=found), made_as, dir_fd=target)
        else:
            os.mknod(made_as, status.st_mode & ~self._dropped, status.st_rdev, dir_fd=target)
        made = -1
        try:
            made = open_made(target, made_as, stat.S_IFMT(status.st_mode), is_inside=self._is_inside)
            kernel.change_owner(made, *self._owners(status))
            os.utime(f"/proc/self/fd/{made}", ns=(status.st_atime_ns, status.st_mtime_ns))
            if made_as != name:
                self._rename(made_as, target, name)
        except BaseException:
            if made >= 0:
                os.close(made)
            _remove(target, made_as)
            raise
        return made

    def _linked(self, status: os.stat_result, target: int, name: bytes) -> bool:
        """Make a file that has been copied already another link of its copy; false where it has not been."""
        key = (status.st_dev, status.st_ino)
        if key not in self._links:
            return False
        made, left = self._links.pop(key)
        try:
            self._name(made, b"", target, name)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EMLINK}:
                raise
            return False
        finally:
            if left > 1:
                self._links[key] = (made, left - 1)
            else:
                os.close(made)
        return True

    def _remember(self, status: os.stat_result, made: int) -> None:
        """Keep a copy at hand as long as more links of the file may come."""
        if status.st_nlink > 1:
            key = (status.st_dev, status.st_ino)
            old = self._links.pop(key, None)
            self._links[key] = (made, old[1] if old else status.st_nlink - 1)
            made = old[0] if old else -1
        if made >= 0:
            os.close(made)

    def _owners(self, status: os.stat_result) -> tuple[int, int]:
        return (status.st_uid, status.st_gid) if self._owner is None else (self._owner, self._owner)

    def _finish(self, source: int, made: int, status: os.stat_result) -> None:
        """Give a file or folder the owner, mode, attributes and times; in this order, each undoes another."""
        os.fchown(made, *self._owners(status))
        os.fchmod(made, stat.S_IMODE(status.st_mode) & ~self._dropped)
        _copy_attributes(source, made)
        os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_attributes(source: int, made: int) -> None:
    """Copy what users attached to a file (xattr(7)), where both file systems have that."""
    try:
        for name in os.listxattr(source):
            if name.startswith("user."):
                os.setxattr(made, name, os.getxattr(source, name))
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.ENODATA}:
            raise


def _made_folder(parent: int, name: bytes) -> bool:
    """Make a folder; false where there is something already."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def _exists(parent: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_folder(parent: int, name: bytes) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _link(made: int, parent: int, name: bytes) -> None:
    os.link(f"/proc/self/fd/{made}", name, dst_dir_fd=parent, follow_symlinks=True)


def _remove(parent: int, name: bytes) -> None:
    """Remove what was not finished; if even that fails, the first error is the one to tell of."""
    try:
        os.unlink(name, dir_fd=parent)
    except OSError:
        return
