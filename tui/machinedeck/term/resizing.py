"""What becomes of the rows and the cursor when the screen gets another size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from machinedeck.term import rows
from machinedeck.term.reflow import Spot, rewrap, rewrap_last
from machinedeck.term.reporting import Reporting
from machinedeck.term.rows import Row
from machinedeck.term.state import Saved


class Resizing(Reporting):
    """Changes of size."""

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size of both screens; nothing or 0 keeps a dimension.

        The main screen's lines and those of the scrollback are cut anew at the new width, and the cursor
        stays on its character. The scrollback keeps as many rows as before, so of long lines fewer where the
        width shrinks; the oldest are lost. The alternate screen's rows are cut or filled at the right: its
        program draws anew. When the height shrinks, blank rows below the cursor go first, then rows at the
        top, which the main screen gives to the scrollback, then rows below the cursor. When it grows, or when
        lines take fewer rows, the main screen takes rows back from the scrollback. Margins return to the
        screen's edges.
        """
        before = self.columns
        height = max(1, lines or self.lines)
        width = max(1, columns or self.columns)
        if (width, height) == (self.columns, self.lines):
            return
        self.columns, self.lines = width, height
        cursor = self.cursor
        is_alternate = self.modes.is_alternate
        here: Spot = cursor.y, cursor.x + cursor.is_pending
        shown = [here, *_spot(self.saved)]
        hidden = _spot(self.hidden_saved)
        if is_alternate:
            shown = self._cut(self.rows, shown)
            hidden = self._reflow(self.hidden_rows, hidden or [here], before)[: len(hidden)]
        else:
            shown = self._reflow(self.rows, shown, before)
            hidden = self._cut(self.hidden_rows, hidden or [here])[: len(hidden)]
        y, x = shown[0]
        self.move(x, y)
        cursor.is_pending = x == width and self.modes.autowrap
        self.saved = self._moved(self.saved, shown[1:])
        self.hidden_saved = self._moved(self.hidden_saved, hidden)
        self.reset_margins()
        self.extend_tab_stops(before)
        self.dirty.clear()
        self.touch_all()

    def _moved(self, saved: Saved | None, spots: Sequence[Spot]) -> Saved | None:
        """A saved cursor where its cell is now."""
        if saved is None or not spots:
            return saved
        y, x = spots[0]
        return replace(saved, x=min(x, self.columns - 1), y=max(0, y), is_pending=x == self.columns)

    def _cut(self, store: list[Row], spots: Sequence[Spot]) -> list[Spot]:
        """Give the alternate screen's rows the new size, in place; returns where the spots are now."""
        y = spots[0][0]
        surplus = len(store) - self.lines
        while surplus > 0 and len(store) - 1 > y and rows.is_blank(store[-1]):
            store.pop()
            surplus -= 1
        leaving = min(max(surplus, 0), y)
        was_last = len(store[0][0])
        store[:] = [rows.fit(row, self.columns) for row in store[leaving : leaving + self.lines]]
        self._lengthen(store)
        return [(row - leaving, self._column(column, was_last)) for row, column in spots]

    def _reflow(self, store: list[Row], spots: Sequence[Spot], before: int) -> list[Spot]:
        """Give the main screen's rows and the scrollback the new size, in place.

        Returns:
            Where the spots are now. The first is the cursor's and stays on the screen.
        """
        old_height = len(store)
        last = len(store)
        while last - 1 > spots[0][0] and rows.is_blank(store[last - 1]):
            last -= 1
        blanks = max(0, old_height - last - max(0, old_height - self.lines))
        fresh, moved, top = store[:last], list(spots), 0
        if self.columns != before:
            fresh, moved, top = self._rewrap(fresh, spots)
        surplus = len(fresh) - top - self.lines
        if surplus > 0:
            top += min(surplus, moved[0][0] - top)
        missing = self.lines - (len(fresh) - top) - blanks
        if missing > 0:
            within = min(missing, top)
            top -= within
            taken = self.scrollback.take_back(missing - within)
            fresh[:0] = taken
            moved = [(row + len(taken), column) for row, column in moved]
        self.scrollback.extend([rows.trim(row) for row in fresh[:top]])
        store[:] = [rows.fit(row, self.columns) for row in fresh[top : top + self.lines]]
        self._lengthen(store)
        return [(row - top, column) for row, column in moved]

    def _rewrap(self, store: list[Row], spots: Sequence[Spot]) -> tuple[list[Row], list[Spot], int]:
        """Cut all lines of the main screen and the scrollback anew.

        Returns:
            The screen's rows, before them those of a line that begins in the scrollback; where the spots are
            now; and how many rows were above the screen.
        """
        history = list(self.scrollback)
        split = len(history)
        while split and history[split - 1][2] > 0:
            split -= 1
        head = len(history) - split
        wanted = [(head, 0), *((row + head, column) for row, column in spots)]
        fresh, moved = rewrap([*history[split:], *store], self.columns, wanted)
        self.scrollback.replace(rewrap_last(history[:split], self.columns, self.scrollback.limit))
        return fresh, moved[1:], moved[0][0]

    def _column(self, column: int, before: int) -> int:
        """A column after the width changed; one behind the last stays that only where it did not."""
        if column == before == self.columns:
            return column
        return min(column - (column == before), self.columns - 1)

    def _lengthen(self, store: list[Row]) -> None:
        """Add blank rows at the bottom up to the screen's height; no line goes on beyond it."""
        store[-1:] = [rows.parted(row) for row in store[-1:]]
        store.extend([rows.blank(self.columns)] * (self.lines - len(store)))


def _spot(saved: Saved | None) -> list[Spot]:
    """The cell of a saved cursor, if there is one."""
    return [(saved.y, saved.x + saved.is_pending)] if saved else []
