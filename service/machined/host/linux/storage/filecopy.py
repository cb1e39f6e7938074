"""Copies of files, one at a time: contents, attributes, owners and times."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable

_FICLONE = 0x40049409
_STEP = 16 * 1024**2
_CANNOT_SHARE = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM}
_CANNOT_RANGE = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EBADF}
_NOT_THERE = {errno.EOPNOTSUPP, errno.EPERM, errno.ENODATA, errno.EINVAL}


def _unwatched(_count: int) -> None:
    """Nobody counts."""


def share_contents(source: int, target: int) -> bool:
    """Let a file have what another has without a copy (ioctl_ficlone(2)); False where that cannot be."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT_SHARE:
            return False
        raise
    return True


def copy_contents(
    source: int, target: int, count: Callable[[int], None] = _unwatched, *, keeps_holes: bool = True
) -> None:
    """Copy what a file has to an empty one: shared where the file system can, else copied, holes as holes.

    Args:
        source: A descriptor to read.
        target: A descriptor to write.
        count: Told of bytes as they are done, without holes that are kept.
        keeps_holes: Whether what is not shared has holes where the original has; else these are filled.

    Raises:
        OSError: It cannot be read or written.
    """
    status = os.fstat(source)
    size = status.st_size
    if size and share_contents(source, target):
        count(status.st_blocks * 512)
        return
    at = 0
    while at < size:
        start, end = _stretch(source, at, size) if keeps_holes else (at, size)
        while start < end:
            done = _copy_range(source, target, start, min(end - start, _STEP))
            if not done:
                break  # it became shorter meanwhile
            start += done
            count(done)
        at = end
    if size:
        os.ftruncate(target, size)
    else:
        _copy_stream(source, target, count)


def copy_attributes(source: int, target: int) -> None:
    """Copy all extended attributes that the target can keep, access control lists and capabilities too."""
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return  # the file system has none
    for name in names:
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise


def _stretch(fd: int, at: int, size: int) -> tuple[int, int]:
    """Where the next data begin and end."""
    try:
        start = os.lseek(fd, at, os.SEEK_DATA)
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size  # nothing but a hole is left
        if error.errno == errno.EINVAL:
            return at, size  # the file system does not tell holes
        raise
    return start, end


def _copy_range(source: int, target: int, at: int, length: int) -> int:
    try:
        return os.copy_file_range(source, target, length, at, at)
    except OSError as error:
        if error.errno not in _CANNOT_RANGE:
            raise
    return os.pwrite(target, os.pread(source, min(length, 1024**2), at), at)


def _copy_stream(source: int, target: int, count: Callable[[int], None]) -> None:
    """Copy a file that says it is empty and may not be, as those of the kernel do."""
    while data := os.read(source, 1024**2):
        os.write(target, data)
        count(len(data))
