"""Removes images: trees go to a hidden name first, so that nothing half removed has an image's name.

A subvolume with no other in it needs none: the kernel removes it as a whole or not at all.

Unless `hides_what_is_removed`: then they keep their name to the end, as with systemd-machined.
"""

from __future__ import annotations

import codecs
import errno
import os
import secrets
from contextlib import ExitStack

from machined.host.linux.helper.kernel import rename_new
from machined.host.linux.storage import attributes, erasing, versions
from machined.host.linux.storage.mounts import Table
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Setting
from machined.host.storage import Image, ImageType

HIDDEN = ".removed-"
"""What the name of an image begins with that is being removed: a clean ends what was interrupted."""

_unescaped = codecs.getdecoder("unicode_escape")


def remove(setting: Setting, image: Image, report: Report) -> None:
    """Remove an image and its side files. Of a device in `/dev` only the side files go.

    Raises:
        OSError: EBUSY, it is in use, or something is mounted in it; or it cannot be removed.
    """
    hidden = _hidden(image) if setting.improvements.hides_what_is_removed else image.path
    if image.type is ImageType.DIRECTORY:
        report.prepare(erasing.weigh)

    def work() -> None:
        with ExitStack() as held:
            if os.path.lexists(image.path) or not os.path.lexists(hidden):
                held.enter_context(setting.locks.image(image.path))
            _remove(setting, image, hidden, report)

    setting.room.with_room([os.path.dirname(image.path), image.path, hidden], work)
    report.finish()


def _remove(setting: Setting, image: Image, hidden: str, report: Report) -> None:
    is_tree = image.type in {ImageType.DIRECTORY, ImageType.SUBVOLUME}
    if image.path.startswith("/dev/"):
        setting.side_files.remove(image)
        return
    if not is_tree or os.path.islink(image.path):
        report.check()  # else its side files might stay
        os.unlink(image.path)
        setting.side_files.remove(image)
        return
    if os.path.lexists(image.path):
        if _is_gone_at_once(image, setting.mounts.table()):
            setting.side_files.remove(image)
            return
        if hidden != image.path:
            rename_new(image.path, hidden)
    is_hidden = setting.improvements.hides_what_is_removed
    if is_hidden:
        setting.side_files.remove(image)
    folder, _, name = hidden.rpartition("/")
    with ExitStack() as held:
        if hidden != image.path:  # the lock by its inode went along
            held.enter_context(setting.locks.beside(hidden))
        fd = held.enter_context(opened(folder))
        if image.type is ImageType.DIRECTORY:
            report.expect_tree(hidden)
        lifts_marks = setting.improvements.removes_marked_files
        erasing.erase(fd, name, report.count, lifts_marks=lifts_marks)
    if not is_hidden:
        setting.side_files.remove(image)


def _is_gone_at_once(image: Image, table: Table) -> bool:
    """Remove a subvolume if there is no other in it; else see that a tree may go, and take off its mark.

    Raises:
        OSError: EBUSY, something is mounted in it; or it cannot be removed.
    """
    with opened(image.path) as fd:
        _refuse_mounts(fd, table)
        if attributes.flags(fd) & attributes.IMMUTABLE:
            attributes.set_flags(fd, attributes.IMMUTABLE, 0)
        return image.type is ImageType.SUBVOLUME and erasing.is_erased_at_once(fd, image.path)


def _hidden(image: Image) -> str:
    """Where an image goes while it is removed: a hidden name in a folder of images."""
    folder, _, name = image.path.rpartition("/")
    if name.startswith(HIDDEN):
        return image.path
    if versions.is_one(image):
        folder = os.path.dirname(folder)
    return f"{folder}/{HIDDEN}{secrets.token_hex(8)}"


def _refuse_mounts(root: int, table: Table) -> None:
    """Refuse a tree in which something is mounted, or over which: that is used, and not ours to remove.

    To btrfs a name is what is below the mount: it would remove that, and take the mount away.

    Raises:
        OSError: EBUSY, there is.
    """
    path = os.readlink(f"/proc/self/fd/{root}".encode())
    for line in table.lines():
        point = _unescaped(line.split(b" ")[4])[0].encode("latin-1")
        if point == path or point.startswith(path + b"/"):
            raise OSError(errno.EBUSY, "Something is mounted in it")
