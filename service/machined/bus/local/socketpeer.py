"""A client on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable

from machined.bus.local.authentication import Authentication, AuthenticationFailed
from machined.bus.local.intake import Intake
from machined.bus.local.limits import Limits
from machined.bus.local.message import Message
from machined.bus.local.outbox import Outbox
from machined.bus.local.peer import Credentials, Load, Peer, process_of
from machined.bus.local.router import Router
from machined.wire.closing import close_received, close_socket
from machined.wire.errors import InvalidMessage
from machined.wire.receiving import receive

logger = logging.getLogger(__name__)

TIME_SLICE = 0.001
"""Seconds of work for one client before others get their turn."""


class SocketPeer(Peer):
    """A client on a connected, non-blocking socket, which is its own from here on.

    Args:
        sock: The socket.
        credentials: Who is at its other end.
        authentication: What has to be said before the first message.
        router: Where its messages go.
        limits: What it may ask for.
        load: Where the bytes it has us keep are counted.

    Attributes:
        on_gone: Called in the loop when the connection has ended.
    """

    def __init__(
        self,
        sock: socket.socket,
        credentials: Credentials,
        authentication: Authentication,
        router: Router,
        limits: Limits,
        load: Load,
    ) -> None:
        super().__init__(credentials, False)
        self.on_gone: Callable[[], None] | None = None
        self._sock = sock
        self._fd = sock.fileno()
        self._authentication: Authentication | None = authentication
        self._router = router
        self._outbox = Outbox(sock, limits, load)
        self._intake = Intake(limits.fds_per_message, load)
        self._loop = asyncio.get_running_loop()
        self._is_resuming = False
        self._is_writing = False
        self._descriptor_seconds = limits.descriptor_seconds
        self._descriptor_timer: asyncio.TimerHandle | None = None
        self._timer = self._loop.call_later(limits.authentication_seconds, self._expire)
        self._loop.add_reader(self._fd, self._on_readable)

    @property
    def waiting(self) -> int:
        """Bytes that wait for it to read them."""
        return self._outbox.size

    @property
    def incoming(self) -> int:
        """Bytes of a message that has not come in whole."""
        return self._intake.partial

    @property
    def is_congested(self) -> bool:
        """Whether so much waits that others may not add to it."""
        return self._outbox.is_filled(0.5)

    @property
    def is_overrun(self) -> bool:
        """Whether more waits than is allowed."""
        return self._outbox.is_filled(1.0)

    def open_process(self) -> int:
        """A descriptor of the process that connected. Raises what `process_of` raises."""
        return process_of(self._sock)

    def push(self, message: Message, fds: list[int]) -> None:
        """Queue a message for it, and descriptors, which belong to the client from then on."""
        self._outbox.add(message.chunks(), fds)
        self._time_descriptors()

    def flush(self) -> bool:
        """Write what the socket takes; the rest goes when it takes more.

        Raises:
            OSError: It is gone.
        """
        if not self._is_writing and self._outbox.flush():
            self._is_writing = True
            self._loop.add_writer(self._fd, self._on_writable)
        self._time_descriptors()
        return False

    def close(self, reason: str) -> None:
        """End the connection and close the descriptors that were not passed on."""
        self._timer.cancel()
        if self._descriptor_timer is not None:
            self._descriptor_timer.cancel()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        with contextlib.suppress(OSError):  # a last word; whoever does not take it at once has no use for it
            self._outbox.flush()
        close_socket(self._sock)
        self._outbox.clear()
        self._intake.clear()
        if self.on_gone is not None:
            self._loop.call_soon(self.on_gone)

    def welcomed(self) -> None:
        """Take note that it has its name now."""
        self._timer.cancel()

    def _expire(self) -> None:
        self._router.work.doom(self, "it did not authenticate and say Hello in time")
        self._router.work.settle()

    def _time_descriptors(self) -> None:
        """Start or stop the time that descriptors may stay here."""
        holds = self._intake.has_fds or self._outbox.has_fds
        if holds and self._descriptor_timer is None:
            self._descriptor_timer = self._loop.call_later(self._descriptor_seconds, self._expire_descriptors)
        elif not holds and self._descriptor_timer is not None:
            self._descriptor_timer.cancel()
            self._descriptor_timer = None

    def _expire_descriptors(self) -> None:
        self._router.work.doom(self, "descriptors waited too long at it")
        self._router.work.settle()

    def _on_writable(self) -> None:
        try:
            if not self._outbox.flush():
                self._is_writing = False
                self._loop.remove_writer(self._fd)
            self._time_descriptors()
        except OSError as error:
            self._fail(error)

    def _on_readable(self) -> None:
        # What is read already comes first; the selector knows nothing of it
        if not self._is_resuming and not self.is_doomed:
            self._guard(self._read)

    def _resume(self) -> None:
        self._is_resuming = False
        if not self.is_doomed:
            self._guard(self._work)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (InvalidMessage, AuthenticationFailed, OSError) as error:
            self._router.work.doom(self, str(error))
        except Exception:
            logger.exception("what %s sent could not be handled", self.name or "a client without a name")
            self._router.work.doom(self, "the bus failed over what it sent")
        finally:
            if not self.is_doomed:
                self._time_descriptors()
            self._router.work.settle()

    def _fail(self, error: OSError) -> None:
        self._router.work.doom(self, str(error))
        self._router.work.settle()

    def _read(self) -> None:
        try:
            data, fds, is_whole = receive(self._sock, self._intake.wanted())
        except BlockingIOError:
            return
        if not data or not is_whole or (fds and not self.passes_fds):
            close_received(fds)
            raise InvalidMessage("it sent file descriptors that could not be taken" if data else "it hung up")
        if self._authentication is not None:
            data = self._authenticate(self._authentication, data)
        self._intake.add(data, fds)
        self._work()

    def _authenticate(self, authentication: Authentication, data: bytes) -> bytes:
        answer, rest = authentication.receive(data)
        if answer:
            self._outbox.add([answer], [])
            self.flush()
        if authentication.is_done:
            self._authentication = None
            self.passes_fds = authentication.passes_fds
        return rest

    def _work(self) -> None:
        deadline = time.monotonic() + TIME_SLICE
        while not self.is_doomed:
            message = self._intake.next()
            if message is None:
                self._router.check_load()
                return
            self._router.receive(self, message)
            if time.monotonic() > deadline:
                self._is_resuming = True
                self._loop.call_soon(self._resume)
                return
