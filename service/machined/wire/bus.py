"""The stream of messages over a socket that is connected and authenticated."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from machined.wire.body import KeptBody
from machined.wire.closing import close_socket
from machined.wire.errors import ConnectionLost, InvalidMessage, WireError
from machined.wire.fds import close_fds, fds_of
from machined.wire.header import MAX_MESSAGE, Outgoing, Received
from machined.wire.reader import Reader
from machined.wire.writer import Writer

logger = logging.getLogger(__name__)

OnReceived = Callable[[Received], None]
OnLost = Callable[[WireError | None], None]


class Bus:
    """A connection as a stream of messages, in both directions.

    Args:
        sock: Connected, authenticated and non-blocking; owned from here on.
        passes_fds: Whether the other side agreed to pass file descriptors.
        early: Bytes that the socket had to give beyond the authentication.
        received: Called with each message; owns the descriptors in it.
        lost: Called once when the connection ended, with the reason or None if we ended it.
        largest: Bytes of the largest message that is taken.
        takes_fds: Whether descriptors are taken; else the connection ends when one comes.
    """

    def __init__(
        self,
        sock: socket.socket,
        passes_fds: bool,
        early: bytes,
        received: OnReceived,
        lost: OnLost,
        *,
        largest: int = MAX_MESSAGE,
        takes_fds: bool = True,
    ) -> None:
        self._begin(received, lost)
        self._sock = sock
        self._writer = Writer(sock, self.end, passes_fds=passes_fds)
        self._reader = Reader(sock, self._on_message, self.end, early, largest, takes_fds=takes_fds)
        self._loop.add_reader(sock, self._reader.readable)
        if early:
            self._loop.call_soon(self._reader.readable)

    def _begin(self, received: OnReceived, lost: OnLost) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = received
        self._lost = lost
        self._has_ended = False
        self._serial = 0

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return not self._has_ended

    def transmit(
        self,
        kind: int,
        signature: str,
        body: Sequence[Any],
        *,
        flags: int = 0,
        serial: int = 0,
        **fields: Any,
    ) -> None:
        """Queue a message. Takes the descriptors in `body` over, and closes them whatever comes.

        Args:
            kind: The type of the message.
            signature: The types of `body`.
            body: Its values.
            flags: Those of the header.
            serial: The one that `next_serial` gave for it; 0 for the next.
            **fields: The header fields, as `Outgoing` names them.

        Raises:
            ConnectionLost: The connection has ended.
            InvalidMessage: The message cannot be sent; the connection is as good as before.
        """
        try:
            if self._has_ended:
                raise ConnectionLost("the connection to the message bus has ended")
            body = body if isinstance(body, KeptBody) else list(body)
            serial = serial or self.next_serial()
            self._writer.schedule_write(Outgoing(kind, flags, serial, signature, body, **fields))
        except WireError:
            close_fds(fds_of(signature, body))
            raise
        except (ValueError, TypeError, AttributeError, struct.error) as error:
            close_fds(fds_of(signature, body))
            raise InvalidMessage(f"the message cannot be sent: {error}") from None

    def next_serial(self) -> int:
        """A serial for a message: never 0, within 32 bits (D-Bus Specification, "Message Format")."""
        self._serial = self._serial % 0xFFFFFFFF + 1
        return self._serial

    def drained(self) -> asyncio.Future[None]:
        """A future that completes once all that is queued now is in the socket."""
        return self._writer.drained()

    def end(self, reason: Exception | None = None) -> None:
        """Close the connection now; what is queued is lost. Does nothing if it has ended already."""
        if self._has_ended:
            return
        self._has_ended = True
        self._let_go()
        if reason is not None and not isinstance(reason, ConnectionLost):
            reason = ConnectionLost(f"the connection to the message bus failed: {reason}")
        self._lost(reason)

    def _let_go(self) -> None:
        """Close what carried the messages."""
        self._loop.remove_reader(self._sock)
        self._reader.abandon()
        self._writer.abandon()
        close_socket(self._sock)

    def _on_message(self, msg: Received) -> None:
        try:
            self._received(msg)
        except Exception:
            logger.exception("a received message could not be handled")
