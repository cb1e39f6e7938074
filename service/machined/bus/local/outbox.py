"""What waits to be read by a client on a socket."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Sequence

from machined.bus.local.limits import Limits
from machined.bus.local.message import Chunk
from machined.bus.local.peer import Load
from machined.wire.closing import close_received

TIME_SLICE = 0.002
"""Seconds of writing to one client before others get their turn."""
GATHERED = 64
"""Messages that go into one call of sendmsg(2), at most."""
ENTRY = 256
"""Bytes that an entry of the queue costs beside its message."""


class Outbox:
    """The queue to one socket, in bytes, messages and descriptors.

    Args:
        sock: Non-blocking; it remains its owner's.
        limits: How much may wait.
        load: Where the bytes are counted.

    Attributes:
        size: Bytes that wait.
    """

    def __init__(self, sock: socket.socket, limits: Limits, load: Load) -> None:
        self.size = 0
        self._sock = sock
        self._limits = limits
        self._load = load
        self._queue: deque[tuple[Chunk, list[int]]] = deque()
        self._fd_count = 0

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, chunks: Sequence[Chunk], fds: list[int]) -> None:
        """Queue the bytes of a message; its descriptors travel with the first of them and are closed then."""
        self._fd_count += len(fds)
        for chunk in chunks:
            self._queue.append((chunk, fds))
            self._count(len(chunk) + ENTRY)
            fds = []

    @property
    def has_fds(self) -> bool:
        """Whether descriptors wait."""
        return self._fd_count > 0

    def is_filled(self, share: float) -> bool:
        """Whether more waits than this share of what may. A single message may be of any size."""
        limits = self._limits
        queue = self._queue
        count = len(queue)
        # The two in front may be the header and body of one message
        return count > 2 and (
            self.size - len(queue[0][0]) - len(queue[1][0]) > limits.outgoing_bytes * share
            or count > limits.outgoing_messages * share
            or self._fd_count > limits.outgoing_fds * share
        )

    def flush(self) -> bool:
        """Write what the socket takes; False if it took all.

        Raises:
            OSError: The other side is gone.
        """
        queue = self._queue
        deadline = 0.0
        try:
            while queue:
                chunk, fds = queue[0]
                if fds:
                    self._write_with_fds(chunk, fds)
                elif len(queue) == 1:
                    self._written(self._sock.send(chunk))
                else:
                    self._written(self._sock.sendmsg(self._gathered()))
                if queue:
                    now = time.monotonic()
                    deadline = deadline or now + TIME_SLICE
                    if now > deadline:
                        return True
        except BlockingIOError:
            return True
        return False

    def clear(self) -> None:
        """Drop everything."""
        for _, fds in self._queue:
            close_received(fds)
        self._queue.clear()
        self._count(-self.size)
        self._fd_count = 0

    def _gathered(self) -> list[Chunk]:
        chunks: list[Chunk] = []
        for chunk, fds in self._queue:
            if fds or len(chunks) == GATHERED:
                break
            chunks.append(chunk)
        return chunks

    def _write_with_fds(self, chunk: Chunk, fds: list[int]) -> None:
        count = socket.send_fds(self._sock, [chunk], fds)
        self._queue[0] = (chunk, [])
        self._fd_count -= len(fds)
        close_received(fds)
        self._written(count)

    def _written(self, count: int) -> None:
        queue = self._queue
        while count > 0:
            chunk, _ = queue[0]
            length = len(chunk)
            if count < length:
                queue[0] = (memoryview(chunk)[count:], [])
                self._count(-count)
                return
            queue.popleft()
            self._count(-length - ENTRY)
            count -= length

    def _count(self, change: int) -> None:
        self.size += change
        self._load.waiting += change
