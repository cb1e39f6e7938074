"""The machine's side of a pseudo terminal: keys in, bytes out, never blocking the event loop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import struct
import termios
import tty
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from machined.host.simulated.shell.keys import Key, take_key

READ_SIZE = 65536
INPUT_LIMIT = 256 * 1024
"""Bytes of input that wait for a reader; with more the sender has to wait."""
OUTPUT_LIMIT = 64 * 1024
"""Bytes of output that wait for the other side to read; a program that writes more waits for it."""
BURST = 128 * 1024
"""Bytes that are written without a rest, so that a flood leaves time for everybody else."""
REST = 0.004
"""Seconds of that rest."""
ESCAPE_SECONDS = 0.05
"""How long a lone escape waits for the rest of a key."""
HANGUP_SECONDS = 0.5
"""How often a terminal that reads nothing for now looks whether the other side is still there."""
FAIR_KEYS = 200
"""Keys that are read in a row before others get their turn."""

Interrupt = Callable[[], object]


class Size(NamedTuple):
    """The size of a terminal's window in cells."""

    columns: int
    lines: int


class Terminal:
    """The slave end of a pseudo terminal in raw mode; what a line discipline does is done here.

    Args:
        fd: The slave's descriptor; the terminal owns it from here on.
        on_hangup: Called once when all masters are closed. Not called after `close`.
    """

    def __init__(self, fd: int, on_hangup: Callable[[], None]) -> None:
        self._fd = fd
        self._on_hangup = on_hangup
        self._loop = asyncio.get_running_loop()
        self._input = bytearray()
        self._output = bytearray()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._interrupt: Interrupt | None = None
        self._is_interrupted = False
        """Whether ctrl-c was pressed and what it is to end has not ended yet."""
        self._is_writing = False
        self._burst = 0
        self._keys_in_a_row = 0
        self._waited_with = 0
        self._hangup_timer: asyncio.TimerHandle | None = None
        tty.setraw(fd)
        os.set_blocking(fd, False)
        self._loop.add_reader(fd, self._on_readable)

    @property
    def is_closed(self) -> bool:
        """Whether the descriptor is closed."""
        return self._fd < 0

    @property
    def size(self) -> Size:
        """The window's size (TIOCGWINSZ, ioctl_tty(2)); 80 x 24 while nobody has said another."""
        try:
            answer = fcntl.ioctl(self._fd, termios.TIOCGWINSZ, bytes(8)) if not self.is_closed else bytes(8)
        except OSError:
            answer = bytes(8)  # EIO: the other side is gone; reading tells so too
        lines, columns = struct.unpack("HHHH", answer)[:2]
        return Size(min(columns, 1000) or 80, min(lines, 1000) or 24)

    @property
    def has_input(self) -> bool:
        """Whether something waits to be read."""
        return bool(self._input)

    @contextmanager
    def interrupting(self, interrupt: Interrupt) -> Iterator[None]:
        """Within it ctrl-c calls `interrupt` instead of being a key."""
        before = self._interrupt
        self._set_interrupt(interrupt)
        try:
            yield
        finally:
            self._set_interrupt(before)

    @contextmanager
    def all_keys(self) -> Iterator[None]:
        """Within it ctrl-c is a key, for programs that fill the screen."""
        before = self._interrupt
        self._set_interrupt(None)
        try:
            yield
        finally:
            self._set_interrupt(before)

    async def write(self, data: bytes) -> None:
        """Write bytes as they are; waits while the other side does not read.

        Raises:
            BrokenPipeError: The terminal is closed.
        """
        if self.is_closed:
            raise BrokenPipeError
        if self._is_interrupted:
            await asyncio.sleep(0)  # what is being ended has nothing more to say
            return
        self.write_now(data)
        self._burst += len(data)
        while len(self._output) > OUTPUT_LIMIT and not self.is_closed:
            self._drained.clear()
            await self._drained.wait()
        if self._burst >= BURST:
            self._burst = 0
            await asyncio.sleep(REST)

    def write_now(self, data: bytes) -> None:
        """Write a few bytes without waiting, such as what tidies up; none where the terminal is closed."""
        if not self.is_closed and len(self._output) <= 2 * OUTPUT_LIMIT:
            self._output += data
            self._flush()

    async def print(self, text: str) -> None:
        """Write text, with line feeds made carriage return and line feed (ONLCR, termios(3))."""
        await self.write(text.encode("utf-8", "replace").replace(b"\n", b"\r\n"))

    async def drain(self) -> None:
        """Wait until the other side has taken all that was written, or is gone."""
        while self._output and not self.is_closed:
            self._drained.clear()
            await self._drained.wait()

    async def read_key(self, *, takes_runs: bool = False) -> Key:
        """Wait for a key."""
        self._keys_in_a_row += 1
        if self._keys_in_a_row >= FAIR_KEYS:
            self._keys_in_a_row = 0
            await asyncio.sleep(0)
        is_final = False
        while (key := take_key(self._input, is_final=is_final, takes_runs=takes_runs)) is None:
            is_final = await self._wait_for_more()
        self._listen_again()
        return key

    async def read_key_or(self, other: Coroutine[None, None, object]) -> Key | None:
        """Wait for a key or for something else; None if that came first."""
        if self._input:
            other.close()
            return await self.read_key()
        key = asyncio.ensure_future(self.read_key())
        rival = asyncio.ensure_future(other)
        try:
            await asyncio.wait([key, rival], return_when=asyncio.FIRST_COMPLETED)
            return key.result() if key.done() else None
        finally:
            key.cancel()
            rival.cancel()
            await asyncio.gather(key, rival, return_exceptions=True)

    def close(self) -> None:
        """Let go of the descriptor; the other side reads EIO from then on (pty(7)). May be repeated."""
        if self.is_closed:
            return
        self._flush()
        fd, self._fd = self._fd, -1
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        if self._hangup_timer:
            self._hangup_timer.cancel()
        os.close(fd)
        self._drained.set()

    def _set_interrupt(self, interrupt: Interrupt | None) -> None:
        """Say what ctrl-c does; None makes it a key."""
        self._interrupt = interrupt
        self._is_interrupted = False
        if interrupt and b"\x03" in self._input:
            waiting = bytes(self._input)
            self._input.clear()
            self._take_in(waiting)

    async def _wait_for_more(self) -> bool:
        """Wait for input; whether what is there is all for now."""
        self._keys_in_a_row = 0
        self._arrived.clear()
        self._listen_again()
        if not self._input:
            await self._arrived.wait()
            return False
        try:
            async with asyncio.timeout(ESCAPE_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            return True
        return False

    def _on_readable(self) -> None:
        """Take in what was typed."""
        try:
            data = os.read(self._fd, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return  # woken for nothing: the loop calls again
        except OSError:
            data = b""  # EIO: the other side is closed (pty(7))
        if data:
            self._take_in(data)
        else:
            self._hang_up()

    def _take_in(self, data: bytes) -> None:
        """Keep input, or act on it at once."""
        if self._interrupt and b"\x03" in data:
            # As ISIG does without NOFLSH (termios(3)): what was typed before and what waits is dropped.
            data = data.rpartition(b"\x03")[2]
            self._input.clear()
            self._output.clear()
            self._output += b"^C"
            self._flush()
            self._is_interrupted = True
            self._interrupt()
        self._input += data
        self._arrived.set()
        if len(self._input) > INPUT_LIMIT and self._hangup_timer is None:
            self._loop.remove_reader(self._fd)
            self._look_later()

    def _listen_again(self) -> None:
        """Read once more after a time of too much input."""
        if self._hangup_timer and len(self._input) <= INPUT_LIMIT // 2 and not self.is_closed:
            self._hangup_timer.cancel()
            self._hangup_timer = None
            self._loop.add_reader(self._fd, self._on_readable)

    def _look_for_hangup(self) -> None:
        """See, without reading, whether the other side is still there."""
        poll = select.poll()
        poll.register(self._fd, 0)
        if poll.poll(0):
            self._hang_up()
            return
        if self._interrupt and len(self._input) == self._waited_with:
            self._input.clear()  # nobody reads at all, and ctrl-c must still come through
            self._listen_again()
            return
        self._look_later()

    def _look_later(self) -> None:
        """Look for a hang-up after a while."""
        self._waited_with = len(self._input)
        self._hangup_timer = self._loop.call_later(HANGUP_SECONDS, self._look_for_hangup)

    def _hang_up(self) -> None:
        """The other side is gone."""
        self.close()
        self._on_hangup()

    def _flush(self) -> None:
        """Write what the kernel takes."""
        while self._output:
            try:
                count = os.write(self._fd, self._output[:READ_SIZE])
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._output.clear()  # the other side is gone; reading tells so too
                break
            del self._output[:count]
        if bool(self._output) != self._is_writing:
            self._is_writing = not self._is_writing
            if self._is_writing:
                self._loop.add_writer(self._fd, self._flush)
            else:
                self._loop.remove_writer(self._fd)
        if len(self._output) <= OUTPUT_LIMIT // 2:
            self._drained.set()
