"""Snapshots of subvolumes, and of those below them."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack

from machined.host.linux.storage import btrfs, quota
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Report

ELSEWHERE = {errno.EXDEV, errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL}
"""Why there can be no snapshot, or no subvolume at all: it would be on another file system."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def is_possible_at_once(path: str) -> bool:
    """Whether one call of the kernel makes all of a copy: none is below it, no quota groups are to be made.

    Raises:
        OSError: It cannot be told.
    """
    with opened(path) as root:
        if not btrfs.is_subvolume(root):
            return False
        return not quota.is_on(root) and not btrfs.nested(root, btrfs.subvolume_of(root))


def is_taken_at_once(path: str, folder: int, name: str, is_read_only: bool, report: Report) -> bool:
    """Make a snapshot that has its own name from the beginning, as it is whole then.

    Args:
        path: The subvolume.
        folder: Where the snapshot is made.
        name: What it is called.
        is_read_only: Whether it is.
        report: Tells whether it is still wanted.

    Returns:
        False where there can be none, for it would be on another file system.

    Raises:
        OSError: EEXIST, something has the name; ECANCELED, nobody wants it any more; or it cannot be made.
    """
    with opened(path) as root:
        if not is_taken(root, folder, name, is_read_only=is_read_only):
            return False
    try:
        report.check()
    except OSError:
        btrfs.destroy(folder, name)
        raise
    return True


def is_taken(source: int, folder: int, name: str, *, is_read_only: bool = False) -> bool:
    """Make a snapshot; False where there can be none, for it would be on another file system."""
    try:
        btrfs.snapshot(source, folder, name, is_read_only=is_read_only)
    except OSError as error:
        if error.errno in ELSEWHERE:
            return False
        raise
    return True


def take_nested(source: int, target: int, keeps_times: bool) -> None:
    """Put snapshots of the subvolumes below one where a snapshot of it has empty directories for them."""
    for inner in btrfs.nested(source, btrfs.subvolume_of(source)):
        path, _, name = inner.path.rpartition("/")
        with ExitStack() as held:
            original = os.open(inner.path, _FOLDER, dir_fd=source)
            held.callback(os.close, original)
            around = os.open(path or ".", _FOLDER, dir_fd=target)
            held.callback(os.close, around)
            os.rmdir(name, dir_fd=around)
            btrfs.snapshot(original, around, name)
            copy = os.open(name, _FOLDER, dir_fd=around)
            held.callback(os.close, copy)
            take_nested(original, copy, keeps_times)
            if keeps_times:
                before = os.stat(path or ".", dir_fd=source)
                os.utime(around, ns=(before.st_atime_ns, before.st_mtime_ns))


def seal(root: int) -> None:
    """Mark a subvolume and all below it read-only."""
    for inner in btrfs.nested(root, btrfs.subvolume_of(root)):
        fd = os.open(inner.path, _FOLDER, dir_fd=root)
        try:
            seal(fd)
        finally:
            os.close(fd)
    btrfs.set_read_only(root, True)
