"""Small changes to images: their name, and whether they may be written to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import struct

from machined.host.linux.helper.kernel import rename_new
from machined.host.linux.storage import attributes, btrfs, discovery, versions
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.setting import Setting
from machined.host.storage import Image, ImageType

_BLKROSET = 0x125D
_DEFRAGMENT = 0x50009402
"""BTRFS_IOC_DEFRAG (linux/btrfs.h)."""
_OWNER_WRITES = 0o200
_READ = 0o444


def rename(setting: Setting, image: Image, new_name: str) -> None:
    """Rename an image in its folder, then its side files.

    Raises:
        OSError: EBUSY, the image or the name is in use; EEXIST, the name is an image's, or something is where
            it would be; EROFS, it is a device in `/dev`; EOPNOTSUPP, it is one of several versions; EINVAL, a
            folder of that name would be no image.
    """
    folder = os.path.dirname(image.path)

    def work() -> None:
        with setting.locks.image(image.path), setting.locks.name(new_name):
            if discovery.find(setting.folders, new_name, setting.improvements):
                raise fault(errno.EEXIST)
            if image.path.startswith("/dev/"):
                raise fault(errno.EROFS)
            if setting.improvements.loses_no_images:
                if versions.is_one(image):
                    raise OSError(errno.EOPNOTSUPP, "Only the folder of all its versions has its name")
                refuse_folder_of_versions(image, new_name)
            new_path = f"{folder}/{new_name}{'.raw' if image.type is ImageType.RAW else ''}"
            with attributes.mutable(image.path):
                rename_new(image.path, new_path)
            setting.side_files.rename(image, new_name)

    setting.room.with_room([folder], work)


def set_read_only(setting: Setting, image: Image, is_read_only: bool) -> None:
    """Mark an image read-only, or no longer so: of a tree only the top directory.

    Unless `spares_raw_images`, a raw image is defragmented after, as systemd does: that takes long, and ends
    what it shares with others.

    Raises:
        OSError: EBUSY, it is in use; ENOTTY or EOPNOTSUPP, its file system has no such mark.
    """

    def work() -> None:
        with setting.locks.image(image.path):
            is_link = image.type is ImageType.DIRECTORY and os.path.islink(image.path)
            if is_link and not setting.improvements.marks_links:
                raise fault(errno.ELOOP)
            _mark(image, is_read_only)
            if image.type is ImageType.RAW and is_read_only and not setting.improvements.spares_raw_images:
                _defragment(image.path)

    setting.room.with_room([os.path.dirname(image.path)], work)


def refuse_folder_of_versions(image: Image, new_name: str) -> None:
    """Refuse a name by which a tree would be taken for a folder of versions, and be lost.

    Raises:
        OSError: EINVAL, it is such a name.
    """
    if image.type in {ImageType.DIRECTORY, ImageType.SUBVOLUME} and new_name.endswith(".v"):
        raise OSError(errno.EINVAL, "A folder whose name ends with .v has versions of an image in it")


def fault(number: int) -> OSError:
    """The error of a number."""
    return OSError(number, os.strerror(number))


def _mark(image: Image, is_read_only: bool) -> None:
    match image.type:
        case ImageType.SUBVOLUME:
            with opened(image.path) as fd:
                btrfs.set_read_only(fd, is_read_only)
        case ImageType.DIRECTORY:
            with opened(image.path) as fd:
                mark = attributes.IMMUTABLE if is_read_only else 0
                attributes.set_flags(fd, attributes.IMMUTABLE, mark)
        case ImageType.RAW:
            mode = os.stat(image.path).st_mode
            os.chmod(image.path, mode & _READ | (0 if is_read_only else _OWNER_WRITES))
        case ImageType.BLOCK:
            _mark_device(image.path, is_read_only)


def _defragment(path: str) -> None:
    # Only btrfs can
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            fcntl.ioctl(fd, _DEFRAGMENT, 0)
        finally:
            os.close(fd)


def _mark_device(path: str, is_read_only: bool) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISBLK(os.fstat(fd).st_mode):
            raise fault(errno.ENOTTY)
        fcntl.ioctl(fd, _BLKROSET, struct.pack("=i", is_read_only))
    finally:
        os.close(fd)
