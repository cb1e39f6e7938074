"""What can be told of an image from the outside: its type, whether it may be written, its times and sizes."""

from __future__ import annotations

import fcntl
import os
import stat
import struct

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import attributes, btrfs, quota
from machined.host.linux.storage.calls import ATTR_IMMUTABLE, Status, microseconds
from machined.host.storage import Image, ImageType

_BLKROGET = 0x125E
_BLKGETSIZE64 = 0x80081272
_WRITABLE = 0o222
_TYPES = {stat.S_IFDIR: ImageType.DIRECTORY, stat.S_IFREG: ImageType.RAW, stat.S_IFBLK: ImageType.BLOCK}


class Look:
    """One look at the disk, which reads what many images share only once.

    Args:
        is_at_all: Whether many images will be described: then all of a file system's subvolumes and quota
            groups are read at once, else only those of the one.
    """

    def __init__(self, *, is_at_all: bool) -> None:
        self._is_at_all = is_at_all
        self.sealed: dict[int, bool] = {}
        """Whether nobody may write to the file systems that were looked at, by mount."""
        self._roots: dict[int, dict[int, btrfs.Root]] = {}
        self._groups: dict[int, quota.Groups | None] = {}

    def describe(self, name: str, path: str, status: Status) -> Image | None:
        """The image of a file.

        Args:
            name: The image's name.
            path: Where the file is.
            status: What it is, links followed.

        Returns:
            `None` where it is nothing that can be an image.

        Raises:
            OSError: It cannot be told.
        """
        if stat.S_ISDIR(status.mode):
            return (
                self._subvolume(name, path, status) if status.inode == btrfs.FIRST_INODE else None
            ) or self._directory(name, path, status)
        if stat.S_ISREG(status.mode):
            return self._raw(name, path, status)
        return _block(name, path, status) if stat.S_ISBLK(status.mode) else None

    def _directory(self, name: str, path: str, status: Status) -> Image:
        if status.known_attributes & ATTR_IMMUTABLE:
            is_immutable = bool(status.attributes & ATTR_IMMUTABLE)
        else:
            is_immutable = attributes.is_immutable(path)
        is_read_only = is_immutable or self._is_sealed(path, status)
        return Image(name, path, ImageType.DIRECTORY, is_read_only, attributes.birth(path, status))

    def _raw(self, name: str, path: str, status: Status) -> Image:
        is_read_only = not status.mode & _WRITABLE or self._is_sealed(path, status)
        usage = status.blocks * 512
        return Image(
            name,
            path,
            ImageType.RAW,
            is_read_only,
            attributes.birth(path, status),
            microseconds(status.modified),
            usage,
            status.size,
            usage,
            status.size,
        )

    def _subvolume(self, name: str, path: str, status: Status) -> Image | None:
        """The image of a subvolume; `None` where it is none but has the number of one."""
        known = self._roots.get(status.mount)
        if known is not None and status.subvolume in known:
            return self._counted(name, path, status, status.subvolume)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not btrfs.is_subvolume(fd):
                return None
            id = status.subvolume or btrfs.subvolume_of(fd)
            try:
                if id not in self._roots.get(status.mount, {}):
                    self._read(fd, status.mount, id)
            except PermissionError:  # we are not root: what we may not read is unknown
                is_read_only = btrfs.is_read_only(fd) or self._is_sealed(path, status)
                return Image(name, path, ImageType.SUBVOLUME, is_read_only)
        finally:
            os.close(fd)
        return self._counted(name, path, status, id)

    def _read(self, fd: int, mount: int, id: int) -> None:
        """Read what is known of subvolumes: of this one, or of all."""
        low, high = (0, btrfs.MOST) if self._is_at_all else (id, id)
        found = btrfs.roots(fd, low, high)
        if not self._is_at_all and mount in self._roots:
            found |= self._roots[mount]
        self._roots[mount] = found
        if quota.is_scanning(fd):
            self._groups[mount] = None
        else:
            self._groups[mount] = quota.read(fd) if self._is_at_all else quota.read_one(fd, id)

    def _counted(self, name: str, path: str, status: Status, id: int) -> Image:
        root = self._roots[status.mount].get(id)
        is_read_only = (root is not None and root.is_read_only) or self._is_sealed(path, status)
        created = root.created if root else 0
        image = Image(name, path, ImageType.SUBVOLUME, is_read_only, created)
        groups = self._groups[status.mount]
        if groups is None:
            return image
        group = groups.subtree(id)
        usage = groups.usage.get(group, quota.Usage())
        limits = groups.limits.get(group, quota.Limits())
        return image._replace(
            usage=usage.referenced,
            limit=limits.referenced,
            usage_exclusive=usage.exclusive,
            limit_exclusive=limits.exclusive,
        )

    def _is_sealed(self, path: str, status: Status) -> bool:
        """Whether nobody may write there: it came with the system, or its file system is read-only."""
        if path.startswith("/usr/"):
            return True
        sealed = self.sealed.get(status.mount) if status.mount else None
        if sealed is None:
            sealed = self.sealed[status.mount] = is_sealed(path)
        return sealed


class Glance(Look):
    """A look that tells no more of an image than its type. A subvolume is a directory to it."""

    def __init__(self) -> None:
        super().__init__(is_at_all=False)

    def describe(self, name: str, path: str, status: Status) -> Image | None:
        """The image of a file; arguments and results as those of `Look.describe`."""
        type = _TYPES.get(stat.S_IFMT(status.mode))
        return None if type is None else Image(name, path, type)


def is_sealed(path: str) -> bool:
    """Whether the file system that a file is on is mounted read-only.

    Raises:
        OSError: It cannot be told.
    """
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _block(name: str, path: str, status: Status) -> Image:
    is_read_only = not status.mode & _WRITABLE or path.startswith("/usr/")
    size = UNKNOWN_SIZE
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        fd = -1  # a node without a device: all that is known is the node
    if fd >= 0:
        try:
            is_read_only = is_read_only or bool(_number(fd, _BLKROGET, "=i"))
            size = _number(fd, _BLKGETSIZE64, "=Q") or UNKNOWN_SIZE  # 0: there is no medium in it
        finally:
            os.close(fd)
    return Image(name, path, ImageType.BLOCK, is_read_only, 0, 0, size, size, size, size)


def _number(fd: int, request: int, form: str) -> int:
    buffer = bytearray(struct.calcsize(form))
    fcntl.ioctl(fd, request, buffer, True)
    number: int = struct.unpack(form, buffer)[0]
    return number
