"""What a worker tells the service: how far it is, and how it ended. A line of JSON each."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable

from machined.host.linux.storage.calls import end_with_parent

_OFTEN = 0.1
"""Seconds between two tellings of progress, at least."""


class Report:
    """Tells the service how far the work is.

    Args:
        line: Where it listens.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._done = 0
        self._total = 0
        self._next = 0.0
        self._counting = -1

    def say(self, *words: object) -> None:
        """Say something at once."""
        self._line.sendall(json.dumps(words).encode() + b"\n")

    def count(self, size: int) -> None:
        """Take note of some more bytes that are done."""
        self._done += size
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _OFTEN
            self._hear()
            self.say("progress", self._done, max(self._total, self._done) if self._total else 0)

    def expect(self, total: int) -> None:
        """Take note of the bytes in all."""
        self._total = total
        self.say("progress", self._done, total)

    def expect_what(self, weigh: Callable[[], int]) -> None:
        """Let a process of its own find out the bytes in all, while the work goes on."""
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        worker = os.getpid()
        if os.fork() == 0:
            try:
                end_with_parent(signal.SIGKILL)
                _close_but(writing)  # the locks of the work are not for us to hold
                if os.getppid() == worker:
                    os.write(writing, str(weigh()).encode())
            finally:
                os._exit(0)
        os.close(writing)
        self._counting = reading
        self.say("progress", 0, 0)

    def finish(self) -> None:
        """Tell that all of it is done."""
        self.say("progress", self._done, self._done)

    def _hear(self) -> None:
        """Take note of what the process has found out that weighs."""
        if self._counting < 0:
            return
        try:
            found = os.read(self._counting, 32)
        except BlockingIOError:
            return
        os.close(self._counting)
        self._counting = -1
        self._total = int(found or b"0")


def _close_but(kept: int) -> None:
    """Close all descriptors but the usual three and one more."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
