"""A client within our own process: a connection of our wire, linked to the bus without a socket."""

from __future__ import annotations

import os
import time
from collections import deque

from machined.bus.local.limits import Limits
from machined.bus.local.message import Message, read_message
from machined.bus.local.peer import Load, Peer, own_credentials
from machined.bus.local.router import Router
from machined.wire import Connection, ConnectionLost
from machined.wire.closing import close_received
from machined.wire.link import Link, open_link

ENTRY = 512
"""Bytes that an entry of the queue costs beside its message."""
TIME_SLICE = 0.004
"""Seconds of handing over to one connection before other work of the loop gets its turn."""


class LinkPeer(Peer):
    """The bus's end of a link.

    Args:
        address: The address of the bus, which the connection shows as its own.
        router: Where its messages go.
        limits: How much may wait for it.
        load: Where that is counted.

    Attributes:
        connection: The other end.
    """

    calls_back = True

    def __init__(self, address: str, router: Router, limits: Limits, load: Load) -> None:
        super().__init__(own_credentials(), True)
        self._router = router
        self._limits = limits
        self._load = load
        self._inbox: deque[tuple[Message, list[int]]] = deque()
        self._size = 0
        self._fd_count = 0
        self._link: Link
        router.enroll(self)
        self.connection: Connection
        self.connection, self._link = open_link(address, self.name, self._on_frame, self._on_ended)

    @property
    def waiting(self) -> int:
        """Bytes that wait for it to take them."""
        return self._size

    @property
    def is_congested(self) -> bool:
        """Whether so much waits that others may not add to it."""
        return self._is_filled(0.5)

    @property
    def is_overrun(self) -> bool:
        """Whether more waits than is allowed."""
        return self._is_filled(1.0)

    def push(self, message: Message, fds: list[int]) -> None:
        """Queue a message for it, and descriptors, which belong to the client from then on."""
        for fd in fds:
            os.set_inheritable(fd, False)
        self._inbox.append((message, fds))
        self._fd_count += len(fds)
        self._count(len(message.frame) + ENTRY)

    def flush(self) -> bool:
        """Hand over what is queued; True if the time slice ended before the queue did."""
        deadline = time.monotonic() + TIME_SLICE
        while self._inbox and not self.is_doomed:
            message, fds = self._inbox.popleft()
            self._fd_count -= len(fds)
            self._count(-len(message.frame) - ENTRY)
            self._link.deliver(message.received(fds))
            if time.monotonic() > deadline:
                return bool(self._inbox)
        return False

    def close(self, reason: str) -> None:
        """End the connection and close the descriptors that were not passed on."""
        for _, fds in self._inbox:
            close_received(fds)
        self._inbox.clear()
        self._count(-self._size)
        self._link.end(ConnectionLost(f"the connection to the local bus ended: {reason}"))

    def welcomed(self) -> None:
        """Take note that it has its name now: it got that when it was made, and was never waited for."""

    def _is_filled(self, share: float) -> bool:
        limits = self._limits
        count = len(self._inbox)
        return count > 1 and (
            self._size - len(self._inbox[0][0].frame) > limits.outgoing_bytes * share
            or count > limits.outgoing_messages * share
            or self._fd_count > limits.outgoing_fds * share
        )

    def _count(self, change: int) -> None:
        self._size += change
        self._load.waiting += change

    def _on_frame(self, frame: bytearray, fds: list[int]) -> None:
        message = read_message(frame)
        message.fds = fds
        self._router.receive(self, message)
        self._router.work.settle_soon()

    def _on_ended(self) -> None:
        self._router.work.leave(self, "it was closed")
