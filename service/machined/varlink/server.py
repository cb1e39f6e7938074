"""Clients of a varlink service: they are let in, answered one call at a time each, and cut off."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from machined.varlink.messages import END, MAX_MESSAGE, BrokenMessage
from machined.varlink.socketfile import SocketFile

logger = logging.getLogger(__name__)

_CREDENTIALS = struct.Struct("=iII")  # struct ucred, unix(7)

Answer = Callable[[bytes], Awaitable[bytes]]
"""Gives the reply to a message, or nothing for none; raises `BrokenMessage`."""


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
        self._clients: set[_Client] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._file: SocketFile | None = None
        self._server: asyncio.Server | None = None
        self._turn = asyncio.Lock()

    async def listen(self, path: Path) -> None:
        """Let clients in at an absolute path; raises what `SocketFile` raises."""
        self._file = SocketFile(path)
        self._server = await asyncio.start_unix_server(
            self._on_client, sock=self._file.sock, limit=self._limits.message
        )

    async def close(self) -> None:
        """Disconnect everybody and remove the socket, unless it is kept. Does nothing the second time."""
        if self._file is None or self._server is None:
            return
        self._server.close()
        if not self._keeps_file:
            self._file.remove()
        self._file = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(reader, writer, self._limits.reading_seconds)
        self._make_room(client.uid)
        self._clients.add(client)
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: _Client) -> None:
        try:
            await client.converse(self._answer_in_turn)
        except (asyncio.LimitOverrunError, BrokenMessage, OSError, TimeoutError) as error:
            logger.debug("a client of user %s is cut off: %s", client.uid, error)
        finally:
            self._clients.discard(client)
            client.cut_off()

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
        self._clients.discard(quietest)
        quietest.cut_off()


class _Client:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reading_seconds: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._reading_seconds = reading_seconds
        self._loop = asyncio.get_running_loop()
        self.uid = _uid_of(writer.get_extra_info("socket"))
        self.active_at = self._loop.time()
        # An answer is waited for until the kernel has all of it
        writer.transport.set_write_buffer_limits(high=0)

    async def converse(self, answer: Answer) -> None:
        """Answer until the client leaves, or breaks the rules."""
        with contextlib.suppress(asyncio.IncompleteReadError):  # it left
            while True:
                message = await self._reader.readuntil(END)
                self.active_at = self._loop.time()
                if said := await answer(message[: -len(END)]):
                    self._writer.write(said)
                    async with asyncio.timeout(self._reading_seconds):
                        await self._writer.drain()

    def cut_off(self) -> None:
        """End the connection; what the kernel has of an answer still arrives."""
        self._writer.transport.abort()


def _uid_of(sock: socket.socket) -> int:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(raw)[1])
