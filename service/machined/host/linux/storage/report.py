"""What a worker tells the service: how far it is, and how it ended. A line of JSON each."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from machined.host.linux.helper.kernel import end_with_parent

_OFTEN = 0.1
"""Seconds between two tellings of progress, at least."""
_SOON = 0.5
"""Seconds after which work counts as long."""
_LONGEST = 4096
"""Bytes in a path, at most (PATH_MAX)."""
LAST = "last"
"""What a worker says to ask for the last time whether its work is wanted; a byte is the answer."""


class Report:
    """Tells the service how far the work is.

    Args:
        line: Where it listens, if it does.
    """

    def __init__(self, line: socket.socket | None) -> None:
        self._line = line
        self._done = 0
        self._total = 0
        self._next = 0.0
        self._asked: socket.socket | None = None
        self._is_wanted = False

    def check(self) -> None:
        """See whether the work is still wanted, for the last time before it can be seen.

        A worker asks the service, and is not killed any more once that said yes: what is seen is whole.

        Raises:
            OSError: ECANCELED, it is not.
        """
        if self._line is None or self._is_wanted:
            return
        self.say(LAST)
        if not self._line.recv(1):
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
        self._is_wanted = True

    def say(self, *words: object) -> None:
        """Say something at once."""
        if self._line is not None:
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

    def prepare(self, weigh: Callable[[str], int]) -> None:
        """Have a process that can find out what a tree weighs while the work on it goes on.

        To be called before the work takes locks: they would be the other process's too, and outlive a kill.
        """
        self._asked, theirs = socket.socketpair()
        worker = os.getpid()
        if os.fork():
            theirs.close()
            self._asked.setblocking(False)
            return
        try:
            end_with_parent(signal.SIGKILL)
            if self._line is not None:
                self._line.close()
            self._asked.close()
            if os.getppid() == worker and (path := theirs.recv(_LONGEST)) and _goes_on(theirs):
                theirs.sendall(str(weigh(os.fsdecode(path))).encode())
        finally:
            os._exit(0)

    def expect_tree(self, path: str) -> None:
        """Let the bytes in all be found out, if we are prepared for that; until then they are unknown."""
        if self._asked is not None:
            self._asked.sendall(os.fsencode(path))
        self.say("progress", self._done, 0)

    def finish(self) -> None:
        """Tell that all of it is done."""
        self.say("progress", self._done, self._done)

    def _hear(self) -> None:
        """Take note of what the tree weighs, if that is known by now."""
        if self._asked is None or self._total:
            return
        with contextlib.suppress(BlockingIOError):
            self._total = int(self._asked.recv(32) or b"0")


class Unreported(Report):
    """The report of work in a thread: it is over before anybody asks how far it is, but may be cancelled."""

    def __init__(self) -> None:
        super().__init__(None)
        self._is_cancelled = threading.Event()

    def cancel(self) -> None:
        """Let the work not be finished, if it is not yet."""
        self._is_cancelled.set()

    def check(self) -> None:
        """See whether the work is still wanted."""
        if self._is_cancelled.is_set():
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))


def _goes_on(line: socket.socket) -> bool:
    """Whether some work still goes on after a while: of what is done soon nobody needs to know how far it is.

    To look at what is worked on at the same time would only make that take longer.
    """
    readable, _, _ = select.select([line], [], [], _SOON)
    return not readable  # nothing more is asked: it would be the end of the line
