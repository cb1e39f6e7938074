"""Attributes of files: the immutable flag and the time of making."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from machined.host.linux.storage.calls import Status, microseconds

IMMUTABLE = 0x10
"""FS_IMMUTABLE_FL (ioctl_iflags(2)): nothing in a directory may change."""
APPEND = 0x20
"""FS_APPEND_FL: it may only grow."""
NO_COPY_ON_WRITE = 0x00800000
"""FS_NOCOW_FL: btrfs writes in place."""
CRTIME = "user.crtime_usec"
"""The extended attribute in which systemd keeps a time of making that no longer is that of the inode."""

_GETFLAGS = 0x80086601
_SETFLAGS = 0x40086602
_NO_FLAGS = {errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def flags(fd: int) -> int:
    """The flags of a file (ioctl_iflags(2)); 0 where its file system has none."""
    buffer = bytearray(8)
    try:
        fcntl.ioctl(fd, _GETFLAGS, buffer, True)
    except OSError as error:
        if error.errno in _NO_FLAGS:
            return 0
        raise
    found: int = struct.unpack("=I4x", buffer)[0]
    return found


def set_flags(fd: int, mask: int, wanted: int) -> bool:
    """Change the flags in `mask` to what `wanted` has of them.

    Returns:
        Whether that changed anything.

    Raises:
        OSError: EPERM, we may not; ENOTTY or EOPNOTSUPP, the file system has no flags.
    """
    buffer = bytearray(8)
    fcntl.ioctl(fd, _GETFLAGS, buffer, True)
    before: int = struct.unpack("=I4x", buffer)[0]
    after = before & ~mask | wanted & mask
    if after == before:
        return False
    fcntl.ioctl(fd, _SETFLAGS, bytearray(struct.pack("=I4x", after)), True)
    return True


def is_immutable(path: str) -> bool:
    """Whether a directory may not change."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return bool(flags(fd) & IMMUTABLE)
    finally:
        os.close(fd)


@contextmanager
def mutable(path: str) -> Iterator[None]:
    """Have a directory that is marked immutable be changed or renamed meanwhile; it is marked again after.

    What is no directory of its own, a link too, is left as it is.
    """
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        yield
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        was_immutable = bool(flags(fd) & IMMUTABLE) and set_flags(fd, IMMUTABLE, 0)
        try:
            yield
        finally:
            if was_immutable:
                set_flags(fd, IMMUTABLE, IMMUTABLE)
    finally:
        os.close(fd)


def birth(path: str | int, status: Status) -> int:
    """When a file was made, as `microseconds` tells it; 0 where unknown.

    The older of what the inode says and the extended attribute says.
    """
    times = [microseconds(status.born)] if status.born else []
    if stored := stored_birth(path):
        times.append(stored)
    return min(times, default=0)


def stored_birth(path: str | int) -> int:
    """What the extended attribute says of when a file was made; 0 where nothing."""
    try:
        raw = os.getxattr(path, CRTIME)
    except OSError:
        return 0  # none, or the file system has no attributes, or we may not read it
    stored = int.from_bytes(raw, "little") if len(raw) == 8 else 0
    return 0 if stored == 2**64 - 1 else stored


def store_birth(fd: int, microseconds: int) -> None:
    """Keep when a file was made, on file systems that can."""
    try:
        os.setxattr(fd, CRTIME, microseconds.to_bytes(8, "little"))
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EPERM, errno.ENOSPC}:
            raise


def forget_birth(fd: int) -> None:
    """Keep no time of making but that of the inode."""
    try:
        os.removexattr(fd, CRTIME)
    except OSError as error:
        if error.errno not in {errno.ENODATA, errno.EOPNOTSUPP, errno.EPERM}:
            raise
