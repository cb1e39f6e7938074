"""Lines that were cut at the right margin, joined and cut anew for another width.

A line is one row, or several of which each but the last carries the mark of text that goes on below (see
`rows.Row`). Cutting keeps the two halves of a wide character together. What was erased in a colour up to the
right margin is no text: it is cut off where it does not fit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from machinedeck.term.rows import PLAIN, RIGHT, SKIPPED, Row, repeated, trim

Spot = tuple[int, int]
"""A row and a column of it; the column may be one behind the last."""


def rewrap(store: Sequence[Row], columns: int, spots: Sequence[Spot] = ()) -> tuple[list[Row], list[Spot]]:
    """Cut lines anew.

    Args:
        store: The rows of whole lines, except that the last may go on elsewhere.
        columns: The new width.
        spots: Places whose character should be found again. One behind the end of a line stays as far
            behind it as the width allows.

    Returns:
        The rows, without blanks at their ends, and where the spots are now.
    """
    fresh: list[Row] = []
    moved = list(spots)
    start = 0
    while start < len(store):
        end = start
        while store[end][2] > 0 and end + 1 < len(store):
            end += 1
        text, styles, bases = _join(store[start : end + 1])
        cuts = _cuts(text, columns)
        for number, (row, column) in enumerate(spots):
            if start <= row <= end:
                offset = bases[row - start] + column
                piece = bisect_right(cuts, offset) - 1
                moved[number] = (
                    len(fresh) + piece,
                    _column(offset - cuts[piece], columns, offset - len(text.rstrip(" "))),
                )
        fresh += _pieces(text, styles, cuts, columns)
        if store[end][2] > 0 and fresh:
            fresh[-1] = (*fresh[-1][:2], store[end][2])
        start = end + 1
    return fresh, moved


def rewrap_last(store: Sequence[Row], columns: int, most: int) -> list[Row]:
    """Cut lines anew, but only as many of the last as `most` rows hold.

    Args:
        store: The rows of whole lines, without the blanks at their ends.
        columns: The new width.
        most: How many rows are wanted.
    """
    fresh: list[Row] = []
    end = len(store)
    while end and len(fresh) < most:
        row = store[end - 1]
        start = end - 1
        while start and store[start - 1][2] > 0:
            start -= 1
        if start == end - 1 and len(row[0]) <= columns:
            fresh.append(row)
        else:
            text, styles, _ = _join(store[start:end])
            cuts = _cuts(text, columns)[-most:]
            fresh += reversed(_pieces(text, styles, cuts, columns))
        end = start
    del fresh[most:]
    fresh.reverse()
    return fresh


def _join(part: Sequence[Row]) -> tuple[str, str, list[int]]:
    """The text and styles of a line's rows, and where each row begins in it."""
    texts, codes, bases, length = [], [], [], 0
    for number, row in enumerate(part):
        text, styles, mark = row if number + 1 < len(part) else trim((row[0], row[1], False))
        if mark == SKIPPED and text.endswith(" "):
            text, styles = text[:-1], styles[:-1]
        texts.append(text)
        codes.append(styles)
        bases.append(length)
        length += len(text)
    return "".join(texts), "".join(codes), bases


def _cuts(text: str, columns: int) -> list[int]:
    """Where the rows of a line begin."""
    text = text.rstrip(" ")  # coloured blanks at the end are cut off, not wrapped
    if RIGHT not in text or columns < 2:
        return list(range(0, len(text), columns)) or [0]
    cuts = [0]
    while cuts[-1] + columns < len(text):
        cut = cuts[-1] + columns
        cuts.append(cut - 1 if text[cut] == RIGHT else cut)
    return cuts


def _pieces(text: str, styles: str, cuts: Sequence[int], columns: int) -> list[Row]:
    """A line's rows; a row that stops before a wide character is filled up."""
    if columns < 2 and RIGHT in text:
        # A wide character cannot be shown at all; both of its cells say so, as when it is drawn.
        text = "".join("\ufffd" if RIGHT in text[at : at + 2] else text[at] for at in range(len(text)))
    if styles == repeated(PLAIN, len(styles)):
        shared, full = repeated(PLAIN, columns), True
    else:
        shared, full = styles, False
    fresh: list[Row] = []
    for cut, following in pairwise(cuts):
        piece = text[cut:following]
        codes = shared if full else styles[cut:following]
        if following - cut < columns:
            fresh.append((piece + " ", codes if full else codes + PLAIN, SKIPPED))
        else:
            fresh.append((piece, codes, True))
    start, end = cuts[-1], cuts[-1] + columns
    last = text[start:end]
    fresh.append((last, repeated(PLAIN, len(last)) if full else styles[start:end], False))
    return fresh


def _column(column: int, columns: int, behind: int) -> int:
    """The column of a spot in its row; only right behind the last character it may be behind the row."""
    return min(column, columns if behind == 0 else columns - 1)
