"""The outgoing side of a connection: dbus-next's writer, made to survive a full socket."""

from __future__ import annotations

import array
import asyncio
import socket
import time
from collections import deque
from typing import Any

from dbus_next.aio.message_bus import _MessageWriter
from dbus_next.message import Message

from machined.wire.errors import ConnectionLost, InvalidMessage
from machined.wire.fds import close_fds
from machined.wire.header import Outgoing, encode

TIME_SLICE = 0.004
"""Seconds of writing before other work of the loop gets its turn."""
_Queued = tuple[bytearray, list[int], asyncio.Future[None] | None]


class Writer(_MessageWriter):
    """Sends queued messages in order, at once if the socket takes them, else when it does again.

    The queue has no bound: who sends much awaits `drained`. Descriptors belong to the writer from the
    moment `buffer_message` returned; it closes them once they are on their way, or cannot be any more.
    """

    def __init__(self, bus: Any) -> None:
        super().__init__(bus)  # type: ignore[no-untyped-call]
        self.messages: deque[_Queued] = deque()  # type: ignore[assignment]  # a queue nobody awaits
        self._waiting = False
        self._broken = False

    def buffer_message(self, msg: Outgoing | Message, future: asyncio.Future[None] | None = None) -> None:
        """Queue a message; `future` completes when its last byte is in the socket, or with the error.

        Raises:
            InvalidMessage: The message cannot be sent; the connection is as good as before.
        """
        buffer, fds = encode(msg)
        if fds and not self.negotiate_unix_fd:
            raise InvalidMessage("the message bus does not pass file descriptors on this connection")
        self.messages.append((buffer, fds, future))

    def schedule_write(
        self, msg: Outgoing | Message | None = None, future: asyncio.Future[None] | None = None
    ) -> None:
        """Queue a message, if given one, and write what the socket takes."""
        if msg is not None:
            self.buffer_message(msg, future)
        if not self._waiting and not self._broken:
            if len(self.messages) == 1 and self.buf is None:
                self._write_only()
            else:
                self.write_callback()

    def _write_only(self) -> None:
        """Write the only message that is queued: as most are, it is short and goes at once."""
        buffer, fds, future = self.messages[0]
        if fds or future is not None:
            self.write_callback()
            return
        try:
            sent = self.sock.send(buffer)
        except BlockingIOError:
            self._wait()
        except OSError as error:
            self._fail(error)
        else:
            self.messages.clear()
            if sent < len(buffer):
                self.buf, self.unix_fds, self.fut = memoryview(buffer), fds, future
                self.offset = sent
                self._wait()

    def drained(self) -> asyncio.Future[None]:
        """A future that completes once all that is queued now is in the socket."""
        future: asyncio.Future[None] = self.loop.create_future()
        if self.buf is None and not self.messages:
            future.set_result(None)
        else:
            self.messages.append((bytearray(), [], future))
        return future

    def write_callback(self) -> None:
        """Write until the queue is empty, the socket full or the time slice over."""
        deadline = time.monotonic() + TIME_SLICE
        try:
            while self._take():
                self._write_some()
                if time.monotonic() > deadline:
                    self._wait()
                    return
        except BlockingIOError:
            self._wait()
        except OSError as error:
            self._fail(error)
        else:
            if self._waiting:
                self._waiting = False
                self.loop.remove_writer(self.fd)

    def _fail(self, error: OSError) -> None:
        self._broken = True
        # Not at once: the caller stands amid sending, and must not find its connection gone below it
        self.loop.call_soon(self.bus._finalize, error)

    def _wait(self) -> None:
        if not self._waiting:
            self._waiting = True
            self.loop.add_writer(self.fd, self.write_callback)

    def _take(self) -> bool:
        """Make the next message the current one, unless one is; False if there is none."""
        if self.buf is None:
            if not self.messages:
                return False
            buffer, self.unix_fds, self.fut = self.messages.popleft()
            self.buf = memoryview(buffer)
            self.offset = 0
        return True

    def _write_some(self) -> None:
        """Write a piece of the current message.

        Raises:
            BlockingIOError: The socket takes no more, be it in the middle of a message or at its beginning.
            OSError: The connection is dead.
        """
        buffer: memoryview = self.buf or memoryview(b"")
        if self.unix_fds:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self.unix_fds))]
            self.offset += self.sock.sendmsg([buffer[self.offset :]], ancillary)
            sent, self.unix_fds = self.unix_fds, []
            close_fds(sent)
        elif self.offset < len(buffer):
            self.offset += self.sock.send(buffer[self.offset :])
        if self.offset >= len(buffer):
            self.buf = None
            if self.fut is not None and not self.fut.done():
                self.fut.set_result(None)

    def abandon(self) -> None:
        """Fail and close what was not sent; the connection is gone."""
        self._broken = True
        unsent = list(self.messages)
        self.messages.clear()
        if self.buf is not None:
            unsent.insert(0, (bytearray(), self.unix_fds or [], self.fut))
            self.buf = None
        for _, fds, future in unsent:
            close_fds(fds)
            if future is not None and not future.done():
                future.set_exception(ConnectionLost("the connection ended before the message was sent"))
