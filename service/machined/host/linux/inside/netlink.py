"""Asks the kernel for the addresses of a network (rtnetlink(7))."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from machined.host.inside import Address

MOST = 65536
"""How many addresses a machine may have; more are refused, so that their answer stays bearable."""
_ROOM = 65536
_TRIES = 5
"""How often a list is asked for anew that changed while it was given."""

_HEADER = struct.Struct("=IHHII")
_IFADDR = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_NEWADDR, _GETADDR = 20, 22
_ERROR, _DONE = 2, 3
_REQUEST_DUMP, _INTERRUPTED = 0x301, 0x10
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_DEPRECATED = 0x20
_SCOPE_HOST = 254
"""This scope and the one after it, "nowhere", are of no use to others."""


class _Found(NamedTuple):
    """An address in the order in which addresses are given: IPv4 first, then the wider scope."""

    family: int
    scope: int
    link: int
    raw: bytes


class _Changed(Exception):
    """The list changed while it was given."""


async def addresses(sock: socket.socket, sequence: int) -> list[Address]:
    """The addresses of the network that a socket is in, but those of loopback and those no longer to be used.

    The loop gets its turn between parts of a long list.

    Args:
        sock: Of AF_NETLINK, not blocking; one asks at a time.
        sequence: A number that no question over this socket had.

    Raises:
        OSError: What the kernel says; ENOBUFS, there are more than `MOST`.
    """
    for _ in range(_TRIES):
        try:
            found = await _dump(sock, sequence)
        except _Changed:
            continue
        return [Address(one.family, one.raw) for one in sorted(set(found))]
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


async def _dump(sock: socket.socket, sequence: int) -> list[_Found]:
    length = _HEADER.size + _IFADDR.size
    question = _HEADER.pack(length, _GETADDR, _REQUEST_DUMP, sequence, 0) + bytes(_IFADDR.size)
    sock.send(question)
    found: list[_Found] = []
    has_changed = is_done = False
    while True:
        for kind, flags, body in _messages(sock.recv(_ROOM), sequence):
            has_changed |= bool(flags & _INTERRUPTED)
            is_done |= kind == _DONE
            if kind == _ERROR:
                number = -struct.unpack_from("=i", body)[0]
                raise OSError(number, os.strerror(number))
            if kind == _NEWADDR and (one := _address(body)) is not None:
                found.append(one)
        if len(found) > MOST:
            raise OSError(errno.ENOBUFS, "The machine has too many addresses.")
        if is_done:
            break
        await asyncio.sleep(0)
    if has_changed:
        raise _Changed
    return found


def _messages(data: bytes, sequence: int) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and body of each message that answers a question."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, answered, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        if answered == sequence:
            yield kind, flags, data[at + _HEADER.size : at + length]
        at += -(-length // 4) * 4


def _address(body: bytes) -> _Found | None:
    family, _, flags, scope, index = _IFADDR.unpack_from(body)
    attributes = dict(_attributes(body))
    if _IFA_FLAGS in attributes:
        (flags,) = struct.unpack("=I", attributes[_IFA_FLAGS])
    raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if raw is None or flags & _DEPRECATED or scope >= _SCOPE_HOST:
        return None
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return None
    return _Found(family, scope, index, raw)


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = _IFADDR.size
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind, body[at + _ATTRIBUTE.size : at + length]
        at += -(-length // 4) * 4
