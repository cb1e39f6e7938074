"""What a table shows: keys in order, and the row of each, made when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, overload

HEAD_MARK = "\0"
"""What the keys of head lines begin with. They stand above groups; the cursor passes over them."""

MOST_MADE = 500
"""Rows that are kept after they were made."""


class Cell(NamedTuple):
    """One text of a row. `tone` names its colour (see `tones`), "" for none."""

    text: str
    tone: str = ""


class Row(NamedTuple):
    """One line of the table; `key` tells it from every other row for as long as it lives."""

    key: str
    cells: tuple[Cell, ...]


def _nothing(key: str) -> Row:
    return Row(key, ())


class Rows(Sequence[Row]):
    """Rows that are made when they are looked at: of ten thousand, fifty are seen.

    Args:
        keys: The keys of all rows, in order.
        make: Makes the row of a key.
    """

    def __init__(self, keys: Sequence[str] = (), make: Callable[[str], Row] = _nothing) -> None:
        self.keys = keys
        self._make = make
        self._made: dict[str, Row] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        """The rows there."""
        if isinstance(at, slice):
            return [self._row(key) for key in self.keys[at]]
        return self._row(self.keys[at])

    def __iter__(self) -> Iterator[Row]:
        """All of them, made one after the other."""
        return map(self._row, self.keys)

    def _row(self, key: str) -> Row:
        row = self._made.get(key)
        if row is None:
            row = self._made[key] = self._make(key)
        return row


class MadeRows:
    """Rows that were made, each with what it was made of: what is still the same is not made anew."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, Row]] = {}

    def row(self, key: str, of: object, make: Callable[[], tuple[Cell, ...]]) -> Row:
        """The row of a key.

        Args:
            key: Its key.
            of: All that its cells are made of.
            make: Makes its cells.
        """
        made = self._made.get(key)
        if made is None or made[0] != of:
            if len(self._made) > MOST_MADE:
                self._made.clear()
            made = self._made[key] = of, Row(key, make())
        return made[1]

    def clear(self) -> None:
        """Make all of them anew."""
        self._made.clear()


def rows_of(rows: Sequence[Row]) -> Rows:
    """Rows that are made already."""
    by_key = {row.key: row for row in rows}
    return Rows([row.key for row in rows], by_key.__getitem__)
