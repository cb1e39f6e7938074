"""The lines that left the main screen at its top, oldest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from machinedeck.term.rows import Row, parted


class Scrollback:
    """A bounded store of rows without the blank cells at their ends (see `rows.trim`).

    Args:
        limit: How many rows are kept; the oldest go first. 0 keeps none. A line that is wider than the
            terminal is several rows, so one that is full loses its oldest lines when it gets narrower.
    """

    def __init__(self, limit: int) -> None:
        self.limit = max(0, limit)
        self._rows: deque[Row] = deque(maxlen=self.limit)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def append(self, row: Row) -> None:
        """Add a trimmed row."""
        self._rows.append(row)

    def extend(self, rows: Iterable[Row]) -> None:
        """Add trimmed rows, oldest first."""
        self._rows.extend(rows)

    def end_line(self) -> None:
        """Let the line of the newest row end there: what it went on with is gone."""
        if self._rows and self._rows[-1][2] > 0:
            self._rows[-1] = parted(self._rows[-1])

    def take_back(self, count: int) -> list[Row]:
        """Remove and return the newest rows, oldest first; fewer than `count` where there are not so many."""
        taken = [self._rows.pop() for _ in range(min(count, len(self._rows)))]
        taken.reverse()
        return taken

    def replace(self, rows: Iterable[Row]) -> None:
        """Keep other rows instead, oldest first."""
        self._rows = deque(rows, maxlen=self.limit)

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()
