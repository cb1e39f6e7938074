"""A connection to a message bus in our own process, handed its messages without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from machined.wire.bus import Bus, OnLost, OnReceived
from machined.wire.connection import Connection
from machined.wire.header import Outgoing, Received, encode

Send = Callable[[bytearray, list[int]], None]
"""Takes a marshalled message and its descriptors, which are then its own."""


class _LinkWriter:
    """Hands messages over at once, in the place of the writer to a socket."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def schedule_write(self, message: Outgoing) -> None:
        """Hand a message over.

        Raises:
            InvalidMessage: The message cannot be sent; the connection is as good as before.
        """
        frame, fds = encode(message)
        self._send(frame, fds)


class Link(Bus):
    """The stream of messages of a linked connection, and the bus's handle of it.

    Args:
        send: Where messages go that the connection sends.
        ended: Called once when the connection ended, by whichever side.
    """

    def __init__(self, send: Send, ended: Callable[[], None]) -> None:
        # Not the constructor of `Bus`, which makes what belongs to a socket
        self._ended = ended
        self._writer = _LinkWriter(send)  # type: ignore[assignment]

    def opened(self, received: OnReceived, lost: OnLost) -> Bus:
        """Itself, once it knows whose stream it is; both are called as for `Bus`."""
        self._begin(received, lost)
        return self

    def deliver(self, message: Received) -> None:
        """Give the connection a message, which owns the descriptors in it; call it in the loop only."""
        self._on_message(message)

    def drained(self) -> asyncio.Future[None]:
        """A future that completes in the next turn of the loop: what is sent is with the bus at once."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._loop.call_soon(_complete, future)
        return future

    def _let_go(self) -> None:
        self._ended()


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def open_link(
    address: str, unique_name: str, send: Send, ended: Callable[[], None]
) -> tuple[Connection, Link]:
    """A connection that is linked to a bus of our own process, and the bus's handle of it.

    Args:
        address: What the connection shows as its address.
        unique_name: The name that the bus gave to it: it says no Hello.
        send: Where messages go that the connection sends; must not raise, nor deliver before it returned.
        ended: Called once when the connection ended, by whichever side.
    """
    link = Link(send, ended)
    connection = Connection(address, link.opened)
    connection.unique_name = unique_name
    return connection, link
