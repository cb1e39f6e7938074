"""Threads that look at the disk, and are given up where a file system never answers.

Who asks a dead FUSE or NFS for anything waits for as long as it is dead, and a thread cannot be ended. So
every look says where it is. One that gets no further is given up: who waits for it is told so, another thread
takes its place, and as long as it hangs nobody else looks there.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

PATIENCE = 5.0
"""Seconds that a file system may take for one answer."""
_OFTEN = 0.25
"""Seconds from one look at a look to the next."""

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class NoAnswer(TimeoutError):
    """A file system does not answer, and somebody waits for it already (ETIMEDOUT)."""

    def __init__(self, place: str) -> None:
        super().__init__(errno.ETIMEDOUT, f"{place} does not answer")
        self.place = place


class GivenUp(NoAnswer):
    """It was waited for in vain just now."""


class Looking:
    """Where one look is.

    Args:
        dead: The places that do not answer.

    Attributes:
        place: The file that is looked at now; "" before the first.
        steps: How many were.
    """

    __slots__ = ("_dead", "place", "steps")

    def __init__(self, dead: Mapping[str, int] | None = None) -> None:
        self._dead = {} if dead is None else dead
        self.place = ""
        self.steps = 0

    def at(self, place: str) -> None:
        """Say what will be looked at next.

        Raises:
            NoAnswer: Another look hangs there.
        """
        if self._dead and place in self._dead:
            raise NoAnswer(place)
        self.place = place
        self.steps += 1


class _Look:
    """One piece of work for a thread."""

    def __init__(self, work: Callable[[Looking], Any], looking: Looking, patience: float) -> None:
        loop = asyncio.get_running_loop()
        self.work = work
        self.looking = looking
        self.told: asyncio.Future[Any] = loop.create_future()
        self.patience = patience
        self.idle = 0
        """How often it was seen where it was before."""
        self.last = -1
        self.timer: asyncio.TimerHandle | None = None
        self.hangs_at = ""


class Lookers:
    """A few threads that look at the disk.

    Args:
        count: How many may look at once, those that hang not counted.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = 0
        self._busy = 0
        self._waiting: queue.SimpleQueue[_Look | None] = queue.SimpleQueue()
        self._dead: Counter[str] = Counter()

    async def run(self, work: Callable[[Looking], _Result], patience: float = PATIENCE) -> _Result:
        """Have something looked at in a thread.

        Args:
            work: Looks, and says where.
            patience: Seconds that it may stay in one place.

        Raises:
            GivenUp: It hangs; that it does is known from now on.
            OSError: What the work raises; EAGAIN, there is no room for a thread.
        """
        look = _Look(work, Looking(self._dead), patience)
        self._busy += 1
        try:
            if self._threads < min(self._count, self._busy):
                self._start()
        except RuntimeError:  # there is no room for one more
            if not self._threads:
                self._busy -= 1
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
        look.timer = asyncio.get_running_loop().call_later(_OFTEN, self._watch, look)
        self._waiting.put(look)
        result: _Result = await look.told
        return result

    def close(self) -> None:
        """Let the threads end that do not hang; those that do end with the process."""
        for _ in range(self._threads):
            self._waiting.put(None)
        self._threads = 0

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._serve, args=(loop,), name="looker", daemon=True).start()
        self._threads += 1

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be a thread."""
        while (look := self._waiting.get()) is not None:
            result, error = None, None
            try:
                result = look.work(look.looking)
            except Exception as raised:  # noqa: BLE001 - it is raised where the result is waited for
                error = raised
            try:
                loop.call_soon_threadsafe(self._looked, look, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more

    def _looked(self, look: _Look, result: Any, error: Exception | None) -> None:
        if look.timer is not None:
            look.timer.cancel()
        if look.hangs_at:
            self._revive(look.hangs_at)
        else:
            self._busy -= 1
        if look.told.done():
            return  # it was given up, or nobody waits any more
        if error is not None:
            look.told.set_exception(error)
        else:
            look.told.set_result(result)

    def _watch(self, look: _Look) -> None:
        """See whether a look gets on; one that no thread has begun yet is not late."""
        steps = look.looking.steps
        look.idle = look.idle + 1 if steps and steps == look.last else 0
        look.last = steps
        if look.idle * _OFTEN < look.patience:
            look.timer = asyncio.get_running_loop().call_later(_OFTEN, self._watch, look)
            return
        look.timer = None
        place = look.hangs_at = look.looking.place
        if not self._dead[place]:
            _log.warning("%s does not answer: it is left alone until it does", place)
        self._dead[place] += 1
        self._busy -= 1
        self._threads -= 1  # the one that hangs is none of those that we count on
        if not look.told.done():
            look.told.set_exception(GivenUp(place))
        try:
            self._start()
        except RuntimeError as error:
            _log.warning("no thread takes its place until somebody asks again: %s", error)

    def _revive(self, place: str) -> None:
        """Take note that a look which was given up has ended after all; its thread is one too many."""
        self._dead[place] -= 1
        if not self._dead[place]:
            del self._dead[place]
            _log.info("%s answers again", place)
        self._waiting.put(None)
