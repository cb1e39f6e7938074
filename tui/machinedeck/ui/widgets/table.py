"""A table that follows what it shows: only the lines that changed are drawn again.

Textual's own DataTable draws all of itself again when one cell changes, which a slow line pays for
each time, and keeps every column at every width.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from machinedeck.ui.widgets.focus import is_passed_on
from machinedeck.ui.widgets.grid import HEAD, Grid
from machinedeck.ui.widgets.rows import HEAD_MARK, Cell, Row, Rows

__all__ = ["Cell", "Row", "Rows", "Table"]


class Table(Grid):
    """Rows below labels, one of them under the cursor.

    Args:
        columns: The columns from left to right.
        id: The widget's id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "end(0)", show=False),
        Binding("end,G", "end(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Chosen(Message):
        """Enter, or a second click, on a row."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            """The table it happened in."""
            return self.table

    class Moved(Message):
        """The cursor stands on another row, or the row under it changed."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            """The table it happened in."""
            return self.table

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor, `None` where there is none to do anything with."""
        key = self.rows.keys[self.cursor] if self.cursor < len(self.rows) else None
        return None if key is None or key.startswith(HEAD_MARK) else key

    def show_rows(self, rows: Rows, notice: str) -> None:
        """Take new rows; the cursor stays on its row, or near it if that is gone.

        Args:
            rows: All rows, in order. Only those that are seen are made.
            notice: What is written below them, or where there are none.
        """
        before, was, at = self.rows, self.current, self.cursor
        self.rows = rows
        is_other_notice, self.notice = notice != self.notice, notice
        keys = rows.keys
        to = self._place(was, at) if was is not None and self._is_there(was, at) else min(at, len(keys) - 1)
        self.set_reactive(Grid.cursor, self._beside_heads(max(0, to), 1))
        if len(before) != len(rows):
            self._measure()
        if self._lay_out() or not before or not rows or is_other_notice:
            self.redraw()
        else:
            self._refresh_changed(at)
        is_other = before.keys is not keys and before.keys != keys
        if is_other or was != self.current or self._is_row_other(before):
            self.post_message(self.Moved(self))

    def _is_there(self, key: str, at: int) -> bool:
        keys = self.rows.keys
        return (at < len(keys) and keys[at] == key) or key in keys

    def _place(self, key: str, at: int) -> int:
        """Where a row is now that was at a place: most often there."""
        return at if at < len(self.rows) and self.rows.keys[at] == key else self.rows.keys.index(key)

    def _is_row_other(self, before: Rows) -> bool:
        at = self.cursor
        return at < len(before) and at < len(self.rows) and before[at] != self.rows[at]

    def _refresh_changed(self, cursor_was: int) -> None:
        """Draw again the lines that are seen and say something else now."""
        top = self.scroll_offset.y
        for at, row in enumerate(self._seen):
            now = self.rows[top + at] if top + at < len(self.rows) else None
            if row is not now and row != now:
                self.refresh(*self.changed_regions(row, now, at + HEAD))
        if cursor_was != self.cursor:
            self._refresh_row(cursor_was)
            self._refresh_row(self.cursor)

    def on_key(self, event: events.Key) -> None:
        """Keys typed after the one that led away from here are not for here."""
        is_passed_on(self, event)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight; the width is shared anew when the first line is drawn."""
        self._measure()
        self._reveal()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The row under the cursor looks different where keys arrive."""
        super().watch_has_focus(has_focus)
        self._forget_styles()
        self._refresh_row(self.cursor)

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the two rows concerned and keep the cursor in sight."""
        self._refresh_row(before)
        self._refresh_row(after)
        self._reveal()
        self.post_message(self.Moved(self))

    def validate_cursor(self, index: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(index, len(self.rows) - 1))

    def _reveal(self, *, with_head: bool = False) -> None:
        room = max(1, self.size.height - HEAD)
        top, first = self.scroll_offset.y, self.cursor - with_head
        if first < top or self.cursor >= top + room:
            self.scroll_to(y=first if first < top else self.cursor - room + 1, animate=False, immediate=True)

    def _beside_heads(self, index: int, way: int) -> int:
        """The row at an index, or the next one that is no head line."""
        keys = self.rows.keys
        for step in (way, -way):
            at = index
            while 0 <= at < len(keys):
                if not keys[at].startswith(HEAD_MARK):
                    return at
                at += step
        return index

    def go(self, index: int, way: int = 1) -> None:
        """Move the cursor to a row, past head lines in the direction of `way`."""
        if self.rows:
            self.cursor = self._beside_heads(self.validate_cursor(index), way)
            if self.cursor > 0 and self.rows.keys[self.cursor - 1].startswith(HEAD_MARK):
                self._reveal(with_head=True)

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.go(self.cursor + by, by)

    def action_page(self, by: int) -> None:
        """Move the cursor by what is seen at once."""
        self.go(self.cursor + by * max(1, self.size.height - HEAD - 1), by)

    def action_end(self, to: int) -> None:
        """Move the cursor to the first (0) or last (1) row."""
        self.go(to * len(self.rows), -1 if to else 1)

    def action_choose(self) -> None:
        """Tell that the row under the cursor was chosen."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def sort_by(self, column: str) -> None:
        """The label of a column was clicked: nothing happens in a table that is not sorted."""

    def on_click(self, event: events.Click) -> None:
        """Move to the row clicked on, a second click chooses it; or sort by the column."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < HEAD:
            if (column := self.column_at(offset.x)) is not None:
                self.sort_by(column.key)
            return
        index = offset.y - HEAD + self.scroll_offset.y
        if index >= len(self.rows):
            return
        self.cursor = index
        if event.chain == 2:
            self.action_choose()
