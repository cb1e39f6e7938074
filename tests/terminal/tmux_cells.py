"""A tmux of our own as a second emulator: the same bytes in, its cells and cursor out."""

from __future__ import annotations

import os
import re
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import until

GRAPHICS = dict(zip("`afghijklmnopqrstuvwxyz{|}~", "◆▒°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", strict=True))
"""What tmux keeps as a letter with the attribute of DEC's line drawing."""

MARKS = {"Mn", "Me", "Cf"}
"""The categories of characters that have no cell of their own."""

_TOKENS = re.compile(r"\x1b\[([0-9:;]*)m|([\x0e\x0f])|(.)", re.DOTALL)


@dataclass(frozen=True)
class Look:
    """How a cell looks, in words of our own: neither emulator's."""

    fg: object = None
    bg: object = None
    line: object = None
    attributes: frozenset[str] = frozenset()


ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 5: "blink", 7: "reverse", 8: "conceal", 9: "strike"}
ATTRIBUTES[53] = "overline"
OFF = {22: "bold dim", 23: "italic", 24: "underline", 25: "blink", 27: "reverse", 28: "conceal", 29: "strike"}


def looks(parameters: str, look: Look) -> Look:
    """What SGR as tmux writes it does; only what tmux writes is known."""
    names = {38: "fg", 48: "bg", 58: "line"}
    parts = [[int(number or 0) for number in part.split(":")] for part in parameters.split(";")]
    flat = list(parts)
    values: dict[str, Any] = {"fg": look.fg, "bg": look.bg, "line": look.line}
    attributes = set(look.attributes)
    while flat:
        code, *rest = flat.pop(0)
        if code == 0:
            values, attributes = {"fg": None, "bg": None, "line": None}, set()
        elif code in names:
            numbers = rest or [flat.pop(0)[0] for _ in range(2 if flat[0][0] == 5 else 4)]
            values[names[code]] = numbers[1] if numbers[0] == 5 else tuple(numbers[-3:])
        elif code in {4, 21}:
            attributes = {one for one in attributes if not one.startswith("underline")}
            attributes.add(f"underline{rest[0] if rest else 1 if code == 4 else 2}")
        elif code in ATTRIBUTES:
            attributes.add(ATTRIBUTES[code])
        elif code in OFF:
            attributes = {one for one in attributes if one.rstrip("12345") not in OFF[code].split()}
        elif code in (39, 49, 59):
            values[{39: "fg", 49: "bg", 59: "line"}[code]] = None
        elif 30 <= code < 48:
            values["fg" if code < 40 else "bg"] = code % 10
        elif 90 <= code < 108:
            values["fg" if code < 100 else "bg"] = code % 10 + 8
        else:
            raise AssertionError(f"tmux wrote SGR {parameters}")
    return Look(**values, attributes=frozenset(attributes))


def parsed(captured: str) -> list[list[tuple[str, Look]]]:
    """The cells of captured lines; tmux lets the look of a line's end go on in the next."""
    look, is_graphic = Look(), False
    rows = []
    for line in captured.split("\n")[:-1]:
        cells: list[tuple[str, Look]] = []
        for sgr, shift, character in _TOKENS.findall(line):
            if character and cells and unicodedata.category(character) in MARKS:
                text, before = cells[-1]
                cells[-1] = unicodedata.normalize("NFC", text + character), before
            elif character:
                cells.append((GRAPHICS.get(character, character) if is_graphic else character, look))
            elif shift:
                is_graphic = shift == "\x0e"
            else:
                look = looks(sgr, look)
        rows.append(cells)
    return rows


class Tmux:
    """A server of its own with one window that shows what is written to it, as it is.

    Args:
        folder: For its socket and its pipe; short enough a path for a socket.
        columns: The width.
        lines: The height.
    """

    def __init__(self, folder: Path, columns: int, lines: int) -> None:
        self._command = ["tmux", "-u", "-f", "/dev/null", "-S", str(folder / "socket")]
        self._environment = {**os.environ, "LANG": "C.UTF-8"}
        self._environment.pop("TMUX", None)
        self._columns = columns
        self._done = folder / "done"
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR)
        self._writes = 0
        # Keys and answers would be echoed into the picture, and line feeds changed on their way.
        shown = f"stty raw -echo; touch {self._done}; exec cat {pipe}"
        size = ("-x", str(columns), "-y", str(lines))
        self.ask("new-session", "-d", *size, shown)
        self.ask("set", "-g", "status", "off")
        self.ask("set", "-g", "remain-on-exit", "on")
        self.ask("resize-window", *size)

    def ask(self, *arguments: str) -> str:
        """What a command of tmux prints."""
        command = [*self._command, *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=self._environment, timeout=30
        ).stdout

    async def write(self, data: bytes) -> None:
        """Show bytes, and wait until all of them are shown."""
        await until(self._done.exists)
        self._writes += 1
        mark = f"shown {self._writes}"
        waiting = memoryview(data + f"\x1b]2;{mark}\x07".encode())
        while waiting:
            waiting = waiting[os.write(self._pipe, waiting[:4096]) :]
        await until(lambda: self.ask("display", "-p", "#{pane_title}").strip() == mark, 20)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row."""
        x, y = self.ask("display", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(x), int(y)

    def rows(self) -> list[list[tuple[str, Look]]]:
        """The screen's cells; the right half of a wide character is left out.

        What was only erased at the end of a row is left out too, with its colour.
        """
        return parsed(self.ask("capture-pane", "-e", "-p", "-N"))

    async def last_rows(self) -> list[list[tuple[str, Look]]]:
        """As `rows`, but with all of a row's cells but the last, if that was erased; spoils the picture.

        A character in the last column makes tmux tell the looks of the erased cells before it.
        """
        before = self.rows()
        marks = "".join(f"\x1b[{y + 1};{self._columns}H|" for y in range(len(before)))
        await self.write(b"\x1b[?6l\x1b[4l\x1b(B\x0f\x1b[0m" + marks.encode())
        return [
            row + full[len(row) : -1] if len(row) < len(full) else row
            for row, full in zip(before, self.rows(), strict=True)
        ]

    def close(self) -> None:
        """End it."""
        subprocess.run([*self._command, "kill-server"], check=False, capture_output=True)
        os.close(self._pipe)
