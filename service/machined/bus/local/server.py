"""The local bus: it listens, lets clients in, and ends."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from machined.bus.local.authentication import Authentication
from machined.bus.local.limits import Limits
from machined.bus.local.linkpeer import LinkPeer
from machined.bus.local.peer import Load, credentials_of
from machined.bus.local.router import Router
from machined.bus.local.socketfile import SocketFile, listen_at
from machined.bus.local.socketpeer import SocketPeer
from machined.wire import Connection

logger = logging.getLogger(__name__)

ACCEPTED = 16
"""Clients let in at once before others get their turn, at most."""
RETRY = 0.2
"""Seconds until clients are let in again after the process ran out of descriptors."""


class LocalBus:
    """A message bus in the running event loop; `listen` makes one on a unix socket, `private` one without.

    What may be done on it is not restricted by policies: whom it lets in may own any name and call anybody.
    """

    def __init__(self, file: SocketFile | None, allow: Callable[[int], bool], limits: Limits) -> None:
        self._file = file
        self._allow = allow
        self._limits = limits
        self._guid = os.urandom(16).hex()
        self._load = Load()
        self._router = Router(limits, self._load, self._guid)
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._is_open = True
        if file is not None:
            self._loop.add_reader(file.sock, self._on_connection, file)

    @classmethod
    async def listen(
        cls, path: Path | str, *, allow: Callable[[int], bool] | None = None, limits: Limits | None = None
    ) -> LocalBus:
        """Listen on a socket of mode 0600.

        Args:
            path: Where. The folder must belong to us, and to nobody else to write; it is made if missing.
                A socket that nobody answers on any more is replaced.
            allow: Whether a user id may come in; root and we ourselves by default.
            limits: What a client may ask of the bus.

        Raises:
            BusFolderUnsafe: The folder is not safe.
            BusInUse: Somebody answers there, or it is no socket.
            BusError: The kernel refused.
        """
        return cls(await listen_at(_absolute(path)), allow or _is_ours, limits or Limits())

    @classmethod
    def private(cls, *, allow: Callable[[int], bool] | None = None, limits: Limits | None = None) -> LocalBus:
        """A bus that listens nowhere: its clients are those that are attached or adopted."""
        return cls(None, allow or _is_ours, limits or Limits())

    @property
    def address(self) -> str:
        """Where clients find it (D-Bus Specification, "Server Addresses"); "" where it listens nowhere."""
        return "" if self._file is None else self._file.address

    def attach(self) -> Connection:
        """A connection to this bus from within our own process, without a socket.

        It has our own credentials, and is as good as one that `connect` made.

        Raises:
            RuntimeError: The bus is closed.
        """
        if not self._is_open:
            raise RuntimeError("the bus is closed")
        peer = LinkPeer(self.address, self._router, self._limits, self._load)
        self._router.clients.add(peer)
        self._router.work.settle_soon()
        return peer.connection

    def adopt(self, sock: socket.socket, on_gone: Callable[[], None] | None = None) -> None:
        """Take a connected stream socket for that of a client, which authenticates as any other.

        Args:
            sock: The bus's from here on.
            on_gone: Called once, in the loop, when the client is disconnected, for whatever reason.

        Raises:
            RuntimeError: The bus is closed.
        """
        if not self._is_open:
            sock.close()
            raise RuntimeError("the bus is closed")
        self._admit(sock, on_gone)

    async def close(self) -> None:
        """Disconnect everybody and remove the socket. Does nothing the second time."""
        if not self._is_open:
            return
        self._is_open = False
        if self._retry is not None:
            self._retry.cancel()
        if self._file is not None:
            self._loop.remove_reader(self._file.sock)
            self._file.close()
        for peer in self._router.clients:
            self._router.work.doom(peer, "the bus is closed")
        self._router.work.settle()
        await asyncio.sleep(0)  # attached connections tell those who wait for their end

    def _on_connection(self, file: SocketFile) -> None:
        for _ in range(ACCEPTED):
            try:
                sock, _ = file.sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                    logger.warning("no client is let in for a moment: %s", error)
                    self._pause(file)
                    return
                logger.debug("a client was gone before it was let in: %s", error)
                continue
            self._admit(sock)

    def _pause(self, file: SocketFile) -> None:
        # The socket stays readable, so the loop would spin
        self._loop.remove_reader(file.sock)
        self._retry = self._loop.call_later(RETRY, self._go_on, file)

    def _go_on(self, file: SocketFile) -> None:
        self._retry = None
        self._loop.add_reader(file.sock, self._on_connection, file)

    def _admit(self, sock: socket.socket, on_gone: Callable[[], None] | None = None) -> None:
        sock.setblocking(False)
        credentials = credentials_of(sock)
        if self._is_full(credentials.uid):
            logger.warning("a client of user %s was turned away: too many are there", credentials.uid)
            sock.close()
            if on_gone is not None:
                self._loop.call_soon(on_gone)
            return
        authentication = Authentication(credentials.uid, self._allow, self._guid)
        peer = SocketPeer(sock, credentials, authentication, self._router, self._limits, self._load)
        peer.on_gone = on_gone
        self._router.clients.add(peer)

    def _is_full(self, uid: int) -> bool:
        limits = self._limits
        if len(self._router.clients) >= limits.connections:
            return True
        users = Counter(peer.credentials.uid for peer in self._router.clients) if uid else Counter()
        return users[uid] >= limits.connections_per_user


def _is_ours(uid: int) -> bool:
    return uid in {0, os.geteuid()}


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(path))
