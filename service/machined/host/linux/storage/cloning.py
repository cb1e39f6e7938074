"""Copies of images: snapshots where there can be, trees and disks copied where not."""

from __future__ import annotations

import contextlib
import errno
import logging
import os

from machined.host.linux.helper.contents import copy_contents
from machined.host.linux.helper.kernel import rename_new
from machined.host.linux.storage import (
    attributes,
    btrfs,
    discovery,
    erasing,
    filecopy,
    locks,
    quota,
    snapshots,
    unfinished,
)
from machined.host.linux.storage.calls import status
from machined.host.linux.storage.changes import fault, refuse_folder_of_versions
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Setting
from machined.host.linux.storage.treecopy import TreeCopy
from machined.host.storage import Image, ImageType

_log = logging.getLogger(__name__)


def clone(
    setting: Setting,
    image: Image,
    new_name: str,
    is_read_only: bool,
    report: Report,
    *,
    is_to_be_quick: bool = False,
) -> None:
    """Copy an image into the pool, then its side files.

    A subvolume becomes a snapshot, with those below it; a directory a new subvolume; on other file systems
    both become directories. Files share what they have where the file system can.

    Args:
        setting: Where things are.
        image: The image.
        new_name: What the copy is called.
        is_read_only: Whether the copy is.
        report: Told how far it is.
        is_to_be_quick: Whether only a snapshot will do.

    Raises:
        OSError: EOPNOTSUPP, it is a block device; EINVAL, a folder of that name would be no image; EEXIST,
            the name is an image's; EBUSY, it is about to be; EXDEV, there can be no snapshot and it has to be
            one; or it cannot be copied.
    """
    pool = setting.pool.path
    if image.type is ImageType.DIRECTORY:
        report.prepare(erasing.weigh)
    with setting.locks.name(new_name), opened(pool) as folder:
        _refuse(setting, image, new_name)
        if _is_taken_at_once(image, folder, new_name, is_read_only, report, is_to_be_quick):
            setting.side_files.copy(image, new_name, pool)
        else:
            _make(setting, image, folder, new_name, is_read_only, report, is_to_be_quick)
    report.finish()


def _refuse(setting: Setting, image: Image, new_name: str) -> None:
    """Refuse what cannot be copied, or not to that name."""
    if discovery.find(setting.folders, new_name, setting.improvements):
        raise fault(errno.EEXIST)
    if image.type is ImageType.BLOCK:
        raise fault(errno.EOPNOTSUPP)
    if setting.improvements.loses_no_images:
        refuse_folder_of_versions(image, new_name)
    if image.type is ImageType.RAW and len(os.fsencode(f"{new_name}.raw")) > locks.NAME_MAX:
        raise fault(errno.ENAMETOOLONG)  # else all of it would be copied first
    if image.type is ImageType.DIRECTORY and not setting.improvements.clones_host_and_links:
        if image.path == "/":
            raise fault(errno.EADDRNOTAVAIL)
        if os.path.islink(image.path):
            raise fault(errno.ELOOP)


def _is_taken_at_once(
    image: Image, folder: int, new_name: str, is_read_only: bool, report: Report, is_to_be_quick: bool
) -> bool:
    """Make a snapshot under its own name, if one call of the kernel makes all of it; whether it is made."""
    if image.type is not ImageType.SUBVOLUME or not snapshots.is_possible_at_once(image.path):
        return False
    if snapshots.is_taken_at_once(image.path, folder, new_name, is_read_only, report):
        return True
    if is_to_be_quick:
        raise fault(errno.EXDEV)
    return False


def _make(
    setting: Setting,
    image: Image,
    folder: int,
    new_name: str,
    is_read_only: bool,
    report: Report,
    is_to_be_quick: bool,
) -> None:
    """Make a copy step by step, and give it its name when it is whole, or leave nothing of it."""
    is_tree = image.type is not ImageType.RAW
    is_hidden = setting.improvements.hides_what_is_cloned or not is_tree
    with (
        unfinished.hidden(setting) if is_hidden else unfinished.in_place(setting, new_name) as made,
        setting.side_files.copies(image, new_name, setting.pool.path) as name_side_files,
    ):
        if not is_tree:
            _copy_raw(setting, image, folder, made, is_read_only, report)
            report.check()
            rename_new(made, f"{new_name}.raw", folder, folder)
        else:
            _copy_tree(setting, image, folder, made, is_read_only, report, is_to_be_quick)
            report.check()
            if made != new_name:
                rename_new(made, new_name, folder, folder)
            if is_read_only:
                _mark(folder, new_name)
        name_side_files()


