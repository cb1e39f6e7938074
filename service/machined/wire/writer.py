"""The outgoing side of a connection: messages to bytes and descriptors in the socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable

from machined.wire.errors import ConnectionLost, InvalidMessage
from machined.wire.fds import close_fds
from machined.wire.header import Outgoing, encode

TIME_SLICE = 0.004
"""Seconds of writing before other work of the loop gets its turn."""
_Queued = tuple[bytearray, list[int], asyncio.Future[None] | None]


class Writer:
    """Sends queued messages in order, at once if the socket takes them, else when it does again.

    The queue has no bound: who sends much awaits `drained`. Descriptors belong to the writer from the
    moment `schedule_write` returned; it closes them once they are on their way, or cannot be any more.

    Args:
        sock: Connected and non-blocking. It remains its owner's to close.
        lost: Called, in a turn of the loop of its own, with why nothing more can be written.
        passes_fds: Whether the other side takes descriptors.
    """

    def __init__(self, sock: socket.socket, lost: Callable[[Exception], None], *, passes_fds: bool) -> None:
        self._sock = sock
        self._lost = lost
        self._passes_fds = passes_fds
        self._loop = asyncio.get_running_loop()
        self._messages: deque[_Queued] = deque()
        self._buffer: memoryview | None = None
        self._offset = 0
        self._fds: list[int] = []
        self._future: asyncio.Future[None] | None = None
        self._waiting = False
        self._broken = False

    def schedule_write(self, message: Outgoing) -> None:
        """Queue a message, and write what the socket takes.

        Raises:
            InvalidMessage: The message cannot be sent; the connection is as good as before.
        """
        buffer, fds = encode(message)
        if fds and not self._passes_fds:
            raise InvalidMessage("the message bus does not pass file descriptors on this connection")
        self._messages.append((buffer, fds, None))
        if not self._waiting and not self._broken:
            if len(self._messages) == 1 and self._buffer is None:
                self._write_only()
            else:
                self._write()

    def _write_only(self) -> None:
        """Write the only message that is queued: as most are, it is short and goes at once."""
        buffer, fds, future = self._messages[0]
        if fds or future is not None:
            self._write()
            return
        try:
            sent = self._sock.send(buffer)
        except BlockingIOError:
            self._wait()
        except OSError as error:
            self._fail(error)
        else:
            self._messages.clear()
            if sent < len(buffer):
                self._buffer, self._fds, self._future = memoryview(buffer), fds, future
                self._offset = sent
                self._wait()

    def drained(self) -> asyncio.Future[None]:
        """A future that completes once all that is queued now is in the socket."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self._buffer is None and not self._messages:
            future.set_result(None)
        else:
            self._messages.append((bytearray(), [], future))
        return future

    def _write(self) -> None:
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
                self._loop.remove_writer(self._sock)

    def _fail(self, error: OSError) -> None:
        self._broken = True
        # Not at once: the caller stands amid sending, and must not find its connection gone below it
        self._loop.call_soon(self._lost, error)

    def _wait(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._loop.add_writer(self._sock, self._write)

    def _take(self) -> bool:
        """Make the next message the current one, unless one is; False if there is none."""
        if self._buffer is None:
            if not self._messages:
                return False
            buffer, self._fds, self._future = self._messages.popleft()
            self._buffer = memoryview(buffer)
            self._offset = 0
        return True

    def _write_some(self) -> None:
        """Write a piece of the current message.

        Raises:
            BlockingIOError: The socket takes no more, be it in the middle of a message or at its beginning.
            OSError: The connection is dead.
        """
        buffer: memoryview = self._buffer or memoryview(b"")
        if self._fds:
            self._offset += socket.send_fds(self._sock, [buffer[self._offset :]], self._fds)
            sent, self._fds = self._fds, []
            close_fds(sent)
        elif self._offset < len(buffer):
            self._offset += self._sock.send(buffer[self._offset :])
        if self._offset >= len(buffer):
            self._buffer = None
            if self._future is not None and not self._future.done():
                self._future.set_result(None)

    def abandon(self) -> None:
        """Fail and close what was not sent; the connection is gone."""
        self._broken = True
        if self._waiting:
            self._waiting = False
            self._loop.remove_writer(self._sock)
        unsent = list(self._messages)
        self._messages.clear()
        if self._buffer is not None:
            unsent.insert(0, (bytearray(), self._fds, self._future))
            self._buffer = None
        for _, fds, future in unsent:
            close_fds(fds)
            if future is not None and not future.done():
                future.set_exception(ConnectionLost("the connection ended before the message was sent"))
