"""The screen: a `pyte.Screen` with its own store of cells, and what can be read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyte import modes as pyte_modes
from pyte.screens import Margins

from machinedeck.term import rows
from machinedeck.term.cells import Cells
from machinedeck.term.reporting import Reporting
from machinedeck.term.rows import RIGHT, Row
from machinedeck.term.switching import NARROW


class Screen(Reporting):
    """A terminal's main and alternate screen, scrollback and state, driven by the events of a `Stream`.

    A stock `pyte.Stream` can drive it too. pyte's attributes read as there, with these differences: `buffer`
    is made when it is read, `cursor.x` never passes the last column, and a saved cursor is one, not a stack.

    Args:
        columns: Width in cells, at least 1.
        lines: Height in cells, at least 1.
        scrollback: How many lines that scrolled off the top are kept.
        answer: Takes what queries are answered with.
        allows_resize: Whether the guest may change the size (DECCOLM, XTWINOPS and kin), as in pyte.
    """

    def __init__(
        self,
        columns: int,
        lines: int,
        scrollback: int = 10_000,
        answer: Callable[[str], None] | None = None,
        *,
        allows_resize: bool = True,
    ) -> None:
        self._answer = answer
        super().__init__(columns, lines, scrollback)
        self.allows_resize = allows_resize

    def write_process_input(self, data: str) -> None:
        """Pass an answer on."""
        if self._answer:
            self._answer(data)

    @property
    def display(self) -> list[str]:
        """The screen's rows as text; a wide character is there once and fills two columns."""
        return [self.text(row) for row in self.rows]

    def text(self, row: Row) -> str:
        """The text of a row."""
        return self.clusters.text(row[0]).replace(RIGHT, "")

    def reset(self) -> None:
        """RIS: all as at the start, with the main screen blank; title and scrollback stay."""
        is_wide = self.modes.is_wide and self.modes.allows_wide
        super().reset()
        if is_wide:
            self.request_size(None, NARROW)

    @property
    def buffer(self) -> Cells:  # type: ignore[override]  # a view, where pyte keeps a dictionary
        """The cells as pyte shows them."""
        return Cells(self)

    @property
    def margins(self) -> Margins | None:
        """The scroll region, 0-based and inclusive; None when it is the whole screen."""
        return None if self.bottom - self.top == self.lines - 1 else Margins(self.top, self.bottom)

    @margins.setter
    def margins(self, value: Margins | None) -> None:
        self.top, self.bottom = value or (0, self.lines - 1)

    @property
    def mode(self) -> set[int]:  # type: ignore[override]  # read-only here
        """The modes that are set and that pyte has names for; private ones shifted left by 5 as there."""
        named = {
            pyte_modes.LNM: self.modes.newline,
            pyte_modes.IRM: self.modes.insert,
            pyte_modes.DECTCEM: self.modes.is_cursor_visible,
            pyte_modes.DECSCNM: self.modes.is_reverse,
            pyte_modes.DECOM: self.modes.origin,
            pyte_modes.DECAWM: self.modes.autowrap,
        }
        return {number for number, is_set in named.items() if is_set}

    @property
    def tabstops(self) -> set[int]:  # type: ignore[override]  # read-only here
        """The columns with a tab stop, 0-based."""
        return set(self.stops)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size of both screens; nothing or 0 keeps a dimension.

        Rows are cut or filled at the right. When the height shrinks, blank rows below the cursor go first,
        then rows at the top, which the main screen gives to the scrollback, then rows below the cursor. When
        it grows, the main screen takes rows back from the scrollback. Margins return to the screen's edges.
        """
        before = self.columns
        height = max(1, lines or self.lines)
        width = max(1, columns or self.columns)
        if (width, height) == (self.columns, self.lines):
            return
        self.columns, self.lines = width, height
        is_alternate = self.modes.is_alternate
        shown, hidden = self.rows, self.hidden_rows
        saved_y = self.hidden_saved.y if self.hidden_saved else self.cursor.y
        moved = self._refit(shown, self.cursor.y, is_main=not is_alternate)
        moved_hidden = self._refit(hidden, saved_y, is_main=is_alternate)
        self._move_after_resize(moved, moved_hidden)
        self.reset_margins()
        self.extend_tab_stops(before)
        self.dirty.clear()
        self.touch_all()

    def _refit(self, store: list[Row], y: int, *, is_main: bool) -> int:
        """Give a list of rows the screen's new size, in place.

        Returns:
            By how many lines the rows that stayed moved down; negative when they moved up.
        """
        surplus = len(store) - self.lines
        moved = 0
        while surplus > 0 and len(store) - 1 > y and rows.is_blank(store[-1]):
            store.pop()
            surplus -= 1
        if surplus > 0:
            leaving = min(surplus, y)
            if is_main:
                self.scrollback.extend(rows.trim(row) for row in store[:leaving])
                self.scrolled += leaving
            del store[:leaving]
            del store[self.lines :]
            moved = -leaving
        while is_main and len(store) < self.lines and len(self.scrollback):
            store.insert(0, self.scrollback.take_back())
            moved += 1
        store[:] = [rows.fit(row, self.columns) for row in store]
        store.extend([rows.blank(self.columns)] * (self.lines - len(store)))
        return moved

    def _move_after_resize(self, moved: int, moved_hidden: int) -> None:
        """Let cursor and saved cursors go with the rows they were on."""
        cursor = self.cursor
        is_pending = cursor.is_pending and cursor.x == self.columns - 1
        self.move(cursor.x, cursor.y + moved)
        cursor.is_pending = is_pending
        if self.saved:
            self.saved = replace(self.saved, y=max(0, self.saved.y + moved))
        if self.hidden_saved:
            self.hidden_saved = replace(self.hidden_saved, y=max(0, self.hidden_saved.y + moved_hidden))