def _copy_raw(
    setting: Setting, image: Image, folder: int, name: str, is_read_only: bool, report: Report
) -> None:
    source = os.open(image.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        target = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            report.expect(image.usage)
            _write_in_place(source, target)
            keeps_holes = setting.improvements.keeps_holes
            copy_contents(source, target, report.count, keeps_holes=keeps_holes)
            if setting.improvements.copies_root_attributes:
                filecopy.drop_inherited_lists(target)
            filecopy.copy_attributes(source, target)
            before = os.fstat(source)
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            if born := attributes.birth(source, status("", source)):
                attributes.store_birth(target, born)
            os.fchmod(target, 0o444 if is_read_only else 0o644)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write_in_place(source: int, target: int) -> None:
    """Have btrfs write a disk in place: but not where that keeps it from sharing what the original has."""
    if os.fstat(source).st_dev != os.fstat(target).st_dev or (
        attributes.flags(source) & attributes.NO_COPY_ON_WRITE
    ):
        # Only btrfs knows it
        with contextlib.suppress(OSError):
            attributes.set_flags(target, attributes.NO_COPY_ON_WRITE, attributes.NO_COPY_ON_WRITE)


def _copy_tree(
    setting: Setting,
    image: Image,
    folder: int,
    name: str,
    is_read_only: bool,
    report: Report,
    is_to_be_quick: bool,
) -> None:
    """Make a snapshot where that can be, else copy."""
    with opened(image.path) as source:
        if image.type is ImageType.SUBVOLUME and snapshots.is_taken(source, folder, name):
            _complete_snapshot(setting, source, folder, name, is_read_only)
        elif is_to_be_quick:
            raise fault(errno.EXDEV)
        else:
            _copy_files(setting, image, source, folder, name, is_read_only, report)


def _complete_snapshot(setting: Setting, source: int, folder: int, name: str, is_read_only: bool) -> None:
    """Put into a snapshot what it lacks: the subvolumes below it, its quota group and its mark."""
    with opened(f"{setting.pool.path}/{name}") as target:
        snapshots.take_nested(source, target, setting.improvements.copies_root_attributes)
        _share_quota(source, folder, target)
        if is_read_only:
            snapshots.seal(target)


def _copy_files(
    setting: Setting,
    image: Image,
    source: int,
    folder: int,
    name: str,
    is_read_only: bool,
    report: Report,
) -> None:
    """Make a subvolume, or a directory where there can be none, and copy all files into it."""
    try:
        btrfs.create(folder, name)
    except OSError as error:
        if error.errno not in snapshots.ELSEWHERE:
            raise
        os.mkdir(name, 0o755, dir_fd=folder)
    with opened(f"{setting.pool.path}/{name}") as target:
        _share_quota(None, folder, target)
        report.expect_tree(image.path)
        pool = os.fstat(folder)
        left_out = frozenset({(pool.st_dev, pool.st_ino)})
        how = setting.improvements
        copy = TreeCopy(
            source,
            target,
            report.count,
            left_out,
            dresses_root=how.copies_root_attributes,
            keeps_holes=how.keeps_holes,
        )
        copy.run()
        attributes.forget_birth(target)
        if is_read_only and btrfs.is_subvolume(target):
            btrfs.set_read_only(target, True)


def _share_quota(source: int | None, folder: int, target: int) -> None:
    """Have a copy counted as the images beside it are, with the limits of its original if it has any."""
    if not btrfs.is_subvolume(target):
        return
    try:
        id = btrfs.subvolume_of(target)
        if not quota.read_one(folder, id).usage:
            return  # quotas are off
        quota.set_up(folder, id)
        for inner in btrfs.nested(target, id):
            quota.set_up(folder, inner.id, has_own=False)
        if source is not None:
            _copy_limits(source, folder, id)
    except OSError as error:
        _log.warning("Failed to set up the quota group of a copy: %s", error.strerror)


def _copy_limits(source: int, folder: int, id: int) -> None:
    groups = quota.read(folder)
    before = btrfs.subvolume_of(source)
    for old, new in ((before, id), (groups.subtree(before), groups.subtree(id))):
        limits = groups.limits.get(old, quota.Limits())
        if limits != quota.Limits():
            quota.limit(folder, new, limits.referenced, limits.exclusive)


def _mark(folder: int, name: str) -> None:
    """Mark a copy read-only that is a directory, if its file system has such a mark."""
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        if not btrfs.is_subvolume(fd):
            with contextlib.suppress(OSError):
                attributes.set_flags(fd, attributes.IMMUTABLE, attributes.IMMUTABLE)
    finally:
        os.close(fd)
