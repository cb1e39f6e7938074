"""Follows links of procfs in paths of a machine, as systemd does, but never to what is not the machine's."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from machined.host.linux.helper import kernel
from machined.host.linux.helper.targets import Target, reopen

Opener = Callable[[int, str | bytes, int], int]
"""`open(root, path, flags)` opens a path of a machine within its root."""


def opener(target: Target, *, follows: bool) -> Opener:
    """What opens paths of a machine: with `follows` also where links like `/proc/1/root` are in them.

    Raises:
        OSError: ELOOP, there is a link of procfs that is not to be followed, or that leads elsewhere than to
            a mount that the machine's first process has; or what openat2(2) says.
    """

    def open_following(root: int, path: str | bytes, flags: int) -> int:
        try:
            return kernel.open_in_root(root, path, flags)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        found = _found_from_inside(root, path, flags)
        try:
            if not target.is_host and _mount_of(found) not in _mounts_of(target):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            return os.dup(found) if flags & os.O_PATH else reopen(found, flags)
        finally:
            os.close(found)

    return open_following if follows else kernel.open_in_root


def _found_from_inside(root: int, path: str | bytes, flags: int) -> int:
    """Find a path with the machine's root for our own. Nothing is done to what is found: O_PATH (open(2))."""
    home = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fchdir(root)
        os.chroot(".")
        try:
            wanted = flags & (os.O_DIRECTORY | os.O_NOFOLLOW)
            return os.open(b"/" + os.fsencode(path).lstrip(b"/"), wanted | os.O_PATH | os.O_CLOEXEC)
        finally:
            os.fchdir(home)
            os.chroot(".")
    finally:
        os.close(home)


def _mount_of(fd: int) -> bytes:
    """The number of the mount that an open file is on (proc_pid_fdinfo(5))."""
    with open(f"/proc/self/fdinfo/{fd}", "rb") as lines:
        return next(line.split()[1] for line in lines if line.startswith(b"mnt_id:"))


def _mounts_of(target: Target) -> set[bytes]:
    """The numbers of the mounts that a machine's first process sees; no mount has one twice at a time."""
    with open(target.open("mountinfo"), "rb") as lines:
        return {line.split(b" ", 1)[0] for line in lines}
