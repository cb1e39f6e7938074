"""One client of a varlink service: what it says is cut into messages, and answered one by one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from machined.varlink.messages import END, BrokenMessage
from machined.wire.closing import close_socket
from machined.wire.receiving import await_bytes

_CHUNK = 1 << 16

Answer = Callable[[bytes], Awaitable[bytes]]
"""Gives the reply to a message, or nothing for none; raises `BrokenMessage`."""


class Client:
    """A client on a connected, non-blocking socket, which is its own from here on.

    Anybody may come, so descriptors that are sent are taken and closed apart from the event loop: those that
    nobody takes the kernel closes, which may wait for ever.

    Args:
        sock: The socket.
        uid: Who is at its other end.
        most: Bytes of a message, at most.
        reading_seconds: Seconds that it may take to read an answer.

    Attributes:
        uid: The same.
        active_at: When it said something last, by the clock of the loop.
    """

    def __init__(self, sock: socket.socket, uid: int, most: int, reading_seconds: float) -> None:
        self.uid = uid
        self._sock = sock
        self._most = most
        self._reading_seconds = reading_seconds
        self._loop = asyncio.get_running_loop()
        self._said = bytearray()
        self.active_at = self._loop.time()

    async def converse(self, answer: Answer) -> None:
        """Answer until the client leaves.

        Raises:
            BrokenMessage: It breaks the rules.
            InvalidMessage: It sent descriptors.
            TimeoutError: It does not read.
            OSError: The connection is dead.
        """
        while (message := await self._next()) is not None:
            self.active_at = self._loop.time()
            if said := await answer(message):
                async with asyncio.timeout(self._reading_seconds):
                    await self._loop.sock_sendall(self._sock, said)

    async def _next(self) -> bytes | None:
        """The next message, without its end; None where the client has left."""
        looked = 0
        while (end := self._said.find(END, looked)) < 0:
            looked = len(self._said)
            if looked > self._most:
                break
            data = await await_bytes(self._sock, _CHUNK)
            if not data:
                return None
            self._said += data
        if end < 0 or end > self._most:
            raise BrokenMessage("a call without end")
        message = bytes(memoryview(self._said)[:end])
        del self._said[: end + len(END)]
        return message

    def close(self) -> None:
        """End the connection; what the kernel has of an answer still arrives."""
        close_socket(self._sock)
