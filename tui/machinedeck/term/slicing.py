"""Work in slices of a few milliseconds, so that a flood of output never holds up keys and drawing.

What a pump reads is parsed here: the pump waits meanwhile, so that never more than one read is in memory and
the guest itself is held up by the kernel. All terminals share one turn of the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from machinedeck.term.pump import Pump

SLICE_SECONDS = 0.002
"""How long one turn of the event loop may be parsed."""

LEAST_BYTES, MOST_BYTES = 256, 65536
"""What is fed at once at least and at most."""


GIVE_WAY_SECONDS = 0.03
"""How long what waits to be parsed goes on waiting when a key was typed, so that it is on its way first."""

REST_SECONDS = 0.03
"""How long keys hold nothing up after that: what a key that is held down leads to has to be seen."""

FLOOD_SECONDS, FLOOD_BYTES = 0.1, 65536
"""Who writes more than so much in so long a time floods, and gives way; an echo or a picture does not."""


class Turns:
    """Lets everybody who has work do a slice of it, round and round, one in each turn of the event loop.

    Args:
        clock: Seconds that only go on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], bool]] = deque()
        self._next: asyncio.Handle | None = None
        self._quiet_until = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether whoever floods should do nothing now."""
        return self._clock() < self._quiet_until

    def give_way(self) -> None:
        """Do nothing for a moment, so that a key that was typed is not held up. From any thread."""
        now = self._clock()
        if now >= self._quiet_until + REST_SECONDS:
            self._quiet_until = now + GIVE_WAY_SECONDS

    def add(self, work: Callable[[], bool]) -> None:
        """Have `work` called, in the running loop, until it says that nothing is left (False)."""
        self._waiting.append(work)
        if self._next is None:
            self._plan()

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._quiet_until - self._clock()
        self._next = loop.call_later(wait, self._turn) if wait > 0 else loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        work = self._waiting.popleft()
        if work():
            self._waiting.append(work)
        if self._waiting and self._next is None:
            self._plan()


class Slicer:
    """Feeds a terminal what its pump reads, a slice at a time.

    Args:
        feed: Takes bytes in.
        turns: Shared by all terminals of a loop.
        on_fed: Called after each slice.
        clock: Seconds that only go on.
    """

    def __init__(
        self,
        feed: Callable[[bytes], None],
        turns: Turns,
        on_fed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._turns = turns
        self._on_fed = on_fed
        self._clock = clock
        self._data = memoryview(b"")
        self._size = 4096
        self._since = 0.0
        self._lately = 0
        self._is_flooding = False
        self._pump: Pump | None = None
        self._on_empty: Callable[[], None] | None = None

    @property
    def waiting(self) -> int:
        """Bytes that were read and are not parsed yet."""
        return len(self._data)

    def attach(self, pump: Pump) -> None:
        """The pump to hold up while there is work."""
        self._pump = pump

    def take(self, data: bytes) -> None:
        """Take in what was read; a little at once, the rest in slices."""
        is_idle = not self._data
        self._data = memoryview(data) if is_idle else memoryview(bytes(self._data) + data)
        self._count(len(data))
        # A pty gives 4 KiB at a time, so a flood is mostly parsed here, and it is here that it gives way.
        if is_idle and ((self._is_flooding and self._turns.is_quiet) or self._work()):
            if self._pump is not None:
                self._pump.pause()
            self._turns.add(self._work)

    def finish(self, then: Callable[[], None]) -> None:
        """Call back when all is parsed; at once, if it is."""
        if self._data:
            self._on_empty = then
        else:
            then()

    def drop(self) -> None:
        """Forget what waits."""
        self._data = memoryview(b"")
        self._on_empty = None

    def _work(self) -> bool:
        """Parse for the length of a slice; whether something is left."""
        began = self._clock()
        ends = began + SLICE_SECONDS
        now = began
        while self._data:
            piece = self._data[: self._size]
            self._feed(bytes(piece))
            self._data = self._data[len(piece) :]
            before, now = now, self._clock()
            self._adapt(len(piece), now - before)
            if now >= ends:
                break
        self._on_fed()
        if self._data:
            return True
        if self._pump is not None and not self._pump.is_closed:
            self._pump.resume()
        then, self._on_empty = self._on_empty, None
        if then is not None:
            then()
        return False

    def _count(self, size: int) -> None:
        """Note how much is written, to know a flood."""
        now = self._clock()
        if now - self._since > FLOOD_SECONDS:
            was_lately = now - self._since < 2 * FLOOD_SECONDS
            self._is_flooding = was_lately and self._lately > FLOOD_BYTES
            self._since, self._lately = now, 0
        self._lately += size
        if self._lately > FLOOD_BYTES:
            self._is_flooding = True

    def _adapt(self, size: int, seconds: float) -> None:
        """Choose the size of the next piece, so that it takes a quarter of a slice."""
        if size == self._size or seconds > SLICE_SECONDS:
            fitting = size * SLICE_SECONDS / 4 / max(seconds, 1e-6)
            self._size = int(min(MOST_BYTES, max(LEAST_BYTES, (self._size + fitting) / 2)))
