"""What programs that fill the screen share: the alternate screen, lines that changed, keys and sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from machined.host.clock import Clock
from machined.host.simulated.shell.keys import Key
from machined.host.simulated.shell.layout import cut, width
from machined.host.simulated.shell.terminal import Terminal

LOOK_SECONDS = 1.0
"""How often the window's size is looked at: nobody tells us of a change."""

REVERSE, PLAIN = "\x1b[7m", "\x1b[0m"


class FullScreen:
    """The whole window of a terminal.

    Args:
        terminal: The terminal.
        clock: Says when to look at the window's size.
    """

    def __init__(self, terminal: Terminal, clock: Clock) -> None:
        self._terminal = terminal
        self._clock = clock
        self.size = terminal.size
        self._shown: list[str] = []

    @property
    def is_behind(self) -> bool:
        """Whether more keys wait: a picture may be left out then, the next has their effect too."""
        return self._terminal.has_input

    async def show(self, lines: Sequence[str], cursor: tuple[int, int] | None = None) -> None:
        """Show lines from the top; what is missing below is empty.

        Args:
            lines: As wide as the window at most; with colours, which end with the line.
            cursor: Its column and row; hidden where there is none.
        """
        output = ["\x1b[?25l"]
        for row in range(self.size.lines):
            line = lines[row] if row < len(lines) else ""
            if row < len(self._shown) and self._shown[row] == line:
                continue
            output.append(f"\x1b[{row + 1};1H{PLAIN}{line}{PLAIN}")
            if width(line) < self.size.columns:
                output.append("\x1b[K")
        self._shown = [lines[row] if row < len(lines) else "" for row in range(self.size.lines)]
        if cursor is not None:
            output.append(f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H\x1b[?25h")
        await self._terminal.write("".join(output).encode("utf-8", "replace"))

    async def next_event(self, seconds: float = 0, happening: asyncio.Event | None = None) -> Key | None:
        """Wait for a key; None when something else is over or the window has another size.

        Args:
            seconds: How long to wait; 0 for as long as nothing happens.
            happening: What else may happen.
        """
        left = seconds
        while True:
            pause = min(left, LOOK_SECONDS) if seconds else LOOK_SECONDS
            key = await self._terminal.read_key_or(_pause(self._clock, pause, happening))
            left -= pause
            has_changed = self.has_new_size()
            is_over = (seconds and left <= 0) or (happening and happening.is_set())
            if key or has_changed or is_over:
                return key

    def has_new_size(self) -> bool:
        """Look at the window's size; whether it has changed. All is drawn anew then."""
        size = self._terminal.size
        if size == self.size:
            return False
        self.size = size
        self._shown = []
        return True

    def bar(self, text: str) -> str:
        """A line in reverse, as wide as the window."""
        shown = cut(text, self.size.columns)
        return f"{REVERSE}{shown}{' ' * (self.size.columns - width(shown))}{PLAIN}"


@asynccontextmanager
async def full_screen(terminal: Terminal, clock: Clock) -> AsyncIterator[FullScreen]:
    """Have the alternate screen and all keys, and give both back."""
    with terminal.all_keys():
        await terminal.print("\x1b[?1049h\x1b[H\x1b[2J")
        try:
            yield FullScreen(terminal, clock)
        finally:
            terminal.write_now(f"{PLAIN}\x1b[?25h\x1b[?1049l".encode())


async def _pause(clock: Clock, seconds: float, happening: asyncio.Event | None) -> None:
    """Wait for a time, or for something that happens before."""
    if happening is None:
        await clock.sleep(seconds)
        return
    waits = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(happening.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
