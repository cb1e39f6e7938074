"""Loop devices over parts of disk images (loop(4), linux/loop.h). They need no udev: we find the parts."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from machined.host.linux.storage.partitions import Part

_GET_FREE = 0x4C82
_CONFIGURE = 0x4C0A
_READ_ONLY = 1
_AUTOCLEAR = 4
_CONFIG = struct.Struct("=II 24xQQ 4x4x4xI 176x 64x")
"""`struct loop_config`: the file, the size of a block; offset, length, flags of its `struct loop_info64`."""
_TRIES = 100
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


@contextmanager
def looped(fd: int, part: Part) -> Iterator[str]:
    """Have a read-only block device of a part of a file; gives its path. It goes when nobody has it open.

    Raises:
        OSError: There are no loop devices, or none is free.
    """
    device = _attach(fd, part)
    try:
        yield f"/proc/self/fd/{device}"
    finally:
        os.close(device)


def _attach(fd: int, part: Part) -> int:
    """Find a free device and attach the part to it."""
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        for attempt in range(_TRIES):
            number = fcntl.ioctl(control, _GET_FREE)
            device = _open(number)
            try:
                config = _CONFIG.pack(fd, 0, part.start, part.size, _READ_ONLY | _AUTOCLEAR)
                fcntl.ioctl(device, _CONFIGURE, bytearray(config), True)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY or attempt == _TRIES - 1:
                    raise
            except BaseException:
                os.close(device)
                raise
            else:
                return device
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _open(number: int) -> int:
    """Open a loop device, also where nobody has made its node."""
    path = f"/dev/loop{number}"
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError:
        # What devtmpfs or udev would do
        try:
            os.mknod(path, stat.S_IFBLK | 0o660, os.makedev(7, number))
        except FileExistsError:
            return os.open(path, _FLAGS)  # they did
    return os.open(path, _FLAGS)
