"""How many calls of one sender go on at once: a flood of one keeps nobody else waiting.

A message bus counts the calls that wait for a reply, and lets one sender have so many (dbus-daemon(1),
"max_replies_per_connection"). Those that want none it passes on without end.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from machined.wire.closing import close_received
from machined.wire.header import NO_REPLY_EXPECTED, Received

logger = logging.getLogger(__name__)

AT_ONCE = 128
"""Calls of one sender that go on at once: as many as the system bus lets wait for a reply."""
SILENT_AT_ONCE = 16
"""Of those that want no reply: nobody waits for them, and others wait behind them for what they use."""
MOST_WAITING = 1024
"""Calls of one sender that want no reply and wait for others of it; what comes then is left undone."""
MOST_BYTES = 1 << 20
"""Bytes that these may be long in all."""
FD_BYTES = 1024
"""Bytes that a descriptor counts for."""
IN_A_TURN = 16
"""Calls that are begun in one turn of the event loop, of those that waited."""
PAUSE = 0.01
"""Seconds between two such turns for those that want no reply: else a flood of them would take all the time
that the processor has for us, and others would wait for theirs.
"""

Key = tuple[str | None, bool]
"""A sender, and whether it wants no reply."""


class _Line:
    """The calls of one sender, of those that want a reply or of those that want none."""

    __slots__ = ("at_once", "going", "has_overflown", "is_resuming", "pause", "waiting", "weight")

    def __init__(self, is_silent: bool) -> None:
        self.at_once = SILENT_AT_ONCE if is_silent else AT_ONCE
        self.pause = PAUSE if is_silent else 0.0
        self.going = 0
        self.waiting: deque[Received] = deque()
        self.weight = 0
        self.has_overflown = False
        self.is_resuming = False


class Queueing:
    """Begins calls, or has them wait until others of their sender have ended.

    Those that are answered at once never go on. Those that want a reply wait as long as they must: the bus
    decides how many there are.

    Args:
        begin: Begins a call; calls `went` if it goes on then.
    """

    def __init__(self, begin: Callable[[Received], None]) -> None:
        self._begin = begin
        self._lines: dict[Key, _Line] = {}

    def take(self, message: Received) -> None:
        """Begin a call, now or later. One that wants no reply is left undone where too many wait."""
        line = self._lines.get(_key(message))
        if line is None or (line.going < line.at_once and not line.waiting):
            self._begin(message)
        elif message.flags & NO_REPLY_EXPECTED and _is_full(line, message):
            if not line.has_overflown:
                line.has_overflown = True
                logger.warning(
                    "%s makes too many calls that want no reply: some are left undone", message.sender
                )
            close_received(message.fds)
        else:
            line.waiting.append(message)
            line.weight += _weight(message)

    def went(self, message: Received) -> Key:
        """Take note that a call which was begun goes on; what `ended` is to be told."""
        key = _key(message)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(bool(message.flags & NO_REPLY_EXPECTED))
        line.going += 1
        return key

    def ended(self, key: Key) -> None:
        """Take note that a call has ended, and begin others that wait for it."""
        line = self._lines[key]
        line.going -= 1
        if line.waiting:
            self._resume_soon(key, line)
        elif not line.going:
            del self._lines[key]

    def clear(self) -> None:
        """Leave undone what waits."""
        for line in self._lines.values():
            while line.waiting:
                close_received(line.waiting.popleft().fds)
            line.weight = 0

    def _resume_soon(self, key: Key, line: _Line) -> None:
        if not line.is_resuming:
            line.is_resuming = True
            asyncio.get_running_loop().call_later(line.pause, self._resume, key)

    def _resume(self, key: Key) -> None:
        """Begin calls that wait, as many as may go on, and few enough that others get their turn."""
        line = self._lines.get(key)
        if line is None:
            return  # all that waited was dropped
        line.is_resuming = False
        for _ in range(IN_A_TURN):
            if not line.waiting or line.going >= line.at_once:
                break
            message = line.waiting.popleft()
            line.weight -= _weight(message)
            self._begin(message)
        if line.waiting and line.going < line.at_once:
            self._resume_soon(key, line)
        elif not line.waiting and not line.going:
            del self._lines[key]


def _key(message: Received) -> Key:
    return message.sender, bool(message.flags & NO_REPLY_EXPECTED)


def _weight(message: Received) -> int:
    return len(message.frame) + FD_BYTES * len(message.fds)


def _is_full(line: _Line, message: Received) -> bool:
    return len(line.waiting) >= MOST_WAITING or (
        bool(line.waiting) and line.weight + _weight(message) > MOST_BYTES
    )
