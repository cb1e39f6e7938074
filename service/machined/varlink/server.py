"""Clients of a varlink service: they are let in, answered one call at a time each, and cut off."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

from machined.varlink.client import Answer, Client
from machined.varlink.messages import MAX_MESSAGE, BrokenMessage
from machined.varlink.socketfile import SocketFile
from machined.wire.closing import close_socket
from machined.wire.errors import InvalidMessage

logger = logging.getLogger(__name__)

_CREDENTIALS = struct.Struct("=iII")  # struct ucred, unix(7)

PAUSE = 1.0
"""Seconds after which clients are let in again, where there was no room for one."""


class Limits(NamedTuple):
    """The bounds of one server. Beyond those of clients, who was quiet for longest makes room.

    Attributes:
        clients: Clients at a time.
        clients_per_user: Clients at a time of one user other than root.
        message: Bytes of a call, at most.
        reading_seconds: Seconds that a client may take to read an answer.
    """

    clients: int = 512
    clients_per_user: int = 128
    message: int = MAX_MESSAGE
    reading_seconds: float = 10.0


class VarlinkServer:
    """Listens on a socket that everybody may come to.

    What waits for a client is one answer, and what it may have said ahead is two messages: the next call is
    not read before the last is answered and taken. So nobody can have us keep much, or keep us busy alone.

    Args:
        answer: Answers calls.
        limits: What clients may ask of it.
        keeps_file: Whether the socket stays where it is when this ends.
    """

    def __init__(self, answer: Answer, limits: Limits | None = None, *, keeps_file: bool = False) -> None:
        self._answer = answer
        self._limits = limits or Limits()
        self._keeps_file = keeps_file
        self._clients: dict[Client, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._file: SocketFile | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()

    async def listen(self, path: Path) -> None:
        """Let clients in at an absolute path; raises what `SocketFile` raises."""
        self._file = SocketFile(path)
        self._loop = asyncio.get_running_loop()
        self._let_in()

    async def close(self) -> None:
        """Disconnect everybody and remove the socket, unless it is kept. Does nothing the second time."""
        if self._file is None:
            return
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._file.sock)
        close_socket(self._file.sock)
        if not self._keeps_file:
            self._file.remove()
        self._file = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _let_in(self) -> None:
        self._pause = None
        if self._file is not None:
            self._loop.add_reader(self._file.sock, self._on_client, self._file.sock)

    def _on_client(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # It stays where it is, and the selector would tell of it again and again
            logger.warning("no client of a varlink service can be let in: %s", error)
            self._loop.remove_reader(listener)
            self._pause = self._loop.call_later(PAUSE, self._let_in)
            return
        sock.setblocking(False)
        client = Client(sock, _uid_of(sock), self._limits.message, self._limits.reading_seconds)
        self._make_room(client.uid)
        task = self._clients[client] = self._loop.create_task(self._serve(client))
        self._tasks.add(task)
        task.add_done_callback(partial(self._forget, client))

    def _forget(self, client: Client, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._clients.pop(client, None)
        client.close()

    async def _serve(self, client: Client) -> None:
        try:
            await client.converse(self._answer_in_turn)
        except (BrokenMessage, InvalidMessage, OSError, TimeoutError) as error:
            logger.debug("a client of user %s is cut off: %s", client.uid, error)

    async def _answer_in_turn(self, message: bytes) -> bytes:
        # One call begins in each turn of the loop, however many wait: a look-up among a thousand machines
        # takes ten milliseconds, and there is other work than ours
        async with self._turn:
            await asyncio.sleep(0)
        return await self._answer(message)

    def _make_room(self, uid: int) -> None:
        users = Counter(client.uid for client in self._clients)
        if uid and users[uid] >= self._limits.clients_per_user:
            crowd = [client for client in self._clients if client.uid == uid]
        elif len(self._clients) >= self._limits.clients:
            most = max(users.values())
            crowd = [client for client in self._clients if users[client.uid] == most]
        else:
            return
        quietest = min(crowd, key=lambda client: client.active_at)
        logger.debug("a client of user %s makes room for another", quietest.uid)
        self._clients.pop(quietest).cancel()


def _uid_of(sock: socket.socket) -> int:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(raw)[1])
