"""Erases trees: directories with all in them, and subvolumes with all below them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from machined.host.linux.storage import attributes, btrfs, calls, quota
from machined.host.linux.storage.beneath import opened_beneath

DEEPEST = 200
"""Levels that are open at once. What is deeper is brought up first, so that depth costs nothing."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_HOLDING = attributes.IMMUTABLE | attributes.APPEND


@dataclass(slots=True)
class _Level:
    """A directory that is being emptied."""

    fd: int
    name: str
    waiting: list[str] = field(default_factory=list)
    """The directories in it that are still to be erased."""


def weigh(path: str) -> int:
    """The bytes that a tree takes, about: not those in nested subvolumes, or that others link to."""
    total = 0
    waiting = [path]
    while waiting:
        # What goes while we look weighs nothing
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += _weight(entry.stat(follow_symlinks=False))
    return total


def erase(folder: int, name: str, count: Callable[[int], None], *, lifts_marks: bool = True) -> None:
    """Erase a directory or subvolume in a folder with all that is in it.

    Marks that keep files from being removed are taken off, unless that is not wished. What is mounted in it
    is never entered.

    Args:
        folder: The folder.
        name: What to erase in it; fine where it is gone.
        count: Told of bytes as they become free.
        lifts_marks: Whether marks are taken off; else what has one stays, as do directories above it.

    Raises:
        OSError: EBUSY, something is mounted in it; or it cannot be removed.
    """
    try:
        fd = os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return
    if btrfs.is_subvolume(fd):
        os.close(fd)
        erase_subvolume(folder, name)
        return
    levels = [_Level(fd, name)]
    home = calls.status("", fd)
    kept: list[OSError] | None = None if lifts_marks else []
    try:
        _empty(levels[0], count, kept)
        while levels:
            _step(levels, home, folder, count, kept)
    finally:
        for level in levels:
            os.close(level.fd)
    if kept:
        raise kept[0]


def is_erased_at_once(root: int, path: str) -> bool:
    """Erase a subvolume with its quota groups if there is no other in it; else nothing is done.

    Args:
        root: A descriptor of it.
        path: Where it is.

    Raises:
        OSError: It cannot be removed.
    """
    if not btrfs.is_subvolume(root):
        return False
    id = btrfs.subvolume_of(root)
    if btrfs.nested(root, id):
        return False
    above, _, name = path.rpartition("/")
    folder = os.open(above, _FOLDER)
    try:
        btrfs.destroy(folder, name)
        quota.forget(folder, id)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return False  # one was made in it meanwhile
    finally:
        os.close(folder)
    return True


def erase_subvolume(folder: int, name: str) -> None:
    """Erase a subvolume with all below it, and their quota groups.

    Raises:
        OSError: EBUSY, something was moved meanwhile; or it cannot be removed.
    """
    fd = os.open(name, _FOLDER, dir_fd=folder)
    try:
        id = btrfs.subvolume_of(fd)
        nested = btrfs.nested(fd, id)
        if nested:
            btrfs.set_read_only(fd, False)
        for inner in nested:
            path, _, last = inner.path.rpartition("/")
            with opened_beneath(fd, path) as around:
                erase_subvolume(around, last)
    finally:
        os.close(fd)
    btrfs.destroy(folder, name)
    quota.forget(folder, id)


def _step(
    levels: list[_Level],
    home: calls.Status,
    folder: int,
    count: Callable[[int], None],
    kept: list[OSError] | None,
) -> None:
    """Go one directory down, or up from one that is empty."""
    level = levels[-1]
    if not level.waiting:
        around = levels[-2].fd if len(levels) > 1 else folder
        _removed(os.rmdir, level.name, around, kept)
        os.close(levels.pop().fd)
        return
    name = level.waiting.pop()
    try:
        fd = os.open(name, _FOLDER, dir_fd=level.fd)
    except FileNotFoundError:
        return
    here = calls.status("", fd)
    if here.mount != home.mount or here.device != home.device:
        os.close(fd)
        if here.mount != home.mount:
            raise OSError(errno.EBUSY, "Something is mounted in it")
        erase_subvolume(level.fd, name)
    elif len(levels) >= DEEPEST:
        os.close(fd)
        # Only directories are left in the outermost one, and those it waits for are at the end of the work
        new = f".deep-{fd}-{len(levels[0].waiting)}-{os.urandom(4).hex()}"
        os.rename(name, new, src_dir_fd=level.fd, dst_dir_fd=levels[0].fd)
        levels[0].waiting.append(new)
    else:
        levels.append(_Level(fd, name))
        _empty(levels[-1], count, kept)


def _empty(level: _Level, count: Callable[[int], None], kept: list[OSError] | None) -> None:
    """Remove all files of a directory, and list the directories in it."""
    with os.scandir(level.fd) as entries:
        listed = list(entries)
    for entry in listed:
        if entry.is_dir(follow_symlinks=False):
            level.waiting.append(entry.name)
            continue
        try:
            weight = _weight(os.stat(entry.name, dir_fd=level.fd, follow_symlinks=False))
            if not _removed(os.unlink, entry.name, level.fd, kept):
                continue
        except FileNotFoundError:
            continue  # somebody else removed it
        count(weight)


def _removed(remove: Callable[..., None], name: str, folder: int, kept: list[OSError] | None) -> bool:
    """Remove a file or an empty directory, or take note that it stays if marks are not to be taken off."""
    try:
        remove(name, dir_fd=folder)
    except OSError as error:
        is_marked = isinstance(error, PermissionError)
        if kept is None and is_marked:
            _free(folder, name)
            remove(name, dir_fd=folder)
            return True
        if kept is None or not (is_marked or (kept and error.errno == errno.ENOTEMPTY)):
            raise
        kept.append(error)
        return False
    return True


def _free(folder: int, name: str) -> None:
    """Take off the marks that keep something in a directory."""
    if attributes.flags(folder) & _HOLDING:
        attributes.set_flags(folder, _HOLDING, 0)
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            if attributes.flags(fd) & _HOLDING:
                attributes.set_flags(fd, _HOLDING, 0)
        finally:
            os.close(fd)


def _weight(status: os.stat_result) -> int:
    """The bytes that become free with a file."""
    return status.st_blocks * 512 if status.st_nlink == 1 else 0
