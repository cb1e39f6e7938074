"""The incoming side of a connection: bytes and descriptors from the socket, cut into messages."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

from machined.wire.closing import close_received
from machined.wire.errors import ConnectionLost, InvalidMessage
from machined.wire.header import FIXED, MAX_MESSAGE, Received, decode, frame_size
from machined.wire.receiving import receive, receive_bytes

logger = logging.getLogger(__name__)

TIME_SLICE = 0.004
"""Seconds of reading before other work of the loop gets its turn."""
CHUNK = 1 << 16
"""Bytes asked of the socket at once; more, up to `MAX_CHUNK`, while a large message is on its way."""
MAX_CHUNK = 1 << 20
MOST_FDS = 1024
"""Descriptors that may wait for the rest of their message: as many as sd-bus takes (BUS_FDS_MAX)."""
_LOST = -1
"""In the place of the descriptors of one message."""


class Reader:
    """Hands whole messages to `received`, a few milliseconds' worth at a time.

    A stream socket hands out descriptors no later than the first byte sent with them (unix(7)), so they
    queue up in the order of the messages, each of which says how many are its own.

    Args:
        sock: Connected and non-blocking. It remains its owner's to close.
        received: Called with each message; owns the descriptors in it.
        lost: Called once, with the reason, when nothing more can be read.
        early: Bytes that came in already, behind the authentication.
        largest: Bytes of the largest message that is taken.
        takes_fds: Whether descriptors are taken; else the connection ends when one comes.
    """

    def __init__(
        self,
        sock: socket.socket,
        received: Callable[[Received], None],
        lost: Callable[[Exception], None],
        early: bytes = b"",
        largest: int = MAX_MESSAGE,
        *,
        takes_fds: bool = True,
    ) -> None:
        self._sock = sock
        self._takes_fds = takes_fds
        self._received = received
        self._lost = lost
        self._largest = largest
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(early)
        self._size = 0
        self._fds: list[int] = []
        self._has_lost = False
        self._resuming = False
        self._closed = False

    def readable(self) -> None:
        """Read and hand over until the socket seems empty or the time slice is over."""
        if self._resuming or self._closed:
            return
        deadline = time.monotonic() + TIME_SLICE
        has_more = True
        try:
            while not self._closed:
                frame = self._next_frame()
                if frame is not None:
                    self._hand_over(frame)
                elif not has_more:
                    return
                else:
                    has_more = self._fill()
                if time.monotonic() > deadline:
                    # The selector knows nothing of what is buffered here, so it cannot wake us for it
                    self._resuming = True
                    self._loop.call_soon(self._resume)
                    return
        except InvalidMessage as error:
            self._lost(ConnectionLost(f"the connection makes no sense any more: {error}"))
        except (OSError, ConnectionLost) as error:
            self._lost(error)

    def _resume(self) -> None:
        self._resuming = False
        self.readable()

    def _next_frame(self) -> bytes | None:
        """Cut a whole message off the buffer, if there is one."""
        if not self._size:
            if len(self._buffer) < FIXED:
                return None
            self._size = frame_size(self._buffer)
            if self._size > self._largest:
                raise InvalidMessage(f"a message of {self._size} bytes is larger than is taken here")
        if len(self._buffer) < self._size:
            return None
        frame = bytes(memoryview(self._buffer)[: self._size])
        del self._buffer[: self._size]
        self._size = 0
        return frame

    def _fill(self) -> bool:
        """Move bytes and descriptors from the socket to the buffer; False if it seems to have no more now.

        The selector tells if it has after all: a read also ends where descriptors of another message begin.

        Raises:
            ConnectionLost: The other side closed it.
            OSError: It failed.
        """
        wanted = min(max(CHUNK, self._size - len(self._buffer)), MAX_CHUNK)
        try:
            data = self._receive(wanted)
        except BlockingIOError:
            return False
        if len(self._fds) > MOST_FDS:
            raise InvalidMessage("more file descriptors came than any message has")
        if not data:
            raise ConnectionLost("the other side closed the connection")
        self._buffer += data
        return len(data) == wanted

    def _receive(self, wanted: int) -> bytes:
        if not self._takes_fds:
            return receive_bytes(self._sock, wanted)
        data, fds, is_whole = receive(self._sock, wanted)
        if is_whole:
            self._fds += fds
        else:
            # With the bytes of one message at most, whose all of them are: the others stay in step
            close_received(fds)
            self._fds.append(_LOST)
            if not self._has_lost:
                self._has_lost = True
                logger.warning("there was no room for file descriptors of a message: they are lost")
        return data

    def _hand_over(self, frame: bytes) -> None:
        try:
            message = decode(frame)
        except InvalidMessage as error:
            if self._fds:
                raise  # whose they are cannot be told any more
            logger.warning("ignored: %s", error)
            return
        if self._fds:
            message.fds = self._claimed(message.fd_count)
            if self._fds and not self._buffer:
                close_received(message.fds)
                raise InvalidMessage(f"{len(self._fds)} file descriptors came that no message lays claim to")
        self._received(message)

    def _claimed(self, count: int) -> list[int]:
        """The next descriptors, which are those of a message; none where some were lost."""
        fds, self._fds = self._fds[:count], self._fds[count:]
        if _LOST in fds:
            lost = fds.index(_LOST)
            close_received(fds[:lost])
            self._fds = fds[lost + 1 :] + self._fds
            return []
        return fds

    def abandon(self) -> None:
        """Read nothing more and close the descriptors that nobody got."""
        self._closed = True
        close_received(fd for fd in self._fds if fd != _LOST)
        self._fds = []
        self._buffer.clear()
