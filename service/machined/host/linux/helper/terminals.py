"""Pseudo terminals of machines, and the way to a machine's message bus."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import struct

from machined.host.linux.helper import kernel
from machined.host.linux.helper.answers import Answer
from machined.host.linux.helper.targets import Target, become_root, open_multiplexer

_BUS = "run/dbus/system_bus_socket"
_TIOCSPTLCK, _TIOCGPTN = 0x40045431, 0x80045430
"""Unlock the other side; the number of it (ioctl_tty(2))."""


def open_pty(target: Target, _arguments: list[bytes], _fds: list[int], _sock: socket.socket) -> Answer:
    """The master of a new terminal, and the other side's number."""
    root = target.root()
    # The other side belongs to whoever opens: the machine's root must be that
    become_root(target.namespace("user"))
    master = open_multiplexer(root)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("I", fcntl.ioctl(master, _TIOCGPTN, struct.pack("I", 0)))
    return [str(number).encode()], [master]


def open_bus(target: Target, arguments: list[bytes], _fds: list[int], _sock: socket.socket) -> Answer:
    """A socket that is connected to the machine's system bus.

    Argument: "1" or "0", for looking in /run too; systemd looks in /var/run alone, where old systems have it.

    The bus asks the kernel who is there and is told of this process: root of the machine, in it.

    Raises:
        OSError: ENOENT where there is no bus.
    """
    root = target.root()
    become_root(target.namespace("user"))
    try:
        found = kernel.open_in_root(root, f"var/{_BUS}", os.O_PATH)
    except FileNotFoundError:
        if arguments != [b"1"]:
            raise
        found = kernel.open_in_root(root, _BUS, os.O_PATH)
    if not stat.S_ISSOCK(os.fstat(found).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    sock.connect(f"/proc/self/fd/{found}")
    return [], [sock.detach()]


def open_network(target: Target, _arguments: list[bytes], _fds: list[int], _sock: socket.socket) -> Answer:
    """A socket that asks the kernel about the machine's network (rtnetlink(7))."""
    namespace = target.namespace("net")
    if namespace is not None:
        kernel.enter(namespace, kernel.CLONE_NEWNET)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    sock.bind((0, 0))
    return [], [sock.detach()]


def open_root(target: Target, _arguments: list[bytes], _fds: list[int], _sock: socket.socket) -> Answer:
    """The machine's root folder, open for reading: openat(2) goes on from it."""
    return [], [target.root(os.O_RDONLY)]
