"""Events that move the cursor, and tab stops.

Sources: ECMA-48 8.3 (the controls by their abbreviations); DEC STD 070 chapter 5 for margins and origin mode;
xterm's ctlseqs, and xterm itself where they leave something open. A count of 0 means 1 everywhere.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from machinedeck.term.state import TAB_WIDTH, ScreenState


class Moving(ScreenState):
    """Cursor movement."""

    def move(self, x: int, y: int) -> None:
        """Put the cursor on a cell, or on the nearest there is, and forget a pending wrap."""
        cursor = self.cursor
        cursor.x = min(max(x, 0), self.columns - 1)
        cursor.y = min(max(y, 0), self.lines - 1)
        cursor.is_pending = False

    def place(self, x: int, y: int) -> None:
        """Put the cursor on a cell, 0-based; in origin mode counted from the margins and kept within."""
        if self.modes.origin:
            x = min(max(x, 0) + self.left, self.right)
            y = min(max(y, 0) + self.top, self.bottom)
        self.move(x, y)

    @property
    def position(self) -> tuple[int, int]:
        """The cursor's column and row as `place` takes them."""
        x, y = self.cursor.x, self.cursor.y
        if self.modes.origin:
            x, y = max(0, x - self.left), max(0, y - self.top)
        return x, y

    def cursor_up(self, count: int | None = None) -> None:
        """CUU: up, not beyond the top margin when the cursor is at or below it."""
        y = self.cursor.y
        limit = self.top if y >= self.top else 0
        self.move(self.cursor.x, max(limit, y - (count or 1)))

    def cursor_down(self, count: int | None = None) -> None:
        """CUD: down, not beyond the bottom margin when the cursor is at or above it."""
        y = self.cursor.y
        limit = self.bottom if y <= self.bottom else self.lines - 1
        self.move(self.cursor.x, min(limit, y + (count or 1)))

    def cursor_up1(self, count: int | None = None) -> None:
        """CPL: up, to the start of the line as CR has it."""
        self.cursor_up(count)
        self.carriage_return()

    def cursor_down1(self, count: int | None = None) -> None:
        """CNL: down, to the start of the line as CR has it."""
        self.cursor_down(count)
        self.carriage_return()

    def cursor_forward(self, count: int | None = None) -> None:
        """CUF: right, not beyond the right margin when the cursor is at or left of it."""
        x = self.cursor.x
        limit = self.right if x <= self.right else self.columns - 1
        self.move(min(limit, x + (count or 1)), self.cursor.y)

    def cursor_back(self, count: int | None = None) -> None:
        """CUB: left, not beyond the left margin when the cursor is at or right of it.

        With modes 45 or 1045 it goes on at the end of the row above (xterm's reverse wraparound).
        """
        if self.modes.autowrap and (self.modes.reverse_wrap or self.modes.extended_reverse_wrap):
            self._cursor_back_wrapping(count or 1)
        else:
            x = self.cursor.x
            limit = self.left if x >= self.left else 0
            self.move(max(limit, x - (count or 1)), self.cursor.y)

    def backspace(self) -> None:
        """BS: left by one, as CUB."""
        self.cursor_back()

    def carriage_return(self) -> None:
        """CR: to the left margin, or to the first column from left of it."""
        cursor = self.cursor
        cursor.x = 0 if self.is_full_width or (cursor.x < self.left and not self.modes.origin) else self.left
        cursor.is_pending = False

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """CUP, HVP: to a cell, 1-based; in origin mode within the margins and counted from them."""
        go = self.place if self.modes.origin else self.move
        go((column or 1) - 1, (line or 1) - 1)

    def cursor_to_column(self, column: int | None = None) -> None:
        """CHA, HPA: to a column, 1-based; in origin mode as `cursor_position` has it."""
        self.place((column or 1) - 1, self.position[1])

    def cursor_to_line(self, line: int | None = None) -> None:
        """VPA: to a line, 1-based; in origin mode as `cursor_position` has it."""
        self.place(self.position[0], (line or 1) - 1)

    def cursor_right_columns(self, count: int | None = None) -> None:
        """HPR: right by columns; only in origin mode margins matter."""
        x, y = self.position
        self.place(x + (count or 1), y)

    def cursor_down_lines(self, count: int | None = None) -> None:
        """VPR: down by lines; only in origin mode margins matter."""
        x, y = self.position
        self.place(x, y + (count or 1))

    def index(self) -> None:
        """IND: down by one; on the bottom margin, between the side margins, the region scrolls instead."""
        cursor = self.cursor
        cursor.is_pending = False
        if cursor.y == self.bottom:
            if self.is_full_width or self.left <= cursor.x <= self.right:
                self.scroll_off(1)
        elif cursor.y < self.lines - 1:
            cursor.y += 1

    def reverse_index(self) -> None:
        """RI: up by one; on the top margin, between the side margins, the region scrolls down instead."""
        cursor = self.cursor
        cursor.is_pending = False
        if cursor.y == self.top:
            if self.left <= cursor.x <= self.right:
                self.shift(self.top, -1)
        elif cursor.y > 0:
            cursor.y -= 1

    def linefeed(self) -> None:
        """LF, VT, FF: as IND, and as CR if LNM says so."""
        self.index()
        if self.modes.newline:
            self.carriage_return()

    def next_line(self) -> None:
        """NEL: to the start of the next row, as IND and CR."""
        self.index()
        self.carriage_return()

    def tab(self) -> None:
        """HT: to the next tab stop, or the right margin. A pending wrap stays pending, as in xterm."""
        cursor = self.cursor
        position = bisect_right(self.stops, cursor.x)
        stop = self.stops[position] if position < len(self.stops) else self.right
        stop = min(stop, self.right)
        if stop != cursor.x:
            self.move(stop, cursor.y)

    def cursor_forward_tabs(self, count: int | None = None) -> None:
        """CHT: HT, `count` times."""
        for _ in range(min(count or 1, self.columns)):
            self.tab()

    def cursor_back_tabs(self, count: int | None = None) -> None:
        """CBT: to the tab stop before, `count` times; in origin mode not beyond the left margin."""
        before = self.stops[: bisect_left(self.stops, self.cursor.x)]
        wanted = count or 1
        x = before[-wanted] if wanted <= len(before) else 0
        self.move(max(x, self.left) if self.modes.origin else x, self.cursor.y)

    def set_tab_stop(self) -> None:
        """HTS: a tab stop in the cursor's column."""
        x = self.cursor.x
        position = bisect_left(self.stops, x)
        if self.stops[position : position + 1] != [x]:
            self.stops.insert(position, x)

    def clear_tab_stop(self, how: int | None = 0) -> None:
        """TBC: 0 clears the stop in the cursor's column, 3 clears all."""
        if how == 3:
            self.stops.clear()
        elif not how and self.cursor.x in self.stops:
            self.stops.remove(self.cursor.x)

    def reset_tab_stops(self, how: int | None = 0) -> None:
        """DECST8C: a stop at every eighth column."""
        if how in {None, 0, 5}:
            self.stops = list(range(TAB_WIDTH, self.columns, TAB_WIDTH))

    def extend_tab_stops(self, before: int) -> None:
        """Give columns that a resize added, from `before` on, the usual stops; drop stops beyond the last."""
        self.stops = [stop for stop in self.stops if stop < self.columns]
        first = -(-before // TAB_WIDTH) * TAB_WIDTH
        self.stops.extend(stop for stop in range(first, self.columns, TAB_WIDTH) if stop and stop >= before)

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """DECSTBM: the scroll region, 1-based; 0 or nothing means the screen's edge. The cursor goes home.

        A region of less than two lines is refused, unless it is the whole screen.
        """
        first = max((top or 1) - 1, 0)
        last = min(bottom or self.lines, self.lines) - 1
        if first < last or (first == 0 and last == self.lines - 1):
            self.top, self.bottom = first, last
            self.place(0, 0)

    def set_side_margins(self, left: int | None = None, right: int | None = None) -> None:
        """DECSLRM: left and right margin, 1-based; 0 or nothing means the edge. The cursor goes home.

        Margins with less than two columns between them are refused.
        """
        first = max((left or 1) - 1, 0)
        last = min(right or self.columns, self.columns) - 1
        if first < last:
            self.set_sides(first, last)
            self.place(0, 0)

    def _cursor_back_wrapping(self, count: int) -> None:
        """CUB with reverse wraparound: a pending wrap counts as a step.

        Mode 45 goes up only from a row that the one above wrapped into; mode 1045 from any, and from the top
        to the bottom margin.
        """
        cursor, is_extended = self.cursor, self.modes.extended_reverse_wrap
        x, y = cursor.x, cursor.y
        left = self.left if x >= self.left else 0
        width = self.right - left + 1
        count -= cursor.is_pending
        turn = width * (self.bottom - self.top + 1)
        if count > 2 * width * self.lines:
            count = width * self.lines + (count - width * self.lines) % turn  # the rest goes round in circles
        while count > 0:
            step = min(count, x - left)
            x, count = x - step, count - step
            if not count:
                break
            if is_extended:
                y = self.bottom if y == self.top else (y - 1) % self.lines
            elif y > self.top and self.rows[y - 1][2]:
                y -= 1
            else:
                break
            x, count = self.right, count - 1
        self.move(x, y)
