"""Rows below labels, drawn: what a table looks like, without what keys and clicks do to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from machinedeck.ui.widgets.columns import GAP, Column, share
from machinedeck.ui.widgets.rows import HEAD_MARK, Row, Rows
from machinedeck.ui.widgets.tones import tone_style

HEAD = 1
"""Lines above the rows: the labels."""


MEASURED = 300
"""Rows up to which columns are as wide as the widest text of all; of more, the widest seen so far."""

KEPT = 500
"""Drawn lines that are kept."""

MARKED, UNMARKED = "✓ ", "  "
"""What stands before each row while some are marked."""


class Grid(ScrollView, can_focus=True):
    """Rows below labels; only those that are seen are made and drawn.

    Args:
        columns: The columns from left to right.
        id: The widget's id.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor"}

    cursor: reactive[int] = reactive(0, repaint=False)
    """The index of the row under the cursor, 0 also where there are no rows."""

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows = Rows()
        self.notice = ""
        self.marks: set[str] = set()
        """Keys of the rows that are marked, some of which may not be shown now."""
        self.labels: dict[str, str] = {}
        """Letters that stand upon rows while one is jumped to, by the key of the row."""
        self.sorted_by = ""
        """The key of the column whose label has an arrow, "" for none."""
        self.is_upside_down = False
        self.is_stale = False
        """Whether what is shown may be older than it should be: then it is drawn faint."""
        self._seen: list[Row | None] = []
        self._needed = [0] * len(self.columns)
        self._widths = [0] * len(self.columns)
        self._shared = 0
        self._styles: dict[tuple[str, bool], Style] = {}
        self._drawn: dict[tuple[str, bool], tuple[Row, Strip]] = {}

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Have other columns; rows for them come with the next `show_rows`.

        Where they are the same ones with other widths, the rows stay: the cursor keeps to its own.
        """
        if tuple(columns) != self.columns:
            is_same = [column.key for column in columns] == [column.key for column in self.columns]
            self.columns = tuple(columns)
            self._needed = self._widths = [0] * len(self.columns)
            self._seen = []
            if not is_same:
                self.rows = Rows()
            self.redraw()

    def redraw(self) -> None:
        """Draw all of it again."""
        self._drawn.clear()
        self.refresh()

    def show_labels(self, labels: dict[str, str]) -> None:
        """Put letters upon rows, or take them away ({})."""
        if labels != self.labels:
            self.labels = labels
            self.refresh()

    @property
    def seen_keys(self) -> list[str]:
        """The keys of the rows that are on the screen, head lines left out."""
        top = self.scroll_offset.y
        room = max(0, self.region.height - self.gutter.height - HEAD)
        return [key for key in self.rows.keys[top : top + room] if not key.startswith(HEAD_MARK)]

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + HEAD
        if HEAD <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def changed_regions(self, before: Row | None, now: Row | None, y: int) -> list[Region]:
        """Where a line says something else: the cells that differ, else all of it."""
        if before is None or now is None or before.key != now.key or len(now.cells) != len(self.columns):
            return [Region(0, y, self.size.width, 1)]
        if len(before.cells) != len(now.cells):
            return [Region(0, y, self.size.width, 1)]
        regions, x = [], self._gutter
        for one, other, width in zip(before.cells, now.cells, self._widths, strict=True):
            if width and one != other:
                regions.append(Region(x, y, width, 1))
            x += width + GAP if width else 0
        return regions or [Region(0, y, self.size.width, 1)]

    def _measure(self) -> None:
        # Another size has everything laid out and drawn anew: as long as all rows fit it stays the same,
        # or changes with the room there is, for which all was drawn already.
        size = Size(self.size.width, max(self.size.height, len(self.rows) + HEAD))
        if self.size and size.height == self.size.height and not self.show_vertical_scrollbar:
            self.set_reactive(Grid.virtual_size, size)
        else:
            self.virtual_size = size

    def _lay_out(self) -> bool:
        """Share the width; whether columns are others than before."""
        labels = [cell_len(self._label(column)) for column in self.columns]
        if len(self.rows) <= MEASURED:
            self._needed = self._widest(self.rows, labels)
        else:
            top = self.scroll_offset.y
            # What is drawn already was measured then
            rows = zip_longest(self.rows[top : top + self.size.height], self._seen)
            seen = self._widest((row for row, drawn in rows if row and row is not drawn), labels)
            self._needed = list(map(max, self._needed, seen))
        self._shared = self._room
        widths = share(self._ranked(), self._needed, self._shared - self._gutter)
        is_other = widths != self._widths
        if is_other:
            self._widths = widths
            self._drawn.clear()
        return is_other

    def _ranked(self) -> list[Column]:
        """The columns; the one that is sorted by goes last where there is no room, so that it is seen."""
        return [
            column._replace(rank=column.rank and (1 if column.key == self.sorted_by else column.rank + 1))
            for column in self.columns
        ]

    def _widest(self, rows: Iterable[Row], least: list[int]) -> list[int]:
        needed = least
        for row in rows:
            if len(row.cells) == len(needed):
                needed = [max(one, cell_len(cell.text)) for one, cell in zip(needed, row.cells, strict=True)]
        return needed

    def _label(self, column: Column) -> str:
        if column.key != self.sorted_by:
            return column.label
        return column.label + ("▼" if self.is_upside_down else "▲")

    def column_at(self, x: int) -> Column | None:
        """The column that stands at a place of a line; None where none does."""
        x -= self._gutter
        for column, width in zip(self.columns, self._widths, strict=True):
            if width and 0 <= x < width + GAP:
                return column
            x -= width + GAP if width else 0
        return None

    @property
    def _gutter(self) -> int:
        return len(MARKED) if self.marks else 0

    @property
    def _room(self) -> int:
        """The width there is for columns: what the scrollbar leaves."""
        return self.size.width - self.scrollbar_size_vertical

    def notify_style_update(self) -> None:
        """Forget colours that were looked up in another style."""
        super().notify_style_update()
        self._forget_styles()

    def _forget_styles(self) -> None:
        self._styles.clear()
        self._drawn.clear()

    def set_stale(self, is_stale: bool) -> None:
        """Draw what is shown faint from now on, or no more."""
        if is_stale != self.is_stale:
            self.is_stale = is_stale
            self._forget_styles()
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line: the labels, a row, or nothing below the last."""
        width = self.size.width
        if self._room != self._shared:
            self._lay_out()
        if y < HEAD:
            head, sorted_ = self._style("faint", False), self._style("strong", False)
            labels = [
                (self._label(column), sorted_ if column.key == self.sorted_by else head)
                for column in self.columns
            ]
            return self._line(labels, self._style("", False), width, UNMARKED)
        at = y - HEAD
        index = at + self.scroll_offset.y
        row = self.rows[index] if index < len(self.rows) else None
        if at >= len(self._seen):
            self._seen += [None] * (at + 1 - len(self._seen))
        self._seen[at] = row
        if row is not None:
            strip = self._row(row, index == self.cursor, width)
            return self._with_label(strip, self.labels[row.key]) if row.key in self.labels else strip
        base = self._style("", False)
        notice = wrap(self.notice, max(1, self._room)) if self.notice else []
        if index - len(self.rows) < len(notice):
            text = notice[index - len(self.rows)]
            return Strip([Segment(text, self._style("faint", False))]).adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _row(self, row: Row, is_cursor: bool, width: int) -> Strip:
        kept = self._drawn.get((row.key, is_cursor))
        if kept is None or kept[0] != row or kept[1].cell_length != width:
            if len(self._drawn) > KEPT:
                self._drawn.clear()
            kept = self._drawn[row.key, is_cursor] = row, self._draw_row(row, is_cursor, width)
        return kept[1]

    def _with_label(self, strip: Strip, label: str) -> Strip:
        """The row moved aside for the letters, so that its name can still be read."""
        room = strip.cell_length - len(label) - 1
        letters = [Segment(label, self._style("current", False)), Segment(" ", self._style("", False))]
        return Strip([*letters, *strip.crop(0, room)], strip.cell_length)

    def _draw_row(self, row: Row, is_cursor: bool, width: int) -> Strip:
        base = self._style("", is_cursor)
        if len(row.cells) != len(self.columns):  # a head line: one text over all columns
            text, style = row.cells[0].text, self._style(row.cells[0].tone, is_cursor)
            return Strip([Segment(_fit(text, max(1, self._room), False), style)]).adjust_cell_length(
                width, base
            )
        texts = [(cell.text, self._style(cell.tone, is_cursor)) for cell in row.cells]
        return self._line(texts, base, width, MARKED if row.key in self.marks else UNMARKED)

    def _style(self, tone: str, is_cursor: bool) -> Style:
        style = self._styles.get((tone, is_cursor))
        if style is None:
            tone_now = "faint" if self.is_stale else tone
            style = tone_style(self, tone_now) if tone_now else Style()
            base = self.get_component_rich_style("table--cursor") if is_cursor else self.rich_style
            # Under the cursor only the weight of a tone remains: its colour might not be readable there.
            style = base + (style.without_color if is_cursor else style)
            self._styles[tone, is_cursor] = style
        return style

    def _line(self, texts: Sequence[tuple[str, Style]], base: Style, width: int, mark: str) -> Strip:
        segments: list[Segment] = [Segment(mark, base)] if self.marks else []
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
