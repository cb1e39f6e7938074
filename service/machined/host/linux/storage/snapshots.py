"""Snapshots of subvolumes, and of those below them."""

from __future__ import annotations

import errno
import os

from machined.host.linux.storage import btrfs, quota
from machined.host.linux.storage.beneath import CHANGED, opened_beneath
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Report

ELSEWHERE = {errno.EXDEV, errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL}
"""Why there can be no snapshot, or no subvolume at all: it would be on another file system."""


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
        if btrfs.file_system(root) != btrfs.file_system(folder):
            return False  # and who is to copy all of it asks when that is done
        report.check()
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
    """Put snapshots of the subvolumes below one where a snapshot of it has empty directories for them.

    The source may belong to a machine that runs, and the target is what the source was a moment ago: neither
    is believed to have folders where the kernel has just said that they are.

    Raises:
        OSError: EBUSY, something was moved meanwhile; or they cannot be made.
    """
    for inner in btrfs.nested(source, btrfs.subvolume_of(source)):
        path, _, name = inner.path.rpartition("/")
        with (
            opened_beneath(source, inner.path) as original,
            opened_beneath(source, path) as before,
            opened_beneath(target, path) as around,
        ):
            if btrfs.subvolume_of(original) != inner.id:
                raise OSError(errno.EBUSY, CHANGED)
            os.rmdir(name, dir_fd=around)
            btrfs.snapshot(original, around, name)
            with opened_beneath(around, name) as copy:
                take_nested(original, copy, keeps_times)
            if keeps_times:
                times = os.stat(before)
                os.utime(around, ns=(times.st_atime_ns, times.st_mtime_ns))


def seal(root: int) -> None:
    """Mark a subvolume and all below it read-only.

    Raises:
        OSError: EBUSY, something was moved meanwhile; or it cannot be.
    """
    for inner in btrfs.nested(root, btrfs.subvolume_of(root)):
        with opened_beneath(root, inner.path) as fd:
            seal(fd)
    btrfs.set_read_only(root, True)
