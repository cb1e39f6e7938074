"""The pump: moves bytes between a pseudo-terminal and the event loop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections import deque
from collections.abc import Callable

READ_SIZE = 65536
"""Bytes that are read in one turn of the loop at most, so that other work gets its turn."""

QUEUE_LIMIT = 16 * 1024 * 1024
"""Bytes that may wait to be written to a guest that does not read."""

REOPEN_SECONDS = 0.05
"""How long a pump that outlives hang-ups waits before it looks whether the guest's side is open again."""

SIZE_LIMIT = 0xFFFF
"""The largest number of columns or lines that the kernel's window size can say."""


class PumpOverflowError(Exception):
    """A guest does not read, and more than `QUEUE_LIMIT` bytes would have to wait for it."""


class Pump:
    """Reads and writes the master side of a pseudo-terminal without ever blocking the loop.

    Args:
        fd: The master's descriptor. The pump owns it from here on and closes it; it is made non-blocking and
            close-on-exec.
        on_data: Called with what the guest wrote, at most `READ_SIZE` bytes at a time.
        on_end: Called once, when the guest is gone: all of its ends are closed. Not called after `close`.
        outlives_hangups: Whether closed ends are no end: a getty hangs its terminal up (vhangup(2)) before
            each login and opens it again. `on_end` is not called then, and the owner decides when to `close`.
    """

    def __init__(
        self,
        fd: int,
        *,
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        outlives_hangups: bool = False,
    ) -> None:
        self._fd = fd
        self._on_data = on_data
        self._on_end = on_end
        self._queue: deque[memoryview] = deque()
        self._waiting = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_reading = False
        self._is_paused = False
        self._has_ended = False
        self._outlives_hangups = outlives_hangups
        self._reopening: asyncio.TimerHandle | None = None
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)

    @property
    def is_closed(self) -> bool:
        """Whether the descriptor is closed."""
        return self._fd < 0

    @property
    def waiting(self) -> int:
        """How many bytes wait to be written."""
        return self._waiting

    def start(self) -> None:
        """Begin to read, and to write what waits, on the running loop.

        Raises:
            RuntimeError: No loop is running, or the pump is closed.
        """
        if self.is_closed:
            raise RuntimeError("the pump is closed")
        self._loop = asyncio.get_running_loop()
        self._watch_reading()
        if self._queue:
            self._loop.add_writer(self._fd, self._flush)

    def write(self, data: bytes) -> None:
        """Send bytes to the guest, now or when it reads; after the end or `close` they go nowhere.

        Raises:
            PumpOverflowError: More than `QUEUE_LIMIT` bytes would wait; none of `data` is sent.
        """
        if self.is_closed or self._has_ended or not data:
            return
        if self._waiting + len(data) > QUEUE_LIMIT:
            raise PumpOverflowError(f"{self._waiting} bytes wait unread, {len(data)} more are too many")
        was_empty = not self._queue
        self._queue.append(memoryview(bytes(data)))
        self._waiting += len(data)
        if was_empty and self._loop:
            self._flush()
            if self._queue and not self.is_closed:
                self._loop.add_writer(self._fd, self._flush)

    def resize(self, columns: int, lines: int) -> None:
        """Tell the guest its window's size (TIOCSWINSZ); nothing happens after the end or `close`."""
        if self.is_closed or self._has_ended:
            return
        width, height = (min(max(1, value), SIZE_LIMIT) for value in (columns, lines))
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def pause(self) -> None:
        """Stop reading: the guest waits once the kernel's buffer is full."""
        self._is_paused = True
        self._watch_reading()

    def resume(self) -> None:
        """Read again."""
        self._is_paused = False
        self._watch_reading()

    def close(self) -> None:
        """Stop, forget what waits, and close the descriptor; the guest gets a hang-up. May be repeated."""
        if self.is_closed:
            return
        self._stop()
        fd, self._fd = self._fd, -1
        os.close(fd)

    def _watch_reading(self) -> None:
        """Have the loop watch for input exactly if it should."""
        is_out = self._is_paused or self._has_ended or self.is_closed or self._reopening is not None
        should = self._loop is not None and not is_out
        if self._loop is None or should == self._is_reading:
            return
        if should:
            self._loop.add_reader(self._fd, self._read)
        else:
            self._loop.remove_reader(self._fd)
        self._is_reading = should

    def _read(self) -> None:
        """Read once."""
        try:
            data = os.read(self._fd, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return  # woken for nothing: the loop calls again
        except OSError:
            data = b""  # EIO: the last of the guest's ends was closed (pty(7)); any other error ends it too
        if data:
            self._on_data(data)
        elif self._outlives_hangups and self._loop:
            # Until the guest's side is open again the descriptor stays ready, and the loop would only spin.
            self._reopening = self._loop.call_later(REOPEN_SECONDS, self._reopen)
            self._watch_reading()
        else:
            self._end()

    def _reopen(self) -> None:
        """Look again after a hang-up."""
        self._reopening = None
        self._watch_reading()

    def _flush(self) -> None:
        """Write what the kernel takes."""
        while self._queue:
            chunk = self._queue[0]
            try:
                count = os.write(self._fd, chunk)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # The guest is gone. Reading tells so too, and only after the last of its output was read.
                self._drop_queue()
                return
            self._waiting -= count
            if count < len(chunk):
                self._queue[0] = chunk[count:]
            else:
                self._queue.popleft()
        self._drop_queue()

    def _drop_queue(self) -> None:
        """Forget what waits, and stop watching for room."""
        self._queue.clear()
        self._waiting = 0
        if self._loop and not self.is_closed:
            self._loop.remove_writer(self._fd)

    def _stop(self) -> None:
        """Leave the loop."""
        self._drop_queue()
        if self._reopening:
            self._reopening.cancel()
        self._has_ended = True
        self._watch_reading()

    def _end(self) -> None:
        """The guest is gone."""
        if not self._has_ended:
            self._stop()
            self._on_end()
