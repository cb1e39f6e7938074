"""What statx(2) tells of files, which Python 3.11 has no function for."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import NamedTuple

from machined.host.linux.helper.kernel import AT_EMPTY_PATH, AT_FDCWD, checked, libc

AT_NO_AUTOMOUNT = 0x800
AT_SYMLINK_NOFOLLOW = 0x100
ATTR_IMMUTABLE = 0x10
"""STATX_ATTR_IMMUTABLE."""
ATTR_ENCRYPTED = 0x800
"""STATX_ATTR_ENCRYPTED."""

_WANTED = 0x7FF | 0x800 | 0x1000 | 0x8000
"""STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_SUBVOL."""
_HAS_BTIME = 0x800
_HAS_SUBVOLUME = 0x8000
_STATX = struct.Struct("=IIQIIIHxxQQQQ16xqIxxxxqIxxxxqIxxxxIIIIQ8xQ")
"""The beginning of `struct statx` (linux/stat.h), without the time of access."""

_NEVER = 2**64 - 1
"""USEC_INFINITY: how systemd tells a time that cannot be told."""

libc.statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p)


class Status(NamedTuple):
    """What statx(2) tells of a file. Times are nanoseconds since the epoch."""

    mode: int
    inode: int
    device: int
    special: int
    """The device that a device node stands for."""
    links: int
    owner: tuple[int, int]
    size: int
    blocks: int
    """512 bytes each."""
    attributes: int
    known_attributes: int
    born: int
    """0 where the file system does not keep it."""
    changed: int
    modified: int
    mount: int
    subvolume: int
    """The subvolume that it is in, on btrfs since Linux 6.10; else 0."""


def status(path: str | bytes, folder: int = AT_FDCWD, *, follows: bool = True) -> Status:
    """What a file is (statx(2)).

    Args:
        path: The file; of `folder` itself where it is empty.
        folder: A descriptor that relative paths begin at.
        follows: Whether a symbolic link stands for what it leads to.

    Raises:
        OSError: It cannot be told.
    """
    buffer = ctypes.create_string_buffer(256)
    flags = AT_NO_AUTOMOUNT | (0 if path else AT_EMPTY_PATH) | (0 if follows else AT_SYMLINK_NOFOLLOW)
    checked(libc.statx(folder, os.fsencode(path), flags, _WANTED, buffer))
    (
        mask, _block_size, attributes, links, uid, gid, mode, inode, size, blocks, known,
        born, born_ns, changed, changed_ns, modified, modified_ns,
        major, minor, device_major, device_minor, mount, subvolume,
    ) = _STATX.unpack_from(buffer)  # fmt: skip
    return Status(
        mode,
        inode,
        os.makedev(device_major, device_minor),
        os.makedev(major, minor),
        links,
        (uid, gid),
        size,
        blocks,
        attributes,
        known,
        born * 10**9 + born_ns if mask & _HAS_BTIME else 0,
        changed * 10**9 + changed_ns,
        modified * 10**9 + modified_ns,
        mount,
        subvolume if mask & _HAS_SUBVOLUME else 0,
    )


def microseconds(nanoseconds: int) -> int:
    """A time in microseconds since the epoch, as D-Bus carries it; 2^64-1 for one that has no such number.

    A file is as old as its owner says, older than the epoch too; timespec_load() of systemd tells the same.
    """
    found = nanoseconds // 1000
    return found if 0 <= found < _NEVER else _NEVER
