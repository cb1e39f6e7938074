"""The pager `less`, also as `more`."""

from __future__ import annotations

import asyncio

from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.fullscreen import PLAIN, REVERSE, FullScreen, full_screen
from machined.host.simulated.shell.keys import Key
from machined.host.simulated.shell.layout import cut, printable
from machined.host.simulated.shell.matching import Pattern, PatternError
from machined.host.simulated.shell.streams import TerminalSource

LINE_LIMIT = 200_000
"""Lines that are read at most."""
AHEAD = 2000
"""Lines that are read beyond what is shown."""
SEARCHED = 150_000
"""Steps of matching that one search may take."""
FAR = 10**9


async def less(call: Call) -> int:
    """Show a text page by page."""
    options = call.options("RSNFXiMe")
    operand = options.operands[0] if options.operands else "-"
    if operand == "-" and isinstance(call.streams.input, TerminalSource):
        raise UsageError("missing filename")
    if operand != "-":
        call.shell.files.read(
            call.shell.path(operand)
        )  # what cannot be read is said before the screen is taken
    if not call.is_on_terminal:
        async for part in call.chunks(operand):
            await call.write(part)
        return 0
    await page(call, "(standard input)" if operand == "-" else operand, operand)
    return 0


async def page(call: Call, title: str, operand: str, lines: list[str] | None = None) -> None:
    """Show a text, until its reader has had enough.

    Args:
        call: Whose terminal and files are meant.
        title: What is shown below the text.
        operand: The file, or `-` for the input.
        lines: The text itself in the place of both.
    """
    async with full_screen(call.shell.terminal, call.system.clock) as screen:
        pager = _Pager(screen, title)
        if lines is not None:
            pager.lines, pager.is_whole = lines, True
        reader = asyncio.ensure_future(pager.read(call, operand)) if lines is None else None
        try:
            await pager.run(call)
        finally:
            if reader:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)


