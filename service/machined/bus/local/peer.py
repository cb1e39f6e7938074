"""A client of the bus, however it is connected."""

from __future__ import annotations

import errno
import os
import socket
import struct
from abc import ABC, abstractmethod
from array import array
from dataclasses import dataclass
from typing import NamedTuple

from machined.bus.local.message import NOBODY, Message
from machined.bus.local.rules import Rule

_UCRED = struct.Struct("iII")
_SO_PEERGROUPS = 59  # <asm-generic/socket.h>; the socket module has no name for it
_SO_PEERPIDFD = 77  # likewise
_GROUPS_SIZE = 1024  # bytes; the socket module asks for no more


class Credentials(NamedTuple):
    """Who is at the other end, as the kernel says.

    Attributes:
        pid: The process that connected; 0 if it is of a PID namespace that cannot be seen from here.
        uid: The user it ran as.
        gids: Its groups, the primary one first; empty if unknown.
    """

    pid: int
    uid: int
    gids: tuple[int, ...]


def credentials_of(sock: socket.socket) -> Credentials:
    """The credentials of the peer of a connected unix socket (SO_PEERCRED and SO_PEERGROUPS, unix(7))."""
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    groups = array("I")
    try:
        groups.frombytes(sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_SIZE))
    except OSError:
        # More groups than fit, or a kernel before 4.13: then nothing is said about them
        return Credentials(pid, uid, ())
    return Credentials(pid, uid, (gid, *(group for group in groups if group != gid)))


def process_of(sock: socket.socket) -> int:
    """A descriptor of the process that connected a unix socket (SO_PEERPIDFD, since Linux 6.5); -1 before.

    Raises:
        ProcessLookupError: It is no more.
    """
    try:
        return sock.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno in {errno.ESRCH, errno.EINVAL, errno.ENODATA}:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
        return -1


def own_credentials() -> Credentials:
    """The credentials of our own process."""
    gid = os.getegid()
    return Credentials(os.getpid(), os.geteuid(), (gid, *(group for group in os.getgroups() if group != gid)))


@dataclass(slots=True)
class Load:
    """What the clients together have the bus keep.

    Attributes:
        incoming: Bytes of messages that have not come in whole.
        waiting: Bytes that wait to be read by clients.
    """

    incoming: int = 0
    waiting: int = 0


class Peer(ABC):
    """A client.

    Attributes:
        calls_back: Whether `flush` runs code of others within our process.
        credentials: Who it is.
        passes_fds: Whether it takes file descriptors.
        origin: Its unique name; `NOBODY` before Hello.
        rules: Its match rules, and how often it added each.
        rule_count: The number of them, each as often as it was added.
        names: The names that it owns or waits for, in the order in which it asked; the unique one first.
        calls: Its calls that have no reply yet: serial and callee.
        callers: Who waits for its replies, and for how many.
        is_monitor: Whether it only listens.
        is_doomed: Whether it is about to be cut off: nothing more is sent to it, or taken from it.
    """

    calls_back = False

    def __init__(self, credentials: Credentials, passes_fds: bool) -> None:
        self.credentials = credentials
        self.passes_fds = passes_fds
        self.origin = NOBODY
        self.rules: dict[Rule, int] = {}
        self.rule_count = 0
        self.names: dict[str, None] = {}
        self.calls: dict[int, Peer] = {}
        self.callers: dict[Peer, int] = {}
        self.is_monitor = False
        self.is_doomed = False

    @property
    def name(self) -> str:
        """Its unique name, empty before Hello."""
        return self.origin.name

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Bytes that wait for it to read them."""

    @property
    def incoming(self) -> int:
        """Bytes of a message that has not come in whole."""
        return 0

    @property
    @abstractmethod
    def is_congested(self) -> bool:
        """Whether so much waits that others may not add to it."""

    @property
    @abstractmethod
    def is_overrun(self) -> bool:
        """Whether more waits than is allowed."""

    def open_process(self) -> int:
        """A descriptor of the process that connected (pidfd_open(2)), the caller's; -1 where none is had.

        Raises:
            ProcessLookupError: That process is no more: its pid says nothing now.
        """
        return os.pidfd_open(os.getpid())

    @abstractmethod
    def push(self, message: Message, fds: list[int]) -> None:
        """Queue a message for it, and descriptors, which belong to the client from then on."""

    @abstractmethod
    def flush(self) -> bool:
        """Pass on what is queued as far as possible now; True if it wants to be asked again soon.

        Raises:
            OSError: It is gone.
        """

    @abstractmethod
    def close(self, reason: str) -> None:
        """End the connection and close the descriptors that were not passed on."""

    @abstractmethod
    def welcomed(self) -> None:
        """Take note that it has its name now."""
