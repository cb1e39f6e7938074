"""Searching the lines of a terminal."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from machinedeck.term.history import History
from machinedeck.term.rows import RIGHT
from machinedeck.term.selecting import Spot

MOST_MATCHES = 10_000
"""Matches that are found at most; `is_cut` tells that there may be more."""

MOST_CELLS = 65_536
"""Cells of one line that are searched at most, however long it wraps on."""


class Match(NamedTuple):
    """Where the text was found: its first cell, and behind its last."""

    first: Spot
    end: Spot

    def span(self, line: int, columns: int) -> tuple[int, int] | None:
        """The cells of a line that belong to it."""
        if not self.first.line <= line <= self.end.line:
            return None
        start = self.first.column if line == self.first.line else 0
        end = self.end.column if line == self.end.line else columns
        return (start, end) if end > start else None


class Search:
    """All places where a pattern is found, in the order of the lines.

    A pattern without a capital letter finds capital ones too. Text that wraps is searched as one line.

    Args:
        history: Where to search.
        pattern: What to find.
        is_regex: Whether it is a regular expression (Python's `re`); else it is found as it is written.

    Raises:
        ValueError: The regular expression is wrong; the sentence says how.
    """

    def __init__(self, history: History, pattern: str, *, is_regex: bool = False) -> None:
        flags = 0 if any(character.isupper() for character in pattern) else re.IGNORECASE
        try:
            # Cells hold composed characters where there are such (see `drawing`).
            wanted = pattern if is_regex else re.escape(unicodedata.normalize("NFC", pattern))
            self._pattern = re.compile(wanted, flags)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error.msg}") from error
        self.matches: list[Match] = []
        self.is_cut = False
        if pattern:
            self._find(history)

    def _find(self, history: History) -> None:
        for match in _matches(history, self._pattern):
            if len(self.matches) == MOST_MATCHES:
                self.is_cut = True
                return
            self.matches.append(match)

    def on_line(self, line: int) -> Iterator[Match]:
        """The matches that a line has a part of."""
        at = bisect_left(self.matches, (line,), key=lambda match: (match.end.line,))
        while at < len(self.matches) and self.matches[at].first.line <= line:
            yield self.matches[at]
            at += 1

    def next_after(self, spot: Spot, by: int) -> int:
        """The number of the next match behind (1) or before (-1) a cell, going round at the end.

        Raises:
            IndexError: Nothing was found.
        """
        if not self.matches:
            raise IndexError("nothing was found")
        if by > 0:
            at = bisect_left(self.matches, (spot.line, spot.column + 1), key=lambda match: match.first)
        else:
            at = bisect_left(self.matches, (spot.line, spot.column), key=lambda match: match.first) - 1
        return at % len(self.matches)


def _matches(history: History, pattern: re.Pattern[str]) -> Iterator[Match]:
    line = 0
    while line < len(history):
        last, length = line, len(history.row(line)[0])
        while history.is_wrapped(last) and length < MOST_CELLS:
            last += 1
            length += len(history.row(last)[0])
        yield from _in_lines(history, line, last, pattern)
        line = last + 1


def _in_lines(history: History, first: int, last: int, pattern: re.Pattern[str]) -> Iterator[Match]:
    """Matches in lines that are one text."""
    cells = "".join(history.joining(line) for line in range(first, last)) + history.cells(last)
    text, places = _as_text(history, cells)
    starts = [0]
    for line in range(first, last):
        starts.append(starts[-1] + len(history.row(line)[0]))
    for found in pattern.finditer(text):
        if found.end() > found.start():
            begin, end = places[found.start()], places[found.end() - 1] + 1
            while end < len(cells) and cells[end] == RIGHT:
                end += 1
            yield Match(_spot(first, starts, begin), _end(first, starts, end))


def _as_text(history: History, cells: str) -> tuple[str, range | list[int]]:
    """The text of cells, and for each of its characters the cell that it is in."""
    if cells.isascii() and RIGHT not in cells:
        return cells, range(len(cells))
    texts, places = [], []
    for at, cell in enumerate(cells):
        text = history.plain(cell)
        texts.append(text)
        places += [at] * len(text)
    return "".join(texts), places


def _spot(first: int, starts: list[int], cell: int) -> Spot:
    at = next(at for at in range(len(starts) - 1, -1, -1) if starts[at] <= cell)
    return Spot(first + at, cell - starts[at])


def _end(first: int, starts: list[int], cell: int) -> Spot:
    """As `_spot`, of the cell behind a match: it stays in the match's last line."""
    spot = _spot(first, starts, cell - 1)
    return Spot(spot.line, spot.column + 1)
