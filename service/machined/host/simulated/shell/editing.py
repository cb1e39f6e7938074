"""The line editor: what is typed at a prompt (readline(3), emacs mode)."""

from __future__ import annotations

import re
from collections.abc import Callable

from machined.host.simulated.shell.completing import Completion
from machined.host.simulated.shell.keys import Key
from machined.host.simulated.shell.layout import Spot, advance, cells, printable, width
from machined.host.simulated.shell.terminal import Terminal

PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Have the terminal put marks around what is pasted (ctlseqs, "Bracketed Paste Mode")."""
LINE_LIMIT = 16_384
"""Characters of one line."""
BELL = "\x07"


class InterruptedLineError(Exception):
    """The line was given up with ctrl-c."""


class LineEditor:
    """Reads lines.

    Args:
        terminal: Where from.
        history: The lines of before, oldest first; whoever uses the editor adds to it.
        complete: Tells how a line can go on at a position.
    """

    def __init__(
        self, terminal: Terminal, history: list[str], complete: Callable[[str, int], Completion]
    ) -> None:
        self._terminal = terminal
        self._history = history
        self._complete = complete
        self._prompt = ""
        self._text = ""
        self._at = 0
        self._row = 0
        """Of the cursor, counted from the row of the prompt."""
        self._shown: tuple[str, int] | None = None
        self._browsed = 0
        self._draft = ""
        self._killed = ""
        self._is_pasting = False
        self._was_tab = False
        self._actions = self._action_table()

    async def read(self, prompt: str) -> str | None:
        """Read a line.

        Returns:
            The line without its end; None for ctrl-d on an empty line.

        Raises:
            InterruptedLineError: Ctrl-c was pressed.
        """
        self._prompt, self._text, self._at, self._row = prompt, "", 0, 0
        self._browsed, self._draft, self._shown = len(self._history), "", None
        await self._terminal.print(PASTE_ON)
        await self._draw()
        while True:
            key = await self._terminal.read_key(takes_runs=True)
            if self._is_pasting:
                key = _as_pasted(key)
            if key.name in {"enter", "ctrl-c"} or (key.name == "ctrl-d" and not self._text):
                break
            await self._press(key)
            if not self._terminal.has_input:
                await self._draw()
        self._at = len(self._text)
        await self._draw()
        await self._terminal.print("^C\n" if key.name == "ctrl-c" else "\n")
        await self._terminal.print(PASTE_OFF)
        if key.name == "ctrl-c":
            raise InterruptedLineError
        return None if key.name == "ctrl-d" else self._text

    async def _press(self, key: Key) -> None:
        """Do what a key does."""
        if key.text:
            self._insert(key.text)
        elif key.name == "tab":
            await self._tab()
        elif key.name == "ctrl-l":
            await self._terminal.print("\x1b[H\x1b[2J")
            self._row, self._shown = 0, None
        elif action := self._actions.get(key.name):
            action()
        self._was_tab = key.name == "tab"

    def _action_table(self) -> dict[str, Callable[[], None]]:
        """What keys do that need no answer."""
        table: dict[tuple[str, ...], Callable[[], None]] = {
            ("left", "ctrl-b"): lambda: self._go(self._before(self._at)),
            ("right", "ctrl-f"): lambda: self._go(self._after(self._at)),
            ("home", "ctrl-a"): lambda: self._go(0),
            ("end", "ctrl-e"): lambda: self._go(len(self._text)),
            ("ctrl-left", "alt-b", "alt-left"): lambda: self._go(self._word_before()),
            ("ctrl-right", "alt-f", "alt-right"): lambda: self._go(self._word_after()),
            ("backspace",): lambda: self._delete(self._before(self._at), self._at),
            ("delete", "ctrl-d"): lambda: self._delete(self._at, self._after(self._at)),
            ("ctrl-k",): lambda: self._kill(self._at, len(self._text)),
            ("ctrl-u",): lambda: self._kill(0, self._at),
            ("ctrl-w",): lambda: self._kill(self._blank_before(), self._at),
            ("alt-backspace",): lambda: self._kill(self._word_before(), self._at),
            ("alt-d",): lambda: self._kill(self._at, self._word_after()),
            ("ctrl-y",): lambda: self._insert(self._killed),
            ("ctrl-t",): self._transpose,
            ("up", "ctrl-p"): lambda: self._browse(self._browsed - 1),
            ("down", "ctrl-n"): lambda: self._browse(self._browsed + 1),
            ("alt-<",): lambda: self._browse(0),
            ("alt->",): lambda: self._browse(len(self._history)),
            ("paste-begin",): lambda: self._set_pasting(True),
            ("paste-end",): lambda: self._set_pasting(False),
        }
        return {name: action for names, action in table.items() for name in names}

    def _set_pasting(self, is_pasting: bool) -> None:
        self._is_pasting = is_pasting

    def _insert(self, text: str) -> None:
        """Put text at the cursor."""
        kept = "".join(
            one for one in text.replace("\t", "    ") if one == "\n" or one.isprintable() or one == "\u200d"
        )
        kept = kept[: LINE_LIMIT - len(self._text)]
        self._text = self._text[: self._at] + kept + self._text[self._at :]
        self._at += len(kept)

    def _go(self, position: int) -> None:
        self._at = position

    def _delete(self, start: int, end: int) -> None:
        self._text = self._text[:start] + self._text[end:]
        self._at = start

    def _kill(self, start: int, end: int) -> None:
        """Delete and keep for ctrl-y."""
        self._killed = self._text[start:end] or self._killed
        self._delete(start, end)

    def _transpose(self) -> None:
        """Swap the two characters before the cursor."""
        if self._at >= 2 or (self._at == 1 and len(self._text) > 1):
            at = min(self._at + 1, len(self._text))
            pair = self._text[at - 2 : at]
            self._text = self._text[: at - 2] + pair[::-1] + self._text[at:]
            self._at = at

    def _browse(self, number: int) -> None:
        """Show a line of the history; past its end what was being typed."""
        if not 0 <= number <= len(self._history):
            return
        if self._browsed == len(self._history):
            self._draft = self._text
        self._browsed = number
        self._text = self._history[number] if number < len(self._history) else self._draft
        self._at = len(self._text)

    def _before(self, position: int) -> int:
        """The position one character to the left, marks that take no cell skipped."""
        position = max(0, position - 1)
        while position and _is_mark(self._text[position]):
            position -= 1
        return position

    def _after(self, position: int) -> int:
        """The position one character to the right."""
        position = min(len(self._text), position + 1)
        while position < len(self._text) and _is_mark(self._text[position]):
            position += 1
        return position

    def _word_before(self) -> int:
        found = list(re.finditer(r"\w+", self._text[: self._at]))
        return found[-1].start() if found else 0

    def _word_after(self) -> int:
        match = re.compile(r"\w+").search(self._text, self._at)
        return match.end() if match else len(self._text)

    def _blank_before(self) -> int:
        found = list(re.finditer(r"\S+", self._text[: self._at]))
        return found[-1].start() if found else 0

    async def _tab(self) -> None:
        """Complete the word before the cursor; at the second time in a row list what it could become."""
        completion = self._complete(self._text, self._at)
        if completion.added:
            self._insert(completion.added)
        elif completion.choices and self._was_tab:
            at, self._at = self._at, len(self._text)
            await self._draw()
            await self._terminal.print("\n" + _in_columns(completion.choices, self._terminal.size.columns))
            self._at, self._row, self._shown = at, 0, None
        elif not self._was_tab:
            await self._terminal.print(BELL)

    async def _draw(self) -> None:
        """Show the line as it is now."""
        columns = self._terminal.size.columns
        state = (self._text, self._at)
        if state == self._shown:
            return
        start = advance(Spot(0, 0), self._prompt, columns)
        before = self._text[: self._at]
        if self._shown and self._is_append(self._shown, start, columns):
            await self._terminal.print(self._text[len(self._shown[0]) :])
            self._shown = state
            return
        end = advance(start, self._text, columns)
        cursor = advance(start, before, columns)
        output = f"{self._prompt}{self._text}"
        if self._shown is not None:
            output = (f"\x1b[{self._row}A" if self._row else "") + "\r\x1b[J" + output
        if end.column == columns:
            output += " \r\x1b[K"  # the terminal wraps with the next character: have it done
            end = Spot(end.row + 1, 0)
        if cursor.column == columns:
            cursor = Spot(cursor.row + 1, 0)
        if end.row > cursor.row:
            output += f"\x1b[{end.row - cursor.row}A"
        if cursor != end:
            output += "\r" + (f"\x1b[{cursor.column}C" if cursor.column else "")
        self._row = cursor.row
        self._shown = state
        await self._terminal.print(output)

    def _is_append(self, shown: tuple[str, int], start: Spot, columns: int) -> bool:
        """Whether only text was added at the end of what is shown, within one row."""
        text, at = shown
        if not (at == len(text) and self._at == len(self._text) and self._text.startswith(text)):
            return False
        added = self._text[len(text) :]
        end = advance(start, self._text, columns)
        return end.row == self._row and end.column < columns and "\n" not in added and all(map(cells, added))


def _is_mark(character: str) -> bool:
    """Whether a character belongs to the one before it."""
    return character != "\n" and not cells(character)


def _as_pasted(key: Key) -> Key:
    """What a key means within a paste: text and nothing else."""
    if key.name == "paste-end" or key.text:
        return key
    return Key("", {"enter": "\n", "tab": "\t"}.get(key.name, ""))


def _in_columns(choices: list[str], columns: int) -> str:
    """Names side by side, sorted down the columns."""
    shown = [printable(choice) for choice in choices[:500]]
    size = max(map(width, shown)) + 2
    count = max(1, columns // size)
    rows = -(-len(shown) // count)
    lines = []
    for row in range(rows):
        names = shown[row::rows]
        lines.append("".join(name + " " * (size - width(name)) for name in names).rstrip())
    return "\n".join(lines) + "\n"
