"""The terminal as a whole: bytes in, a picture and answers out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from machinedeck.term.modes import Modes
from machinedeck.term.rows import RIGHT, Row, repeated
from machinedeck.term.screen import Screen
from machinedeck.term.stream import Stream
from machinedeck.term.view import Cell, Changes, Cursor, Run, Shape

_SAME = re.compile(r"(.)\1*", re.DOTALL)
_SHAPES: tuple[Shape, ...] = ("block", "block", "block", "underline", "underline", "bar", "bar")


def _discard(answer: bytes) -> None:
    """Take an answer that nobody waits for."""


class Terminal:
    """A terminal emulator without a window (xterm's ways; `TERM=xterm-256color`).

    Args:
        columns: Width in cells; less than 1 counts as 1.
        lines: Height in cells; less than 1 counts as 1.
        scrollback: How many lines that scrolled off the top are kept.
        answer: Called with the bytes that a query of the guest is answered with, once for each answer.
        allows_resize: Whether the guest may change the size; a pane's belongs to the operator.
    """

    def __init__(
        self,
        columns: int,
        lines: int,
        *,
        scrollback: int = 10_000,
        answer: Callable[[bytes], None] | None = None,
        allows_resize: bool = False,
    ) -> None:
        self._answer = answer or _discard
        self._answers: list[bytes] = []
        size = max(1, columns), max(1, lines)
        self.screen = Screen(*size, scrollback, self._collect, allows_resize=allows_resize)
        self._stream = Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._shown = (self.cursor, self.title)

    def feed(self, data: bytes) -> None:
        """Take in what the guest wrote, cut anywhere; bytes that are no UTF-8 show as U+FFFD.

        Nothing in `data` makes it raise. Answers are given when all of it is on the screen, so an error of
        `answer` itself, which reaches the caller, costs no text.
        """
        self._stream.feed(self._decoder.decode(data))
        if self._answers:
            answers, self._answers = self._answers, []
            for answer in answers:
                self._answer(answer)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size; less than 1 counts as 1. See `Screen.resize` for what becomes of the content."""
        self.screen.resize(max(1, lines), max(1, columns))

    @property
    def columns(self) -> int:
        """The width in cells."""
        return self.screen.columns

    @property
    def lines(self) -> int:
        """The height in cells."""
        return self.screen.lines

    @property
    def display(self) -> list[str]:
        """The screen as `lines` strings of `columns` cells; a wide character is there once and fills two."""
        return self.screen.display

    @property
    def title(self) -> str:
        """The title that the guest set (OSC 0, 2): no control characters, 256 characters at most."""
        return self.screen.title

    @property
    def modes(self) -> Modes:
        """What the guest switched on and off. Read it; the guest alone writes it."""
        return self.screen.modes

    @property
    def cursor(self) -> Cursor:
        """Where the cursor is and how it looks."""
        caret, modes = self.screen.cursor, self.screen.modes
        return Cursor(
            caret.x, caret.y, modes.is_cursor_visible, _SHAPES[self.screen.shape], modes.is_blinking
        )

    @property
    def scrollback_length(self) -> int:
        """How many lines of scrollback can be shown: 0 while the alternate screen is."""
        return 0 if self.screen.modes.is_alternate else len(self.screen.scrollback)

    def cell(self, x: int, y: int) -> Cell:
        """The cell in column `x` of row `y` of the screen, 0-based.

        Raises:
            IndexError: The screen has no such cell.
        """
        if not (0 <= x < self.columns and 0 <= y < self.lines):
            raise IndexError(f"no cell {x}, {y} on a screen of {self.columns} x {self.lines}")
        text, styles, _ = self.screen.rows[y]
        shown = "" if text[x] == RIGHT else self.screen.clusters.text(text[x])
        return Cell(shown, self.screen.style_of(styles[x]))

    def runs(self, index: int) -> tuple[Run, ...]:
        """A line as runs of equal style.

        Args:
            index: 0 for the oldest line of the scrollback, up to `scrollback_length + lines - 1` for the last
            row of
                the screen. Screen rows are covered in their whole width; lines of the scrollback end with
                their last cell that is not blank, and may be of another width than the screen has now.

        Raises:
            IndexError: There is no such line.
        """
        length = self.scrollback_length
        if not 0 <= index < length + self.lines:
            raise IndexError(f"no line {index} of {length + self.lines}")
        return self._runs(
            self.screen.scrollback[index] if index < length else self.screen.rows[index - length]
        )

    def take_changes(self) -> Changes:
        """What changed since this was called last; what is told is forgotten."""
        screen = self.screen
        now = (self.cursor, self.title)
        before, self._shown = self._shown, now
        changes = Changes(
            lines=frozenset(screen.dirty),
            scrolled=screen.scrolled,
            cursor=now[0] != before[0],
            title=now[1] != before[1],
            bells=screen.bells,
            everything=screen.everything,
        )
        screen.dirty.clear()
        screen.scrolled = screen.bells = 0
        screen.everything = False
        return changes

    def _runs(self, row: Row) -> tuple[Run, ...]:
        """A row as runs of equal style."""
        text, styles, _ = row
        values, length = self.screen.styles.values, len(text)
        if RIGHT in text or not text.isascii():
            plain = self.screen.clusters.text
            return tuple(
                Run(plain(text[start:end]).replace(RIGHT, ""), end - start, values[ord(styles[start])])
                for match in _SAME.finditer(styles)
                for start, end in [match.span()]
            )
        if styles == repeated(styles[:1], length):
            return (Run(text, length, values[ord(styles[0])]),) if text else ()
        return tuple(
            Run(text[start:end], end - start, values[ord(styles[start])])
            for match in _SAME.finditer(styles)
            for start, end in [match.span()]
        )

    def _collect(self, answer: str) -> None:
        """Keep an answer until the feed is done. C1 controls are single bytes, as xterm sends them."""
        self._answers.append(answer.encode("latin-1"))
