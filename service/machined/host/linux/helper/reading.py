"""The standing reader: reads files of machines for as long as it gets answers from them.

A machine can put a file system there that never answers (fuse(4)); whoever waits for it cannot even be killed
then. So this is a process of its own, of which there are several.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence

from machined.host.linux.helper import env_file, kernel
from machined.host.linux.helper.answers import error_fields
from machined.host.linux.helper.links import Opener, opener
from machined.host.linux.helper.packets import pack, receive, send
from machined.host.linux.helper.targets import Target, open_regular

MOST_OS_RELEASE = 64 * 1024
"""Bytes of the longest os-release that is read; the usual ones have less than one thousand."""
MOST_READ = 64 * 1024 * 1024 - 1
"""Bytes of the longest file that systemd reads (READ_FULL_BYTES_MAX in its fileio.c)."""
MOST_FIELDS = 16 * 1024
"""Fields of the longest os-release that is told: a million of them would hold up all calls for seconds."""
_MOST_SENT = 64 * 1024
"""Bytes of the longest answer that is sent as it is; a longer one is in a file of no folder."""
_PIECE = MOST_OS_RELEASE + 1
MOST = 4 * 1024 * 1024
"""Bytes of the longest passwd or group that is read."""

_NO_FILES = {
    0x9FA0: "proc",
    0x62656572: "sysfs",
    0x64626720: "debugfs",
    0x74726163: "tracefs",
    0x73636673: "securityfs",
    0x27E0EB: "cgroup",
    0x63677270: "cgroup2",
    0xCAFE4A11: "bpf",
    0x6165676C: "pstore",
    0x19800202: "mqueue",
    0x42494E4D: "binfmt_misc",
    0x6E736673: "nsfs",
    0xDE5E81E4: "efivarfs",
    0x62656570: "configfs",
    0xF97CFF8C: "selinuxfs",
}
"""File systems that make up what one reads: some of their files wait, some act (linux/magic.h)."""


def read(root: int, path: str, most: int, opener: Opener = kernel.open_in_root) -> bytes:
    """What is in a file of a machine.

    Raises:
        OSError: E2BIG, it is longer than `most` bytes; EBADFD, it is no file that one could read.
    """
    fd = open_regular(root, path, opener)
    if fd is None:
        return b""
    try:
        if kernel.file_system(fd) & 0xFFFFFFFF in _NO_FILES:
            raise OSError(errno.EBADFD, os.strerror(errno.EBADFD))
        if os.fstat(fd).st_size > most:
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
        parts: list[bytes] = []
        left = most + 1
        while left > 0 and (part := os.read(fd, min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
        return b"".join(parts)
    finally:
        os.close(fd)


def read_if_there(root: int, path: str) -> bytes:
    """What is in a file of accounts; nothing where there is none."""
    try:
        return read(root, path, MOST)
    except FileNotFoundError:
        return b""


def os_release(target: Target, most: int, *, follows: bool) -> list[bytes]:
    """Names and values in turn, of `/etc/os-release` or, only if that is missing, `/usr/lib/os-release`.

    Raises:
        OSError: E2BIG, there are too many; else as of `read`.
    """
    root = target.root()
    find = opener(target, follows=follows)
    try:
        try:
            text = read(root, "etc/os-release", most, find)
        except FileNotFoundError:
            text = read(root, "usr/lib/os-release", most, find)
    finally:
        os.close(root)
    found = env_file.parse(text)
    if len(found) > MOST_FIELDS:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    return [part.encode() for pair in found.items() for part in pair]


def stand(_target: Target, _arguments: list[bytes], _fds: list[int], sock: socket.socket) -> None:
    """Read os-release after os-release, until nobody asks any more."""
    while (request := receive(sock)) is not None:
        (leader, most, follows), fds = request
        try:
            target = Target(int(leader), fds[0] if fds else -1)
            _answer(sock, os_release(target, int(most), follows=follows == b"1"))
        except OSError as error:
            send(sock, error_fields(error))
        finally:
            for fd in fds:
                os.close(fd)


def _answer(sock: socket.socket, fields: Sequence[bytes]) -> None:
    if sum(map(len, fields)) <= _MOST_SENT:
        send(sock, [b"done", *fields])
        return
    fd = os.memfd_create("answer", os.MFD_CLOEXEC)
    with open(fd, "wb") as file:
        file.write(pack(fields))
        file.flush()
        send(sock, [b"done"], [fd])
