"""What is selected in a terminal: between two cells, by words, by lines, or a block of columns."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from machinedeck.term.history import History, whole_cells

_JOINED = "-_./~:@%+#?&=$"
"""Characters that belong to a word beside letters and digits, so that paths and addresses are one."""


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
        """The first and last cell, with words and lines whole."""
        first, last = self.first, self.last
        if self.reach is Reach.WORDS:
            return word_at(history, first)[0], word_at(history, last)[1]
        if self.reach is Reach.LINES:
            return Spot(history.first_of(first.line), 0), Spot(history.last_of(last.line), history.columns)
        return first, last


def word_at(history: History, spot: Spot) -> tuple[Spot, Spot]:
    """The first and last cell of the word at a cell, or of the gap there; words go on where lines wrap."""
    kind = _kind(history, spot)
    first = last = spot
    while (before := _before(history, first)) is not None and _kind(history, before) == kind:
        first = before
    while (after := _after(history, last)) is not None and _kind(history, after) == kind:
        last = after
    return first, last


def _kind(history: History, spot: Spot) -> str:
    """Blank, word or else the character itself: neighbours of one kind go together."""
    cells = history.row(spot.line)[0]
    start, end = whole_cells(cells, spot.column, spot.column + 1)
    text = history.plain(cells[start:end])
    if not text.strip():
        return ""
    return "word" if text[0].isalnum() or text[0] in _JOINED or ord(text[0]) > 127 else text


def _before(history: History, spot: Spot) -> Spot | None:
    if spot.column > 0:
        return Spot(spot.line, spot.column - 1)
    if spot.line > 0 and history.is_wrapped(spot.line - 1):
        return Spot(spot.line - 1, len(history.row(spot.line - 1)[0]) - 1)
    return None


def _after(history: History, spot: Spot) -> Spot | None:
    if spot.column + 1 < max(len(history.row(spot.line)[0]), 1):
        return Spot(spot.line, spot.column + 1)
    return Spot(spot.line + 1, 0) if history.is_wrapped(spot.line) else None


def _padded(cells: str, start: int, end: int) -> tuple[int, int] | None:
    """Whole cells within a line; what lies behind its end stays selected, as blank cells."""
    if end <= start:
        return None
    begin, stop = whole_cells(cells, start, end)
    return (begin if start < len(cells) else start), max(stop, end)
