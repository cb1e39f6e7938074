"""Rows of cells, and every edit of one row as slicing of two strings.

A row is a tuple of its text, its styles and whether it wraps into the row below. Text and styles have one
code point for each cell. In the text that is the cell's character, or a stand-in for a cluster of several
(see `clusters`), or `RIGHT` in the right half of a wide character. In the styles it is the number of the
style (see `styles`).

Rows are immutable, so blank ones are shared, a copy of the screen is a copy of a list, and a row that went to
the scrollback cannot change behind it. Every function here keeps two promises: a row has as many cells as
before, and a `RIGHT` always follows the character that it is the half of.
"""

from __future__ import annotations

from functools import lru_cache

Row = tuple[str, str, int]
"""Text, styles, and whether the text goes on in the row below because it reached the right margin.

The last is `INNER` where that margin is not the screen's edge, or where what stood below is gone, and
`SKIPPED` where the text goes on below because a wide character found one cell only, which it left alone.
"""

INNER = -1
"""A row's mark: text went on below, but between side margins, or other text stands there now.

It makes no line of the two rows; reverse wraparound alone heeds it, as in xterm.
"""

SKIPPED = 2
"""A row's mark: the text goes on below, and the row's last cell is no part of it."""

RIGHT = "\0"
"""The cell to the right of a wide character. NUL is never printed, so no guest can write one."""

PLAIN = "\0"
"""The number of the default style, as it stands in a row's styles."""


@lru_cache(maxsize=4096)
def repeated(style: str, count: int) -> str:
    """The styles of `count` cells that all look the same; equal ones are one object."""
    return style * count


@lru_cache(maxsize=256)
def blank(columns: int, style: str = PLAIN) -> Row:
    """An empty row of `columns` cells; equal ones are one object."""
    return " " * columns, repeated(style, columns), False


def put(row: Row, x: int, text: str, styles: str) -> Row:
    """Overwrite cells from `x` on; of a pair that is only half overwritten the other half turns blank.

    Args:
        row: The row, with at least `x + len(text)` cells.
        x: The first cell, 0-based.
        text: The cells' text, not empty.
        styles: Their styles, of the same length.
    """
    old, old_styles, wraps = row
    end = x + len(text)
    head, tail = old[:x], old[end:]
    if old[x] == RIGHT:
        head = head[:-1] + " "
    if not tail:
        wraps = False
    elif tail[0] == RIGHT:
        tail = " " + tail[1:]
    return head + text + tail, old_styles[:x] + styles + old_styles[end:], wraps


def cut(row: Row, start: int, end: int) -> tuple[str, str]:
    """The cells from `start` up to, not including, `end`: text and styles; half pairs are blank."""
    text, styles, _ = row
    piece = text[start:end]
    if piece and piece[0] == RIGHT:
        piece = " " + piece[1:]
    if piece and end < len(text) and text[end] == RIGHT:
        piece = piece[:-1] + " "
    return piece, styles[start:end]


def erase(row: Row, start: int, end: int, style: str) -> Row:
    """Blank the cells from `start` up to, not including, `end`; nothing happens where that is empty."""
    count = end - start
    return put(row, start, " " * count, style * count) if count > 0 else row


def insert(row: Row, x: int, count: int, style: str) -> Row:
    """Shift the cells from `x` on right by `count` blank cells; what passes the right margin is lost.

    The text still goes on below if it did.
    """
    text, styles, wraps = row
    columns = len(text)
    count = min(count, columns - x)
    kept = text[x : columns - count]
    head = text[:x]
    if text[x] == RIGHT:
        head = head[:-1] + " "
        kept = " " + kept[1:] if kept else kept
    if kept and text[columns - count] == RIGHT:
        kept = kept[:-1] + " "
    if wraps == SKIPPED and kept[-1:] != " ":
        wraps = True
    return head + " " * count + kept, styles[:x] + style * count + styles[x : columns - count], wraps


def delete(row: Row, x: int, count: int, style: str) -> Row:
    """Remove `count` cells from `x` on; the cells behind them move left, blank ones come in at the right.

    The text still goes on below if it did.
    """
    text, styles, wraps = row
    count = min(count, len(text) - x)
    head, tail = text[:x], text[x + count :]
    if text[x] == RIGHT:
        head = head[:-1] + " "
    if tail.startswith(RIGHT):
        tail = " " + tail[1:]
    return head + tail + " " * count, styles[:x] + styles[x + count :] + style * count, wraps


def parted(row: Row) -> Row:
    """The row as the end of a line: the text that went on below is gone."""
    return (row[0], row[1], INNER) if row[2] > 0 else row


def fit(row: Row, columns: int) -> Row:
    """The row with exactly `columns` cells: cut at the right, or filled with blank default cells."""
    text, styles, wraps = row
    missing = columns - len(text)
    if missing == 0:
        return row
    if missing > 0:
        return text + " " * missing, styles + PLAIN * missing, wraps
    cut = text[:columns]
    if text[columns] == RIGHT:
        cut = cut[:-1] + " "
    return cut, styles[:columns], wraps


def trim(row: Row) -> Row:
    """The row without the blank cells at its end, as the scrollback keeps it; `fit` gives them back.

    A row that wraps is kept as it is: blanks at its end stand in the midst of a line.
    """
    text, styles, wraps = row
    if wraps:
        return row
    kept = text.rstrip(" ")
    length = len(kept)
    if styles == repeated(PLAIN, len(styles)):
        return kept, repeated(PLAIN, length), wraps
    length = max(length, len(styles.rstrip(PLAIN)))
    return text[:length], styles[:length], wraps


def is_blank(row: Row) -> bool:
    """Whether nothing at all is to be seen in the row, not even a coloured cell."""
    return row == blank(len(row[0]))


def difference(before: Row, now: Row) -> tuple[int, int] | None:
    """The cells in which two rows differ, from and up to, with wide characters whole; None where in none."""
    if before[:2] == now[:2]:
        return None
    length = len(now[0])
    if len(before[0]) != length:
        return 0, length
    olds, news = list(zip(*before[:2], strict=True)), list(zip(*now[:2], strict=True))
    start = next(x for x in range(length) if olds[x] != news[x])
    end = next(x for x in range(length, 0, -1) if olds[x - 1] != news[x - 1])
    if RIGHT in (before[0][start], now[0][start]):
        start -= 1
    if end < length and RIGHT in (before[0][end], now[0][end]):
        end += 1
    return start, end
