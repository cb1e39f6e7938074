"""Searching the lines of a terminal."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from machinedeck.expressions import TooLongError, read_expression, tried_for
from machinedeck.term.history import History
from machinedeck.term.rows import RIGHT
from machinedeck.term.selecting import Spot

MOST_MATCHES = 10_000
"""Matches that are found at most; `is_cut` tells that there may be more."""

MOST_CELLS = 8192
"""Cells that are searched as one text at most, however long a line wraps on.

What a regular expression takes for a line may grow with the square of its length.
"""

MOST_SECONDS = 0.5
"""How long is searched at most: nothing else is done meanwhile. The newest lines are searched first."""


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
        flags = re.NOFLAG if any(character.isupper() for character in pattern) else re.IGNORECASE
        try:
            # Cells hold composed characters where there are such (see `drawing`).
            wanted = pattern if is_regex else re.escape(unicodedata.normalize("NFC", pattern))
            self._pattern = read_expression(wanted, flags)
        except ValueError as error:
            raise ValueError(f"not a regular expression: {error}") from error
        self.matches: list[Match] = []
        self.is_cut = False
        self.is_late = False
        """Whether the search was ended because it took too long: then it would again."""
        if pattern:
            self._find(history)

    def _find(self, history: History) -> None:
        found: list[list[Match]] = []
        try:
            with tried_for(MOST_SECONDS):
                self.is_cut = self._collect(history, found)
        except TooLongError:
            self.is_cut = self.is_late = True
        self.matches = [match for matches in reversed(found) for match in matches]

    def _collect(self, history: History, found: list[list[Match]]) -> bool:
        """Put what is found into lists, one of each text, the newest first; whether that is not all."""
        room = MOST_MATCHES
        for first, last in reversed(_texts(history)):
            matches = list(_in_lines(history, first, last, self._pattern))
            found.append(matches[-room:] if room else [])
            if len(matches) > room:
                return True
            room -= len(matches)
        return False

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


def _texts(history: History) -> list[tuple[int, int]]:
    """The first and the last line of each text that wraps, or of each part of a very long one."""
    texts: list[tuple[int, int]] = []
    line = 0
    while line < len(history):
        last, length = line, len(history.row(line)[0])
        while history.is_wrapped(last) and length < MOST_CELLS:
            last += 1
            length += len(history.row(last)[0])
        texts.append((line, last))
        line = last + 1
    return texts


def _in_lines(history: History, first: int, last: int, pattern: re.Pattern[str]) -> Iterator[Match]:
    """Matches in lines that are one text."""
    cells = "".join(history.joining(line) for line in range(first, last)) + history.cells(last)
    text = history.plain(cells)
    places: range | list[int] | None = None
    starts = [0]
    for line in range(first, last):
        starts.append(starts[-1] + len(history.row(line)[0]))
    for found in pattern.finditer(text):
        if found.end() > found.start():
            places = places or _places(history, cells)
            begin, end = places[found.start()], places[found.end() - 1] + 1
            while end < len(cells) and cells[end] == RIGHT:
                end += 1
            yield Match(_spot(first, starts, begin), _end(first, starts, end))


def _places(history: History, cells: str) -> range | list[int]:
    """For each character of the text of cells the cell that it is in."""
    if cells.isascii() and RIGHT not in cells:
        return range(len(cells))
    return [at for at, cell in enumerate(cells) for _ in history.plain(cell)]


def _spot(first: int, starts: list[int], cell: int) -> Spot:
    at = next(at for at in range(len(starts) - 1, -1, -1) if starts[at] <= cell)
    return Spot(first + at, cell - starts[at])


def _end(first: int, starts: list[int], cell: int) -> Spot:
    """As `_spot`, of the cell behind a match: it stays in the match's last line."""
    spot = _spot(first, starts, cell - 1)
    return Spot(spot.line, spot.column + 1)
