"""Where text stands on a terminal: cells, rows and columns."""

from __future__ import annotations

import re
from typing import NamedTuple

from wcwidth import wcwidth

_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1b\][^\x07]*\x07")


class Spot(NamedTuple):
    """A place on the terminal, counted from where something began."""

    row: int
    column: int


def cells(character: str) -> int:
    """How many cells a character takes; controls take none."""
    return max(0, wcwidth(character))


def width(text: str) -> int:
    """How many cells a text takes, without its escape sequences."""
    return sum(map(cells, _SEQUENCES.sub("", text)))


def advance(spot: Spot, text: str, columns: int) -> Spot:
    """Where the cursor is after `text`, on a terminal that wraps.

    After a character in the last column the spot is in column `columns`: terminals wrap with the next one.
    """
    row, column = spot
    for character in _SEQUENCES.sub("", text):
        if character == "\n":
            row, column = row + 1, 0
            continue
        size = cells(character)
        if column + size > columns:
            row, column = row + 1, 0
        column += size
    return Spot(row, column)


def cut(text: str, columns: int) -> str:
    """As much of a text, which holds no escape sequences, as fits into `columns` cells."""
    taken = 0
    for position, character in enumerate(text):
        taken += cells(character)
        if taken > columns:
            return text[:position]
    return text


def pad(text: str, columns: int) -> str:
    """A text of exactly `columns` cells."""
    shown = cut(text, columns)
    return shown + " " * (columns - width(shown))


def printable(text: str) -> str:
    """A text that shows and does nothing else: tabs become spaces, other controls are made visible."""
    expanded = text.expandtabs(8)
    if expanded.isprintable():
        return expanded
    return "".join(_visible(one) for one in expanded)


def _visible(character: str) -> str:
    """A character, or what stands for a control."""
    if ord(character) < 0x20:
        return f"^{chr(ord(character) + 64)}"
    return "?" if wcwidth(character) < 0 else character
