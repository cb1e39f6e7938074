"""Shows files and folders of the host inside machines, by the mount calls of Linux 5.12 and later."""

from __future__ import annotations

import errno
import os
import socket
import stat

from machined.host.linux.helper import kernel
from machined.host.linux.helper.answers import Answer
from machined.host.linux.helper.made import open_made
from machined.host.linux.helper.targets import Target

_MAGIC = {
    0x794C7630: "overlay",
    0xEF53: "ext4",
    0x9123683E: "btrfs",
    0x01021994: "tmpfs",
    0x58465342: "xfs",
    0x65735546: "fuse",
    0x6969: "nfs",
    0x2FC12FC1: "zfs",
    0x9FA0: "proc",
    0x62656572: "sysfs",
    0x73717368: "squashfs",
    0xE0F5E1E2: "erofs",
    0x01021997: "9p",
    0xFF534D42: "cifs",
}
"""File systems by their number (linux/magic.h)."""


def bind(target: Target, arguments: list[bytes], _fds: list[int], _sock: socket.socket) -> Answer:
    """Attach a copy of the mount that a path of the host is on, from that path downwards.

    Arguments: source, destination, then "1" or "0" each for read-only, for making the destination, for
    showing the files with the ids that the machine has inside, and for keeping what it mounts there inside.

    Raises:
        OSError: EINVAL, the machine has no mounts of its own; EOPNOTSUPP, the file system cannot show its
            files with other ids.
    """
    source, destination, *flags = arguments
    is_read_only, makes_destination, maps_ids, keeps_inside = (flag == b"1" for flag in flags)
    namespace = target.namespace("mnt")
    if namespace is None:
        text = "The machine shares the host's mounts."
        raise OSError(errno.EINVAL, text)
    root = target.root()
    users = target.namespace("user") if maps_ids else None
    owner = _shift(target) if users is not None else 0
    mount = kernel.open_tree(source, kernel.OPEN_TREE_CLONE)
    if keeps_inside:
        kernel.receive_only(mount)  # a clone of a shared mount would show the machine's mounts to the host
    if users is not None:
        _map_ids(mount, users)
    if is_read_only:
        kernel.set_mount(mount, kernel.MOUNT_ATTR_RDONLY)
    is_folder = stat.S_ISDIR(os.fstat(mount).st_mode)
    kernel.enter(namespace, kernel.CLONE_NEWNS)
    os.fchdir(root)
    os.chroot(".")
    if makes_destination:
        _make(root, destination, is_folder, owner)
    # A link at the very end is itself what is mounted on, as systemd does it
    _attach(mount, kernel.open_in_root(root, destination, os.O_PATH | os.O_NOFOLLOW), destination)
    return [], []


def _attach(mount: int, place: int, path: bytes) -> None:
    """Attach a mount at a place, in the stead of one that is there already."""
    try:
        kernel.move_mount(mount, place, kernel.MOVE_MOUNT_BENEATH)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        kernel.move_mount(mount, place)  # nothing is mounted there, or this is a kernel before 6.5
    else:
        kernel.unmount(path)


def _shift(target: Target) -> int:
    """What the machine's root is on the host."""
    fd = target.open("uid_map")
    try:
        return int(os.read(fd, 4096).split()[1])
    finally:
        os.close(fd)


def _map_ids(mount: int, users: int) -> None:
    """Show the files of a mount with the ids that a user namespace has (mount_setattr(2))."""
    try:
        kernel.set_mount(mount, kernel.MOUNT_ATTR_IDMAP, users)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        number = kernel.file_system(mount) & 0xFFFFFFFF
        name = _MAGIC.get(number, f"{number:#x}")
        text = f"Files on {name} cannot be shown with the ids of a machine."
        raise OSError(errno.EOPNOTSUPP, text) from None


def _make(root: int, path: bytes, is_folder: bool, owner: int) -> None:
    """Make a place for a mount where none is, and the folders above it; links stay within the machine."""
    steps = [step for step in path.split(b"/") if step]
    at = os.dup(root)
    for depth, step in enumerate(steps):
        is_last = depth == len(steps) - 1
        here = b"/" + b"/".join(steps[: depth + 1])
        if not is_last:
            _make_one(at, step, 0o755, owner)
            os.close(at)
            at = kernel.open_in_root(root, here, os.O_PATH | os.O_DIRECTORY)
        elif is_folder:
            _make_one(at, step, 0o700, owner)
        else:
            _make_file(at, step, owner)
    os.close(at)


def _make_one(folder: int, name: bytes, mode: int, owner: int) -> None:
    try:
        os.mkdir(name, mode, dir_fd=folder)
    except FileExistsError:
        return
    if owner:
        made = open_made(folder, name, stat.S_IFDIR, is_inside=True)
        try:
            kernel.change_owner(made, owner, owner)
        finally:
            os.close(made)


def _make_file(folder: int, name: bytes, owner: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, 0o600, dir_fd=folder)
    except FileExistsError:
        return
    if owner:
        os.fchown(fd, owner, owner)
    os.close(fd)
