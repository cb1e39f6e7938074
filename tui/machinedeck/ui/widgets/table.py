"""A table that follows what it shows: only the lines that changed are drawn again.

Textual's own DataTable draws all of itself again when one cell changes, which a slow line pays for
each time, and keeps every column at every width.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from machinedeck.ui.widgets.columns import GAP, Column, share
from machinedeck.ui.widgets.focus import is_passed_on
from machinedeck.ui.widgets.tones import tone_style

HEAD = 1
"""Lines above the rows: the labels."""


class Cell(NamedTuple):
    """One text of a row. `tone` names its colour (see `tones`), "" for none."""

    text: str
    tone: str = ""


class Row(NamedTuple):
    """One line of the table; `key` tells it from every other row for as long as it lives."""

    key: str
    cells: tuple[Cell, ...]


class Table(ScrollView, can_focus=True):
    """Rows below labels, one of them under the cursor.

    Args:
        columns: The columns from left to right.
        id: The widget's id.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "end(0)", show=False),
        Binding("end,G", "end(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    """The index of the row under the cursor, 0 also where there are no rows."""

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

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: list[Row] = []
        self.notice = ""
        self._widths = [0] * len(self.columns)
        self._shared = 0
        self._styles: dict[tuple[str, bool], Style] = {}
        self._drawn: dict[tuple[str, bool], tuple[Row, Strip]] = {}

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor, `None` where there are no rows."""
        return self.rows[self.cursor].key if self.rows else None

    def show_rows(self, rows: Sequence[Row], notice: str) -> None:
        """Take new rows; the cursor stays on its row, or near it if that is gone.

        Args:
            rows: All rows, in order.
            notice: What is written where there are none.
        """
        if rows == self.rows and notice == self.notice:
            return
        before, was, at = self.rows, self.current, self.cursor
        # Rows that stay the same stay the same object: their drawn lines are kept by identity.
        known = {row: row for row in before}
        self.rows, self.notice = [known.get(row, row) for row in rows], notice
        keys = [row.key for row in rows]
        self.set_reactive(Table.cursor, keys.index(was) if was in keys else max(0, min(at, len(rows) - 1)))
        if len(before) != len(rows):
            self._measure()
        if self._lay_out() or not before or not rows:
            self.refresh()
        else:
            self._refresh_changed(before, at)
        self.post_message(self.Moved(self))

    def _refresh_changed(self, before: Sequence[Row], cursor_was: int) -> None:
        for index in range(max(len(before), len(self.rows))):
            if before[index : index + 1] != self.rows[index : index + 1]:
                self._refresh_row(index)
        if cursor_was != self.cursor:
            self._refresh_row(cursor_was)
            self._refresh_row(self.cursor)

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + HEAD
        if HEAD <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _measure(self) -> None:
        # Another size has everything laid out and drawn anew: as long as all rows fit it stays the same.
        self.virtual_size = Size(self.size.width, max(self.size.height, len(self.rows) + HEAD))

    def _lay_out(self) -> bool:
        needed = [
            max([len(column.label), *(cell_len(row.cells[at].text) for row in self.rows)])
            for at, column in enumerate(self.columns)
        ]
        self._shared = self._room
        widths = share(self.columns, needed, self._shared)
        is_other = widths != self._widths
        if is_other:
            self._widths = widths
            self._drawn.clear()
        return is_other

    @property
    def _room(self) -> int:
        """The width there is for columns: what the scrollbar leaves."""
        return self.size.width - self.scrollbar_size_vertical

    def on_key(self, event: events.Key) -> None:
        """Keys typed after the one that led away from here are not for here."""
        is_passed_on(self, event)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight; the width is shared anew when the first line is drawn."""
        self._measure()
        self._reveal()

    def notify_style_update(self) -> None:
        """Forget colours that were looked up in another style."""
        super().notify_style_update()
        self._forget_styles()

    def _forget_styles(self) -> None:
        self._styles.clear()
        self._drawn.clear()

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

    def _reveal(self) -> None:
        room = max(1, self.size.height - HEAD)
        top = self.scroll_offset.y
        if self.cursor < top or self.cursor >= top + room:
            self.scroll_to(
                y=self.cursor if self.cursor < top else self.cursor - room + 1, animate=False, immediate=True
            )

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by what is seen at once."""
        self.cursor += by * max(1, self.size.height - HEAD - 1)

    def action_end(self, to: int) -> None:
        """Move the cursor to the first (0) or last (1) row."""
        self.cursor = to * len(self.rows)

    def action_choose(self) -> None:
        """Tell that the row under the cursor was chosen."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def on_click(self, event: events.Click) -> None:
        """Move to the row clicked on; a second click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEAD:
            return
        index = offset.y - HEAD + self.scroll_offset.y
        if index >= len(self.rows):
            return
        self.cursor = index
        if event.chain == 2:
            self.action_choose()

    def render_line(self, y: int) -> Strip:
        """One line: the labels, a row, or nothing below the last."""
        width = self.size.width
        if self._room != self._shared:
            self._lay_out()
        if y < HEAD:
            head = self._style("faint", False)
            labels = [column.label for column in self.columns]
            return self._line([(label, head) for label in labels], self._style("", False), width)
        index = y - HEAD + self.scroll_offset.y
        if index < len(self.rows):
            return self._row(self.rows[index], index == self.cursor, width)
        base = self._style("", False)
        notice = [] if self.rows else wrap(self.notice, max(1, self._room))
        if index < len(notice):
            return Strip([Segment(notice[index], self._style("faint", False))]).adjust_cell_length(
                width, base
            )
        return Strip.blank(width, base)

    def _row(self, row: Row, is_cursor: bool, width: int) -> Strip:
        kept = self._drawn.get((row.key, is_cursor))
        if kept is None or kept[0] is not row or kept[1].cell_length != width:
            kept = self._drawn[row.key, is_cursor] = row, self._draw_row(row, is_cursor, width)
        return kept[1]

    def _draw_row(self, row: Row, is_cursor: bool, width: int) -> Strip:
        texts = [(cell.text, self._style(cell.tone, is_cursor)) for cell in row.cells]
        return self._line(texts, self._style("", is_cursor), width)

    def _style(self, tone: str, is_cursor: bool) -> Style:
        style = self._styles.get((tone, is_cursor))
        if style is None:
            style = tone_style(self, tone) if tone else Style()
            base = self.get_component_rich_style("table--cursor") if is_cursor else self.rich_style
            # Under the cursor only the weight of a tone remains: its colour might not be readable there.
            style = base + (style.without_color if is_cursor else style)
            self._styles[tone, is_cursor] = style
        return style

    def _line(self, texts: Sequence[tuple[str, Style]], base: Style, width: int) -> Strip:
        segments: list[Segment] = []
        gap = Segment(" " * GAP, base)
        for (text, style), column, room in zip(texts, self.columns, self._widths, strict=True):
            if room:
                segments += [Segment(_fit(text, room, column.is_right), style), gap]
        return Strip(segments).adjust_cell_length(width, base).simplify()


def _fit(text: str, width: int, is_right: bool) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    blank = " " * (width - length)
    return blank + text if is_right else text + blank
