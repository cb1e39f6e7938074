"""What is sent between the service and its helper: lists of byte strings, with descriptors beside them."""

from __future__ import annotations

import array
import errno
import os
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

_LENGTH = struct.Struct("<I")
_MOST_FDS = 8
_ROOM = socket.CMSG_SPACE(_MOST_FDS * array.array("i").itemsize)
_FLAGS = socket.MSG_CMSG_CLOEXEC

Packet = tuple[list[bytes], list[int]]
"""The fields and the descriptors, which are the receiver's to close."""


def pack(fields: Sequence[bytes]) -> bytes:
    """One packet from its fields."""
    return b"".join(part for field in fields for part in (_LENGTH.pack(len(field)), field))


def unpack(packet: bytes) -> list[bytes]:
    """The fields of a packet.

    Raises:
        ValueError: It was cut short.
    """
    fields = []
    at = 0
    while at < len(packet):
        if at + _LENGTH.size > len(packet):
            raise ValueError("a packet ends within a length")
        (length,) = _LENGTH.unpack_from(packet, at)
        at += _LENGTH.size + length
        if at > len(packet):
            raise ValueError("a packet ends within a field")
        fields.append(packet[at - length : at])
    return fields


def send(sock: socket.socket, fields: Sequence[bytes], fds: Sequence[int] = (), flags: int = 0) -> None:
    """Send a packet over a socket of type SOCK_SEQPACKET (unix(7)).

    Raises:
        OSError: What sendmsg(2) says; EMSGSIZE where the packet is too long for the socket's buffer.
    """
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([pack(fields)], beside, flags | socket.MSG_NOSIGNAL)


class Taken(NamedTuple):
    """A packet as it came."""

    fields: list[bytes]
    fds: list[int]
    """The descriptors, which are the receiver's to close."""
    is_whole: bool
    """Whether all descriptors came; not where the receiver has as many as it may (MSG_CTRUNC, recvmsg(2))."""


def receive(sock: socket.socket) -> Packet | None:
    """The next packet; `None` where the other side has closed.

    Raises:
        BlockingIOError: There is none yet, on a socket that does not block.
        OSError: What recvmsg(2) says; EMFILE, there is no room for its descriptors.
        ValueError: The packet was cut short.
    """
    taken = take(sock)
    if taken is None or taken.is_whole:
        return taken and (taken.fields, taken.fds)
    for fd in taken.fds:
        os.close(fd)
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def take(sock: socket.socket) -> Taken | None:
    """As `receive`, for who can do something with a packet that lost descriptors."""
    size = sock.recv_into(bytearray(1), 1, socket.MSG_PEEK | socket.MSG_TRUNC)
    if not size:
        return None
    data, beside, flags, _ = sock.recvmsg(size, _ROOM, _FLAGS)
    fds = array.array("i")
    for level, kind, payload in beside:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    try:
        return Taken(unpack(data), list(fds), not flags & socket.MSG_CTRUNC)
    except ValueError:
        for fd in fds:
            os.close(fd)
        raise