class _Pager:
    """A text and what of it is on the screen."""

    def __init__(self, screen: FullScreen, title: str) -> None:
        self._screen = screen
        self._title = printable(title)
        self.lines: list[str] = []
        self.is_whole = False
        """Whether all was read."""
        self._first = 0
        self._left = 0
        """Cells that are scrolled to the right."""
        self._message = ""
        self._entry: str | None = None
        """What is typed of a search."""
        self._sign = "/"
        self._pattern: Pattern | None = None
        self._is_reading_all = False
        self._more_wanted = asyncio.Event()
        self._more_came = asyncio.Event()

    @property
    def _room(self) -> int:
        return max(1, self._screen.size.lines - 1)

    @property
    def _last_first(self) -> int:
        """The first line when the end is shown."""
        return max(0, len(self.lines) - self._room)

    async def read(self, call: Call, operand: str) -> None:
        """Read as far as it is wanted."""
        try:
            async for raw in call.lines(operand):
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                if len(self.lines) >= LINE_LIMIT:
                    break
                if len(self.lines) >= self._first + self._room:
                    self._more_came.set()
                while len(self.lines) > self._first + self._room + AHEAD and not self._is_reading_all:
                    self._more_wanted.clear()
                    await self._more_wanted.wait()
        finally:
            self.is_whole = True
            self._more_came.set()

    async def run(self, call: Call) -> None:
        """Show and read keys until `q`."""
        while True:
            if not self._screen.is_behind:
                await self._draw()
            key = await self._next_event()
            if key is None:
                if self._is_reading_all:
                    self._first = self._last_first
                    self._is_reading_all = not self.is_whole
                continue
            self._message = ""
            self._is_reading_all = False
            if self._entry is not None:
                self._type(key)
            elif key.text in {"q", "Q"} or key.name == "ctrl-c":
                return
            else:
                self._press(key)
            self._first = max(0, min(self._first, max(self._last_first, 0)))
            self._more_wanted.set()

    async def _next_event(self) -> Key | None:
        """A key, or None when the picture may be another: the size, or text that came."""
        if self.is_whole or (len(self.lines) >= self._first + self._room and not self._is_reading_all):
            return await self._screen.next_event()
        self._more_came.clear()
        return await self._screen.next_event(happening=self._more_came)

    def _press(self, key: Key) -> None:
        """Do what a key does."""
        room = self._room
        steps = {
            "down": 1,
            "enter": 1,
            "up": -1,
            "pagedown": room,
            "pageup": -room,
            "ctrl-f": room,
            "ctrl-b": -room,
        }
        letters = {"j": 1, "e": 1, "k": -1, "y": -1, " ": room, "f": room, "b": -room, "z": room, "w": -room}
        letters |= {"d": room // 2, "u": -(room // 2)}
        if key.text in {"g", "<"} or key.name == "home":
            self._first = 0
        elif key.text in {"G", ">"} or key.name == "end":
            self._first = FAR
            self._is_reading_all = not self.is_whole
        elif key.name in {"right", "left"}:
            self._left = max(0, self._left + (8 if key.name == "right" else -8))
        elif key.text in {"/", "?"}:
            self._entry, self._sign = "", key.text
        elif key.text in {"n", "N"}:
            self._search(is_backward=(key.text == "N") != (self._sign == "?"))
        elif key.text == "h":
            self._message = "q quit  / search  n next  g begin  G end  space, b: page"
        else:
            self._first += steps.get(key.name, letters.get(key.text, 0))

    def _type(self, key: Key) -> None:
        """Take a key of a search that is being typed."""
        entry = self._entry or ""
        if key.text:
            self._entry = (entry + key.text)[:80]
        elif key.name == "backspace" and entry:
            self._entry = entry[:-1]
        elif key.name == "enter":
            self._entry = None
            try:
                self._pattern = (
                    Pattern(entry, ignores_case=entry == entry.lower()) if entry else self._pattern
                )
            except PatternError as error:
                self._message = str(error)
                return
            self._search(is_backward=self._sign == "?")
        elif key.name in {"escape", "ctrl-c", "backspace"}:
            self._entry = None

    def _search(self, *, is_backward: bool) -> None:
        """Go to the next line that fits."""
        if self._pattern is None:
            self._message = "No previous regular expression"
            return
        step = -1 if is_backward else 1
        at = self._first + step
        budget = SEARCHED
        while 0 <= at < len(self.lines) and budget > 0:
            if self._pattern.search(self.lines[at]):
                self._first = at
                return
            budget -= 1 + self._pattern.cost(self.lines[at])
            at += step
        self._message = "Pattern not found  (press RETURN)"

    async def _draw(self) -> None:
        """Show the page."""
        columns = self._screen.size.columns
        shown = [self._shown(line, columns) for line in self.lines[self._first : self._first + self._room]]
        shown += ["~"] * (self._room - len(shown))
        is_end = self.is_whole and self._first >= self._last_first
        if self._entry is not None:
            status = cut(self._sign + printable(self._entry), columns - 1)
        elif self._message:
            status = f"{REVERSE}{cut(self._message, columns)}{PLAIN}"
        else:
            text = f"{self._title} lines {self._first + 1}-{min(len(self.lines), self._first + self._room)}"
            total = f"/{len(self.lines)}" if self.is_whole else ""
            status = f"{REVERSE}{cut(f'{text}{total}' + (' (END)' if is_end else ''), columns)}{PLAIN}"
        await self._screen.show([*shown, status])

    def _shown(self, line: str, columns: int) -> str:
        """A line as it is shown, with what was searched for in reverse."""
        text = printable(line[: columns * 8 + self._left])
        if self._left:
            text = text[self._left :]
        text = cut(text, columns)
        if self._pattern is None or not (span := self._pattern.search(text)) or span[0] == span[1]:
            return text
        return f"{text[: span[0]]}{REVERSE}{text[span[0] : span[1]]}{PLAIN}{text[span[1] :]}"


PROGRAMS = [
    Program("less", "read a text page by page", less, "[FILE]"),
    Program("more", "read a text page by page", less, "[FILE]"),
]
