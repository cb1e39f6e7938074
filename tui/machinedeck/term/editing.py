"""Events that erase, insert and delete cells and lines.

Sources: ECMA-48 8.3; xterm's ctlseqs. Blank cells take the background in force (terminfo `bce`). A count of 0
means 1.
"""

from __future__ import annotations

from machinedeck.term import rows
from machinedeck.term.moving import Moving


class Editing(Moving):
    """Erasing, inserting, deleting, scrolling."""

    def erase_in_line(self, how: int | None = 0, private: bool = False) -> None:
        """EL: from the cursor to the end (0), from the start to the cursor (1), or the whole line (2)."""
        x, y = self.cursor.x, self.cursor.y
        if not how:
            self._erase(y, x, self.columns)
        elif how == 1:
            self._erase(y, 0, x + 1)
        elif how == 2:
            self._erase(y, 0, self.columns)
        self.cursor.is_pending = False

    def erase_in_display(self, how: int | None = 0, *args: int, private: bool = False) -> None:
        """ED: below the cursor (0), above it (1), the whole screen (2), or only the scrollback (3)."""
        y = self.cursor.y
        if not how:
            self._blank(y + 1, self.lines)
            self.erase_in_line(0)
        elif how == 1:
            self._blank(0, y)
            self.erase_in_line(1)
        elif how == 2:
            self._blank(0, self.lines)
            self.cursor.is_pending = False
        elif how == 3:
            self.scrollback.clear()
            self.touch_all()

    def erase_characters(self, count: int | None = None) -> None:
        """ECH: blank cells from the cursor on; nothing moves."""
        x = self.cursor.x
        self._erase(self.cursor.y, x, min(x + (count or 1), self.columns))
        self.cursor.is_pending = False

    def insert_characters(self, count: int | None = None) -> None:
        """ICH: shift the rest of the row to the right."""
        cursor = self.cursor
        self.rows[cursor.y] = rows.insert(self.rows[cursor.y], cursor.x, count or 1, self.eraser)
        cursor.is_pending = False
        self.dirty.add(cursor.y)

    def delete_characters(self, count: int | None = None) -> None:
        """DCH: shift the rest of the row to the left."""
        cursor = self.cursor
        self.rows[cursor.y] = rows.delete(self.rows[cursor.y], cursor.x, count or 1, self.eraser)
        cursor.is_pending = False
        self.dirty.add(cursor.y)

    def insert_lines(self, count: int | None = None) -> None:
        """IL: shift the rows from the cursor's on down; outside the margins nothing happens."""
        if self.top <= self.cursor.y <= self.bottom:
            self.scroll(self.cursor.y, self.bottom, -(count or 1))
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        """DL: shift the rows below the cursor's up; outside the margins nothing happens."""
        if self.top <= self.cursor.y <= self.bottom:
            self.scroll(self.cursor.y, self.bottom, count or 1)
            self.carriage_return()

    def scroll_up(self, count: int | None = None) -> None:
        """SU: the region's rows up; the cursor stays."""
        self.scroll_off(count or 1)

    def scroll_down(self, count: int | None = None, *tracking: int) -> None:
        """SD: the region's rows down. With five parameters it is xterm's highlight tracking: nothing."""
        if not tracking:
            self.scroll(self.top, self.bottom, -(count or 1))

    def alignment_display(self) -> None:
        """DECALN: fill the screen with E, margins at the edges, cursor home."""
        self.rows[:] = [("E" * self.columns, rows.PLAIN * self.columns, False)] * self.lines
        self.top, self.bottom = 0, self.lines - 1
        self.move(0, 0)
        self.touch(0, self.lines)

    def _erase(self, y: int, start: int, end: int) -> None:
        """Blank cells of one row."""
        if start == 0 and end == self.columns:
            self.rows[y] = rows.blank(self.columns, self.eraser)
        else:
            self.rows[y] = rows.erase(self.rows[y], start, end, self.eraser)
        self.dirty.add(y)

    def _blank(self, start: int, end: int) -> None:
        """Blank whole rows."""
        if start < end:
            self.rows[start:end] = [rows.blank(self.columns, self.eraser)] * (end - start)
            self.touch(start, end)
