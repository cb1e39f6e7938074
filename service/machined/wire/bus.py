"""dbus-next's message bus over a socket that is connected already, with our reader and writer."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType

from machined.wire.body import KeptBody
from machined.wire.errors import ConnectionLost, InvalidMessage, WireError
from machined.wire.fds import close_fds, fds_of
from machined.wire.header import MAX_MESSAGE, Outgoing, Received
from machined.wire.reader import Reader
from machined.wire.writer import Writer

logger = logging.getLogger(__name__)

OnReceived = Callable[[Received], None]
OnLost = Callable[[WireError | None], None]

_ANY_ADDRESS = "unix:path=/"  # dbus-next wants one, and has no use for it: the socket is connected


class Bus(MessageBus):
    """A connection as a stream of messages, in both directions.

    Args:
        sock: Connected, authenticated and non-blocking; owned from here on.
        passes_fds: Whether the other side agreed to pass file descriptors.
        early: Bytes that the socket had to give beyond the authentication.
        received: Called with each message; owns the descriptors in it.
        lost: Called once when the connection ended, with the reason or None if we ended it.
        largest: Bytes of the largest message that is taken.
        takes_fds: Whether descriptors are taken.
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
        self._sock = sock
        super().__init__(bus_address=_ANY_ADDRESS, negotiate_unix_fd=passes_fds)
        self._received = received
        self._lost = lost
        self._writer: Writer = Writer(self)
        self._reader = Reader(sock, self._on_message, self._finalize, early, largest, takes_fds=takes_fds)
        self._loop.add_reader(self._fd, self._reader.readable)
        if early:
            self._loop.call_soon(self._reader.readable)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return not self._disconnected

    def transmit(
        self,
        kind: MessageType,
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
            if self._disconnected:
                raise ConnectionLost("the connection to the message bus has ended")
            body = body if isinstance(body, KeptBody) else list(body)
            serial = serial or self.next_serial()
            self._writer.schedule_write(Outgoing(kind.value, flags, serial, signature, body, **fields))
        except WireError:
            close_fds(fds_of(signature, body))
            raise
        except (ValueError, TypeError, AttributeError, struct.error) as error:
            close_fds(fds_of(signature, body))
            raise InvalidMessage(f"the message cannot be sent: {error}") from None

    def next_serial(self) -> int:
        """A serial for a message: never 0, within 32 bits (D-Bus Specification, "Message Format")."""
        self._serial: int = self._serial % 0xFFFFFFFF + 1
        return self._serial

    def drained(self) -> asyncio.Future[None]:
        """A future that completes once all that is queued now is in the socket."""
        return self._writer.drained()

    def end(self, reason: Exception | None = None) -> None:
        """Close the connection now; what is queued is lost. Does nothing if it has ended already."""
        self._finalize(reason)

    def _setup_socket(self) -> None:
        """Adopt the socket; dbus-next would connect here, inside the constructor, and block."""
        self._stream: None = None  # type: ignore[assignment]
        self._fd = self._sock.fileno()

    def _create_unmarshaller(self) -> None:
        """Make none: the reader takes its part."""

    def _on_message(self, msg: Received) -> None:
        try:
            self._received(msg)
        except Exception:
            logger.exception("a received message could not be handled")

    def _finalize(self, err: Exception | None = None) -> None:
        if self._disconnected:
            return
        super()._finalize(None)  # type: ignore[no-untyped-call]  # takes the socket out of the loop
        self._reader.abandon()
        self._writer.abandon()
        self._sock.close()
        if err is not None and not isinstance(err, ConnectionLost):
            err = ConnectionLost(f"the connection to the message bus failed: {err}")
        self._lost(err)
