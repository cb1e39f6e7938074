"""One thing that the helper does."""

from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
from typing import NamedTuple

from machined.host.linux.helper.packets import Taken, take
from machined.host.linux.inside.readiness import until_ready
from machined.host.linux.inside.stuck import Stuck
from machined.host.storage import Progress, unseen
from machined.wire.closing import close_received

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What came of it. Who gets it owns the descriptors."""

    fields: list[bytes]
    fds: list[int]


class Work:
    """One operation that goes on in a child of the helper.

    Args:
        sock: Where the child answers.
        leader: Who is held back as long as the child, ended early, hangs; 0 for nobody.
        stuck: Watches the child if it is ended early.

    Attributes:
        has_begun: Whether the helper has forked for it.
        doer: The helper's process that was asked; none as long as it has not been.
    """

    def __init__(self, sock: socket.socket, leader: int, stuck: Stuck) -> None:
        self.sock = sock
        self._leader = leader
        self._stuck = stuck
        self._pidfd = -1
        self._is_over = False
        self.has_begun = False
        self.doer: subprocess.Popen[bytes] | None = None

    async def answer(self, progress: Progress = unseen) -> Answer:
        """Wait for the answer.

        Raises:
            OSError: What went wrong; ESHUTDOWN, the child ended without a word.
        """
        while True:
            packet = await self._next()
            if packet is None:
                self._is_over = True
                raise OSError(errno.ESHUTDOWN, "The helper ended before it was done.")
            kind, *fields = packet.fields
            if kind == b"child":
                self._begun(packet.fds)
            elif kind == b"progress":
                progress(int(fields[0]), int(fields[1]))
            else:
                return self._finished(packet)

    def _begun(self, fds: list[int]) -> None:
        """Keep the child's pidfd, if there was room for it; without, the child ends by its socket alone."""
        self.has_begun = True
        if fds:
            (self._pidfd,) = fds

    def _finished(self, packet: Taken) -> Answer:
        self._is_over = True
        kind, *fields = packet.fields
        if kind == b"error":
            raise OSError(int(fields[0]), os.fsdecode(fields[1]))
        if kind == b"broken":
            logger.error("the helper failed: %s", fields[0].decode(errors="replace"))
            raise OSError(errno.EIO, "The helper failed.")
        if not packet.is_whole:
            close_received(packet.fds)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return Answer(fields, packet.fds)

    async def end_of_words(self) -> None:
        """Wait until the child, having answered, has become a program and with it closed the socket.

        Raises:
            OSError: It could not.
        """
        self.expect_more()
        while (packet := await self._next()) is not None:
            if packet.fields[0] == b"child":
                self._begun(packet.fds)
            else:
                self._finished(packet)
        self._is_over = True

    def expect_more(self) -> None:
        """The child goes on to answer: it is not over yet."""
        self._is_over = False

    def end(self, leader: int | None = None, *, gently: bool = False) -> None:
        """Be done with it: end the child, unless it has answered.

        Args:
            leader: The machine that it hangs in, if that is another than the one it was begun for.
            gently: Whether it may tidy up.
        """
        self._drain()
        self.sock.close()
        pidfd, self._pidfd = self._pidfd, -1
        if pidfd < 0:
            return
        if self._is_over:
            os.close(pidfd)
        else:
            self._stuck.end(pidfd, self._leader if leader is None else leader, gently=gently)

    def _drain(self) -> None:
        """Take what has come and nobody will read any more, and with it the child's pidfd."""
        while (packet := self._at_hand()) is not None:
            if packet.fields[0] == b"child":
                self._begun(packet.fds)
            else:
                close_received(packet.fds)  # of a machine: who knows what is in its sockets

    def _at_hand(self) -> Taken | None:
        try:
            return take(self.sock)
        except (BlockingIOError, ConnectionResetError):
            return None

    async def _next(self) -> Taken | None:
        while True:
            try:
                return take(self.sock)
            except BlockingIOError:
                await until_ready(self.sock.fileno())
            except ConnectionResetError:
                return None
