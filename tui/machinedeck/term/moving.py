"""Events that move the cursor, and tab stops.

Sources: ECMA-48 8.3 (the controls by their abbreviations); DEC STD 070 chapter 5 for margins and origin mode;
xterm's ctlseqs. A count of 0 means 1 everywhere.
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
        """CPL: up, to the first column."""
        self.cursor_up(count)
        self.cursor.x = 0

    def cursor_down1(self, count: int | None = None) -> None:
        """CNL: down, to the first column."""
        self.cursor_down(count)
        self.cursor.x = 0

    def cursor_forward(self, count: int | None = None) -> None:
        """CUF, HPR: right, not beyond the last column."""
        self.move(self.cursor.x + (count or 1), self.cursor.y)

    def cursor_back(self, count: int | None = None) -> None:
        """CUB: left, not beyond the first column."""
        self.move(self.cursor.x - (count or 1), self.cursor.y)

    def backspace(self) -> None:
        """BS: left by one."""
        self.cursor_back()

    def carriage_return(self) -> None:
        """CR: to the first column."""
        self.cursor.x = 0
        self.cursor.is_pending = False

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """CUP, HVP: to a cell, 1-based; in origin mode within the margins and counted from the top one."""
        y = (line or 1) - 1
        if self.modes.origin:
            y = min(self.top + y, self.bottom)
        self.move((column or 1) - 1, y)

    def cursor_to_column(self, column: int | None = None) -> None:
        """CHA, HPA: to a column, 1-based."""
        self.move((column or 1) - 1, self.cursor.y)

    def cursor_to_line(self, line: int | None = None) -> None:
        """VPA: to a line, 1-based; in origin mode as `cursor_position` has it."""
        self.cursor_position(line, self.cursor.x + 1)

    def cursor_down_lines(self, count: int | None = None) -> None:
        """VPR: down by lines; in origin mode as `cursor_position` has it, else margins do not matter."""
        base = self.top if self.modes.origin else 0
        self.cursor_to_line(self.cursor.y - base + 1 + (count or 1))

    def index(self) -> None:
        """IND: down by one; on the bottom margin the region scrolls instead."""
        cursor = self.cursor
        cursor.is_pending = False
        if cursor.y == self.bottom:
            self.scroll_off(1)
        elif cursor.y < self.lines - 1:
            cursor.y += 1

    def reverse_index(self) -> None:
        """RI: up by one; on the top margin the region scrolls down instead."""
        cursor = self.cursor
        cursor.is_pending = False
        if cursor.y == self.top:
            self.scroll(self.top, self.bottom, -1)
        elif cursor.y > 0:
            cursor.y -= 1

    def linefeed(self) -> None:
        """LF, VT, FF: as IND, and to the first column if LNM says so."""
        self.index()
        if self.modes.newline:
            self.cursor.x = 0

    def next_line(self) -> None:
        """NEL: to the first column of the next row."""
        self.index()
        self.cursor.x = 0

    def tab(self) -> None:
        """HT: to the next tab stop, or the last column. A pending wrap stays pending, as in xterm."""
        x = self.cursor.x
        if x < self.columns - 1:
            self.cursor_forward_tabs(1)

    def cursor_forward_tabs(self, count: int | None = None) -> None:
        """CHT: to the next tab stop, `count` times."""
        following = self.stops[bisect_right(self.stops, self.cursor.x) :]
        wanted = (count or 1) - 1
        self.move(following[wanted] if wanted < len(following) else self.columns - 1, self.cursor.y)

    def cursor_back_tabs(self, count: int | None = None) -> None:
        """CBT: to the tab stop before, `count` times."""
        before = self.stops[: bisect_left(self.stops, self.cursor.x)]
        wanted = count or 1
        self.move(before[-wanted] if wanted <= len(before) else 0, self.cursor.y)

    def set_tab_stop(self) -> None:
        """HTS: a tab stop in the cursor's column."""
        x = self.cursor.x
        if x not in self.stops:
            self.stops.insert(bisect_left(self.stops, x), x)

    def clear_tab_stop(self, how: int | None = 0) -> None:
        """TBC: 0 clears the stop in the cursor's column, 3 clears all."""
        if how == 3:
            self.stops.clear()
        elif not how and self.cursor.x in self.stops:
            self.stops.remove(self.cursor.x)

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
            self.cursor_position()
