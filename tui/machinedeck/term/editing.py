"""Events that erase, insert and delete cells, lines and columns.

Sources: ECMA-48 8.3; xterm's ctlseqs; the VT510 manual for columns and selective erasing. Blank cells take
the background in force (terminfo `bce`). A count of 0 means 1. What inserts or deletes does nothing while the
cursor is outside the margins.
"""

from __future__ import annotations

from machinedeck.term import rows
from machinedeck.term.moving import Moving
from machinedeck.term.rows import Row


class Editing(Moving):
    """Erasing, inserting, deleting, scrolling."""

    def erase_in_line(self, how: int | None = 0, private: bool = False) -> None:
        """EL: from the cursor to the end (0), from the start to the cursor (1), or the whole line (2).

        With `private` it is DECSEL, which leaves protected cells.
        """
        x, y = self.cursor.x, self.cursor.y
        spares = bool(self.protection) and self.spares(private)
        if not how:
            self._erase(y, x, self.columns, spares)
        elif how == 1:
            self._erase(y, 0, x + 1, spares)
        elif how == 2:
            self._erase(y, 0, self.columns, spares)
        self.cursor.is_pending = False

    def erase_in_display(self, how: int | None = 0, *args: int, private: bool = False) -> None:
        """ED: below the cursor (0), above it (1), the whole screen (2), or only the scrollback (3).

        With `private` it is DECSED, which leaves protected cells.
        """
        y, spares = self.cursor.y, self.spares(private)
        if not how:
            self._blank(y + 1, self.lines, spares)
            self.erase_in_line(0, private)
        elif how == 1:
            self._blank(0, y, spares)
            self.erase_in_line(1, private)
        elif how == 2:
            self._blank(0, self.lines, spares)
            self.cursor.is_pending = False
        elif how == 3:
            self.scrollback.clear()
            self.touch_all()

    def erase_characters(self, count: int | None = None) -> None:
        """ECH: blank cells from the cursor on; nothing moves, margins do not matter."""
        x = self.cursor.x
        self._erase(self.cursor.y, x, min(x + (count or 1), self.columns), self.spares(False))
        self.cursor.is_pending = False

    def spares(self, is_selective: bool) -> bool:
        """Whether erasing leaves protected cells: always those of SPA, those of DECSCA if it is selective."""
        return self.protection == "iso" or (is_selective and self.protection == "dec")

    def protect_characters(self, how: int | None = 0) -> None:
        """DECSCA: what is written from here on is protected from selective erasing (1), or is not (0, 2)."""
        self.protection = "dec"
        if (how or 0) <= 2:
            self.guard(how == 1)

    def start_protected_area(self) -> None:
        """SPA: what is written from here on is protected from erasing."""
        self.protection = "iso"
        self.guard(True)

    def end_protected_area(self) -> None:
        """EPA: what is written from here on is not protected."""
        self.guard(False)

    def insert_characters(self, count: int | None = None) -> None:
        """ICH: shift the rest of the row, up to the right margin, to the right."""
        cursor = self.cursor
        cursor.is_pending = False
        if self.left <= cursor.x <= self.right:
            self.rows[cursor.y] = self._inserted(self.rows[cursor.y], cursor.x, count or 1)
            self.dirty.add(cursor.y)

    def delete_characters(self, count: int | None = None) -> None:
        """DCH: shift the rest of the row, up to the right margin, to the left."""
        cursor = self.cursor
        cursor.is_pending = False
        if self.left <= cursor.x <= self.right:
            self.rows[cursor.y] = self._deleted(self.rows[cursor.y], cursor.x, count or 1)
            self.dirty.add(cursor.y)

    def insert_lines(self, count: int | None = None) -> None:
        """IL: shift the rows from the cursor's on down; the cursor goes to the left margin."""
        if self.is_in_margins:
            self.shift(self.cursor.y, -(count or 1))
            self.move(self.left, self.cursor.y)

    def delete_lines(self, count: int | None = None) -> None:
        """DL: shift the rows below the cursor's up; the cursor goes to the left margin."""
        if self.is_in_margins:
            self.shift(self.cursor.y, count or 1)
            self.move(self.left, self.cursor.y)

    def scroll_up(self, count: int | None = None) -> None:
        """SU: the region's rows up; the cursor stays."""
        self.scroll_off(count or 1)

    def scroll_down(self, count: int | None = None, *tracking: int) -> None:
        """SD: the region's rows down. More parameters, or 0, mean xterm's highlight tracking: nothing."""
        if not tracking and count != 0:
            self.reverse_scroll(count)

    def reverse_scroll(self, count: int | None = None) -> None:
        """SD with the final character that ECMA-48 gives it by mistake: the region's rows down."""
        self.shift(self.top, -(count or 1))

    def insert_columns(self, count: int | None = None) -> None:
        """DECIC: shift what stands from the cursor's column on to the right, in all rows of the region."""
        self._insert_columns(self.cursor.x, count or 1)

    def delete_columns(self, count: int | None = None) -> None:
        """DECDC: shift what stands right of the cursor's column to the left, in all rows of the region."""
        self._delete_columns(self.cursor.x, count or 1)

    def scroll_left(self, count: int | None = None) -> None:
        """SL: shift the region to the left."""
        self._delete_columns(self.left, count or 1)

    def scroll_right(self, count: int | None = None) -> None:
        """SR: shift the region to the right."""
        self._insert_columns(self.left, count or 1)

    def back_index(self) -> None:
        """DECBI: left by one, margins or not; on the left margin the region shifts right instead."""
        if self.level < 4:
            return
        if self.cursor.x == self.left:
            self._insert_columns(self.left, 1)
        elif self.cursor.x > 0:
            self.move(self.cursor.x - 1, self.cursor.y)

    def forward_index(self) -> None:
        """DECFI: right by one, margins or not; on the right margin the region shifts left instead."""
        if self.level < 4:
            return
        if self.cursor.x == self.right:
            self._delete_columns(self.left, 1)
        elif self.cursor.x < self.columns - 1:
            self.move(self.cursor.x + 1, self.cursor.y)

    def alignment_display(self) -> None:
        """DECALN: fill the screen with E; margins at the edges, style and origin mode off, cursor home."""
        self.part(0)
        self.rows[:] = [("E" * self.columns, rows.PLAIN * self.columns, False)] * self.lines
        self.modes.origin = False
        self.cursor.pen = rows.PLAIN
        self.reset_margins()
        self.move(0, 0)
        self.touch(0, self.lines)

    def guard(self, is_protected: bool) -> None:
        """Write cells that are, or are not, protected from here on."""
        self.cursor.pen = self.restyled(self.cursor.pen, is_protected=is_protected)

    def _insert_columns(self, x: int, count: int) -> None:
        if self.level >= 4 and self.is_in_margins:
            for y in range(self.top, self.bottom + 1):
                self.rows[y] = self._inserted(self.rows[y], x, count)
            self.touch(self.top, self.bottom + 1)

    def _delete_columns(self, x: int, count: int) -> None:
        if self.level >= 4 and self.is_in_margins:
            for y in range(self.top, self.bottom + 1):
                self.rows[y] = self._deleted(self.rows[y], x, count)
            self.touch(self.top, self.bottom + 1)

    def _inserted(self, row: Row, x: int, count: int) -> Row:
        """A row with blank cells put in at `x`; what passes the right margin is lost."""
        if self.edge == self.columns:
            return rows.insert(row, x, count, self.eraser)
        count = min(count, self.edge - x)
        text, styles = rows.cut(row, x, self.edge - count)
        return rows.put(row, x, " " * count + text, self.eraser * count + styles)

    def _deleted(self, row: Row, x: int, count: int) -> Row:
        """A row with cells taken out at `x`; blank ones come in at the right margin."""
        if self.edge == self.columns:
            return rows.delete(row, x, count, self.eraser)
        count = min(count, self.edge - x)
        text, styles = rows.cut(row, x + count, self.edge)
        return rows.put(row, x, text + " " * count, styles + self.eraser * count)

    def _erase(self, y: int, start: int, end: int, spares: bool = False) -> None:
        """Blank cells of one row, all or those that are not protected."""
        is_whole = start == 0 and end == self.columns
        # Of a row that is blank no text goes: shells erase such a one behind what they just wrapped.
        has_text = is_whole and (not y or self.rows[y - 1][2] > 0) and self.rows[y][0].strip(" ")
        if spares:
            self.rows[y] = self._spared(self.rows[y], start, end)
        elif is_whole:
            self.rows[y] = rows.blank(self.columns, self.eraser)
        else:
            self.rows[y] = rows.erase(self.rows[y], start, end, self.eraser)
        if has_text and not self.rows[y][0].strip(" "):
            self.part(y)
        self.dirty.add(y)

    def _blank(self, start: int, end: int, spares: bool = False) -> None:
        """Blank whole rows, all of them or the cells that are not protected."""
        if spares:
            for y in range(start, end):
                self._erase(y, 0, self.columns, True)
        elif start < end:
            self.part(start)
            self.rows[start:end] = [rows.blank(self.columns, self.eraser)] * (end - start)
            self.touch(start, end)

    def _spared(self, row: Row, start: int, end: int) -> Row:
        """A row with the cells that are not protected blanked in a part of it."""
        styles = row[1]
        protected = {code for code in set(styles[start:end]) if self.style_of(code).is_protected}
        if not protected:
            return rows.erase(row, start, end, self.eraser)
        position = start
        while position < end:
            stop = next((x for x in range(position, end) if styles[x] in protected), end)
            row = rows.erase(row, position, stop, self.eraser)
            position = next((x for x in range(stop, end) if styles[x] not in protected), end)
        return row
