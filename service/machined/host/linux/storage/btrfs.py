"""Subvolumes of btrfs, by its ioctls (linux/btrfs.h, linux/btrfs_tree.h; btrfs-ioctl(2))."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from machined.host.linux.storage.calls import microseconds

FIRST_INODE = 256
"""The inode of the root of every subvolume (BTRFS_FIRST_FREE_OBJECTID)."""
ROOT_TREE = 1
QUOTA_TREE = 8
MOST = 2**64 - 1

ROOT_ITEM = 132
ROOT_BACKREF = 144
ROOT_REF = 156

_SUBVOL_CREATE = 0x5000940E
_SNAP_DESTROY = 0x5000940F
_TREE_SEARCH_V2 = 0xC0709411
_INO_LOOKUP = 0xD0009412
_SNAP_CREATE_V2 = 0x50009417
_SUBVOL_GETFLAGS = 0x80089419
_SUBVOL_SETFLAGS = 0x4008941A
_FS_INFO = 0x8400941F

_READ_ONLY = 2
"""BTRFS_SUBVOL_RDONLY."""
_VOLUME = struct.Struct("=q4088s")
_VOLUME2 = struct.Struct("=qQQ32s4040s")
_SEARCH = struct.Struct("=7Q4I4Q")
"""`struct btrfs_ioctl_search_key`; the size of the buffer follows it, then the buffer."""
_HEADER = struct.Struct("=QQQII")
_ROOM = 1 << 17
"""Bytes for what is found at once."""
_LARGEST_NODE = 1 << 16
"""Bytes of the largest node that a tree can have: no item is larger (BTRFS_MAX_METADATA_BLOCKSIZE)."""
_NOT_BTRFS = {errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP}


class Key(NamedTuple):
    """Where an item is in a tree."""

    id: int
    type: int
    offset: int


class Root(NamedTuple):
    """What the tree of roots tells of a subvolume."""

    is_read_only: bool
    created: int
    """As `microseconds` tells it; 0 where unknown."""


def subvolume_of(fd: int) -> int:
    """The id of the subvolume that a file is in.

    Raises:
        OSError: ENOTTY, it is not on btrfs.
    """
    buffer = bytearray(struct.pack("=QQ4080x", 0, FIRST_INODE))
    fcntl.ioctl(fd, _INO_LOOKUP, buffer, True)
    found: int = struct.unpack_from("=Q", buffer)[0]
    return found


def is_subvolume(fd: int) -> bool:
    """Whether a directory is the root of a subvolume of btrfs."""
    if os.fstat(fd).st_ino != FIRST_INODE:
        return False
    try:
        fcntl.ioctl(fd, _SUBVOL_GETFLAGS, bytearray(8), True)
    except OSError as error:
        if error.errno in _NOT_BTRFS:
            return False
        raise
    return True


def file_system(fd: int) -> bytes | None:
    """The id of the btrfs that a file is on; `None` where it is on another file system."""
    buffer = bytearray(1024)
    try:
        fcntl.ioctl(fd, _FS_INFO, buffer, True)
    except OSError as error:
        if error.errno in _NOT_BTRFS:
            return None
        raise
    return bytes(buffer[16:32])


def is_read_only(fd: int) -> bool:
    """Whether a subvolume is marked read-only."""
    buffer = bytearray(8)
    fcntl.ioctl(fd, _SUBVOL_GETFLAGS, buffer, True)
    return bool(struct.unpack("=Q", buffer)[0] & _READ_ONLY)


def set_read_only(fd: int, is_read_only: bool) -> None:
    """Mark a subvolume read-only, or no longer so."""
    buffer = bytearray(8)
    fcntl.ioctl(fd, _SUBVOL_GETFLAGS, buffer, True)
    flags = struct.unpack("=Q", buffer)[0]
    wanted = flags | _READ_ONLY if is_read_only else flags & ~_READ_ONLY
    if wanted != flags:
        fcntl.ioctl(fd, _SUBVOL_SETFLAGS, bytearray(struct.pack("=Q", wanted)), True)


def create(folder: int, name: str) -> None:
    """Make a subvolume in a folder.

    Raises:
        OSError: ENOTTY, the folder is not on btrfs; or it cannot be made.
    """
    fcntl.ioctl(folder, _SUBVOL_CREATE, bytearray(_VOLUME.pack(0, _name(name, 4088))), True)


def snapshot(source: int, folder: int, name: str, *, is_read_only: bool = False) -> None:
    """Make a snapshot of a subvolume in a folder of the same file system.

    Raises:
        OSError: EXDEV, it is another one; ENOTTY, the folder is not on btrfs; or it cannot be made.
    """
    flags = _READ_ONLY if is_read_only else 0
    packed = _VOLUME2.pack(source, 0, flags, b"", _name(name, 4040))
    fcntl.ioctl(folder, _SNAP_CREATE_V2, bytearray(packed), True)


def destroy(folder: int, name: str) -> None:
    """Remove a subvolume that has no other in it.

    Raises:
        OSError: ENOTEMPTY, it has; or it cannot be removed.
    """
    fcntl.ioctl(folder, _SNAP_DESTROY, bytearray(_VOLUME.pack(0, _name(name, 4088))), True)


def search(fd: int, tree: int, low: Key, high: Key, *, kind: int = 0) -> Iterator[tuple[Key, bytes]]:
    """The items of a tree between two keys, in order: those of one type, or of all.

    Raises:
        OSError: EPERM without CAP_SYS_ADMIN; ENOENT, there is no such tree.
    """
    at = low
    while True:
        key = _SEARCH.pack(
            tree, at.id, high.id, at.offset, high.offset, 0, MOST, at.type, high.type, 2**32 - 1, *[0] * 5
        )
        buffer = bytearray(_SEARCH.size + 8 + _ROOM)
        buffer[: _SEARCH.size + 8] = key + struct.pack("=Q", _ROOM)
        fcntl.ioctl(fd, _TREE_SEARCH_V2, buffer, True)
        count = struct.unpack_from("=I", buffer, 64)[0]
        if not count:
            return
        start = _SEARCH.size + 8
        for _ in range(count):
            _transaction, id, offset, type, length = _HEADER.unpack_from(buffer, start)
            start += _HEADER.size
            if not kind or type == kind:
                yield Key(id, type, offset), bytes(buffer[start : start + length])
            start += length
        following = _after(Key(id, type, offset))
        has_all = len(buffer) - start > _LARGEST_NODE + _HEADER.size  # one more had fit
        if has_all or following is None or following > high:
            return
        at = following


def roots(fd: int, low: int, high: int) -> dict[int, Root]:
    """What is known of the subvolumes with ids between two numbers."""
    found = {}
    first, last = Key(low, ROOT_ITEM, 0), Key(high, ROOT_ITEM, MOST)
    for key, item in search(fd, ROOT_TREE, first, last, kind=ROOT_ITEM):
        if len(item) >= 351:
            flags = struct.unpack_from("=Q", item, 208)[0]
            seconds, nanoseconds = struct.unpack_from("=QI", item, 339)
            found[key.id] = Root(bool(flags & 1), microseconds(seconds * 10**9 + nanoseconds))
    return found


class Nested(NamedTuple):
    """A subvolume right below another."""

    id: int
    path: str
    """Seen from the root of the other."""


def nested(fd: int, id: int) -> list[Nested]:
    """The subvolumes that are right below the subvolume `id`, whose root `fd` is."""
    found = []
    for key, item in search(fd, ROOT_TREE, Key(id, ROOT_REF, 0), Key(id, ROOT_REF, MOST)):
        folder, _sequence, length = struct.unpack_from("=QQH", item)
        name = os.fsdecode(item[18 : 18 + length])
        found.append(Nested(key.offset, _folder_path(fd, id, folder) + name))
    return found


def parent_of(fd: int, id: int) -> int | None:
    """The subvolume that the subvolume `id` is in; `None` for the outermost."""
    for key, _item in search(fd, ROOT_TREE, Key(id, ROOT_BACKREF, 0), Key(id, ROOT_BACKREF, MOST)):
        if key.type == ROOT_BACKREF:
            return key.offset
    return None


def _folder_path(fd: int, id: int, inode: int) -> str:
    """The path of a directory seen from the root of its subvolume; ends with a slash, or is empty."""
    buffer = bytearray(struct.pack("=QQ4080x", id, inode))
    fcntl.ioctl(fd, _INO_LOOKUP, buffer, True)
    return os.fsdecode(bytes(buffer[16:]).split(b"\0", 1)[0])


def _after(key: Key) -> Key | None:
    """The next key there can be."""
    if key.offset < MOST:
        return key._replace(offset=key.offset + 1)
    if key.type < 255:
        return Key(key.id, key.type + 1, 0)
    return Key(key.id + 1, 0, 0) if key.id < MOST else None


def _name(name: str, room: int) -> bytes:
    encoded = os.fsencode(name)
    if len(encoded) >= room:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return encoded
