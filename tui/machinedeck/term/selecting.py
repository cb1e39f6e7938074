"""What is selected in a terminal: between two cells, by words, by lines, or a block of columns."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from machinedeck.term.history import History, whole_cells
from machinedeck.term.rows import RIGHT

_JOINED = "-_./~:@%+#?&=$"
"""Characters that belong to a word beside letters and digits, so that paths and addresses are one."""

LONGEST_WORD = 2000
"""Cells that a word is looked for to each side of a cell."""


class Spot(NamedTuple):
    """A cell: its line and its column."""

    line: int
    column: int


class Reach(Enum):
    """What a selection takes of what lies between its ends."""

    CELLS = "cells"
    WORDS = "words"
    LINES = "lines"
    BLOCK = "block"


class Selection(NamedTuple):
    """A selection; both ends belong to it, and `head` is the one that moves."""

    anchor: Spot
    head: Spot
    reach: Reach = Reach.CELLS

    @property
    def first(self) -> Spot:
        """The end that comes first in the text."""
        return min(self.anchor, self.head)

    @property
    def last(self) -> Spot:
        """The end that comes last in the text."""
        return max(self.anchor, self.head)

    def moved(self, lines: int) -> Selection | None:
        """The same selection some lines further down (or up, if negative); None where all of it is gone."""
        if self.last.line + lines < 0:
            return None
        anchor, head = (
            Spot(spot.line + lines, spot.column) if spot.line + lines >= 0 else Spot(0, 0)
            for spot in (self.anchor, self.head)
        )
        return self._replace(anchor=anchor, head=head)

    def span(self, history: History, line: int) -> tuple[int, int] | None:
        """The cells of a line that are selected, from and up to, not including; None for none."""
        first, last = self._ends(history)
        if not first.line <= line <= last.line:
            return None
        cells, width = history.row(line)[0], max(history.columns, len(history.row(line)[0]))
        if self.reach is Reach.BLOCK:
            left, right = sorted((self.anchor.column, self.head.column))
            return _padded(cells, left, right + 1)
        if self.reach is Reach.LINES:
            return 0, width
        start = first.column if line == first.line else 0
        end = last.column + 1 if line == last.line else width
        return _padded(cells, start, end)

    def text(self, history: History) -> str:
        """What is selected as text; lines that only wrapped are joined again."""
        first, last = self._ends(history)
        parts: list[str] = []
        for line in range(max(0, first.line), min(len(history), last.line + 1)):
            span = self.span(history, line)
            text = history.text(line, *span) if span else ""
            is_joined = self.reach is not Reach.BLOCK and line < last.line and history.is_wrapped(line)
            parts.append(text if is_joined else text.rstrip(" "))
            if not is_joined and line < last.line:
                parts.append("\n")
        return "".join(parts) + ("\n" if self.reach is Reach.LINES else "")

    def _ends(self, history: History) -> tuple[Spot, Spot]:
        """The first and last cell, with words and lines whole where there are such lines still."""
        first, last = self.first, self.last
        if last.line >= len(history):
            return first, last
        if self.reach is Reach.WORDS:
            return word_at(history, first)[0], word_at(history, last)[1]
        if self.reach is Reach.LINES:
            return Spot(history.first_of(first.line), 0), Spot(history.last_of(last.line), history.columns)
        return first, last


def word_at(history: History, spot: Spot) -> tuple[Spot, Spot]:
    """The first and last cell of the word at a cell, or of the gap there; words go on where lines wrap.

    A word is looked for `LONGEST_WORD` cells to each side at most: this is asked for each line that is drawn.
    """
    return _end_of_word(history, spot, -1), _end_of_word(history, spot, 1)


def _end_of_word(history: History, spot: Spot, by: int) -> Spot:
    """The last cell of a word to the left (-1) or to the right (1)."""
    line, column = last = spot
    cells = history.joining(line)
    kind = _kind(cells[column]) if column < len(cells) else ""
    for _ in range(LONGEST_WORD):
        column += by
        if not 0 <= column < len(cells):
            if not (
                history.is_wrapped(line - 1) if by < 0 and line > 0 else by > 0 and history.is_wrapped(line)
            ):
                break
            line += by
            cells = history.joining(line)
            column = len(cells) - 1 if by < 0 else 0
        if not cells or _kind(cells[column]) != kind:
            break
        last = Spot(line, column)
    return last


@lru_cache(maxsize=1024)
def _kind(cell: str) -> str:
    """Blank, word or else the character itself: neighbours of one kind go together."""
    if cell.isspace():
        return ""
    return "word" if cell.isalnum() or cell in _JOINED or cell == RIGHT or ord(cell) > 127 else cell


def _padded(cells: str, start: int, end: int) -> tuple[int, int] | None:
    """Whole cells within a line; what lies behind its end stays selected, as blank cells."""
    if end <= start:
        return None
    begin, stop = whole_cells(cells, start, end)
    return (begin if start < len(cells) else start), max(stop, end)
