"""All the lines of a terminal that can be looked at: its scrollback and its screen, as one list.

Lines count from 0, the oldest; columns from 0. A line number means another line once old lines were dropped
from a full scrollback: whoever keeps one moves it by what `Changes` tells.
"""

from __future__ import annotations

from machinedeck.term.rows import RIGHT, SKIPPED, Row
from machinedeck.term.terminal import Terminal

LONGEST_LINE = 500
"""Rows that a line is looked for to each side of one of them: this is asked for each line that is drawn."""


class History:
    """The lines of a terminal.

    Args:
        terminal: The terminal; it may go on.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __len__(self) -> int:
        return self._terminal.scrollback_length + self._terminal.lines

    @property
    def columns(self) -> int:
        """The width of the screen; lines of the scrollback may be shorter or longer."""
        return self._terminal.columns

    def row(self, line: int) -> Row:
        """A line as it is stored.

        Raises:
            IndexError: There is no such line.
        """
        length = self._terminal.scrollback_length
        if not 0 <= line < length + self._terminal.lines:
            raise IndexError(f"no line {line} of {len(self)}")
        screen = self._terminal.screen
        return screen.scrollback[line] if line < length else screen.rows[line - length]

    def cells(self, line: int) -> str:
        """A line with one character for each cell, the blank ones at its end left out."""
        return self.row(line)[0].rstrip(" ")

    def is_wrapped(self, line: int) -> bool:
        """Whether a line goes on in the one below, because it reached the right margin."""
        return self.row(line)[2] > 0 and line + 1 < len(self)

    def text(self, line: int, start: int = 0, end: int | None = None) -> str:
        """The text of some cells of a line; a wide character half of which is among them is there whole."""
        cells = self.row(line)[0]
        start, end = whole_cells(cells, start, len(cells) if end is None else end)
        return self.plain(self.joining(line)[start:end])

    def joining(self, line: int) -> str:
        """A line with one character for each cell, as it joins the one below.

        A cell that a wide character left alone because it needs two is none of the text.
        """
        cells, _, mark = self.row(line)
        return cells[:-1] + RIGHT if mark == SKIPPED and cells.endswith(" ") else cells

    def plain(self, cells: str) -> str:
        """Text of cells as it was written: clusters whole, right halves gone."""
        return self._terminal.screen.clusters.text(cells).replace(RIGHT, "")

    def first_of(self, line: int) -> int:
        """The line in which the text began that wraps into this one, `LONGEST_LINE` rows away at most."""
        least = max(0, line - LONGEST_LINE)
        while line > least and self.row(line - 1)[2] > 0:
            line -= 1
        return line

    def last_of(self, line: int) -> int:
        """The line in which the text ends that wraps from this one, `LONGEST_LINE` rows away at most."""
        most = line + LONGEST_LINE
        while line < most and self.is_wrapped(line):
            line += 1
        return line


def whole_cells(cells: str, start: int, end: int) -> tuple[int, int]:
    """A range of cells, made wider where it would cut a wide character in two."""
    start, end = max(0, start), min(len(cells), end)
    if 0 < start < len(cells) and cells[start] == RIGHT:
        start -= 1
    if 0 < end < len(cells) and cells[end] == RIGHT:
        end += 1
    return start, max(start, end)
