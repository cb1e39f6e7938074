"""What a screen is made of, and the small steps that all edits share.

`Screen` is put together in layers, each a class that adds one family of events to the one before: `state`,
`moving`, `editing`, `rectangles`, `drawing`, `rendition`, `switching`, `commands`, `windows`, `reporting`,
and `screen` on top. Events have the names that pyte gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyte
from pyte.screens import Cursor as PyteCursor

from machinedeck.term import rows
from machinedeck.term.charsets import Charsets
from machinedeck.term.clusters import Clusters, is_stand_in
from machinedeck.term.modes import Modes
from machinedeck.term.rows import PLAIN, Row
from machinedeck.term.scrollback import Scrollback
from machinedeck.term.styles import Style, coarse, eraser, style_table

TAB_WIDTH = 8
"""Columns between tab stops at the start (terminfo `it#8`)."""

LEVEL = 4
"""The conformance level at the start: VT420 (DECSCL 64), as xterm's default is."""


class Caret(PyteCursor):
    """The cursor with the style it writes.

    `pen` is the number of the style as a character, as rows have it. `is_pending` says that the last column
    was just
    written: the cursor stands on it, and the next character goes to the row below (DEC STD 070's last column
    flag).
    """

    __slots__ = ("is_pending", "pen")

    def __init__(self, x: int = 0, y: int = 0, pen: str = PLAIN) -> None:
        super().__init__(x, y)
        self.pen = pen
        self.is_pending = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What DECSC keeps (DEC STD 070): position, last column flag, style, character sets, origin mode."""

    x: int
    y: int
    is_pending: bool
    pen: str
    charsets: tuple[tuple[str, ...], int]
    origin: bool


class ScreenState(pyte.Screen):
    """Rows, cursor and tables of a screen.

    Args:
        columns: Width in cells, at least 1.
        lines: Height in cells, at least 1.
        scrollback: How many lines that scrolled off the top are kept.
    """

    # pyte's own initialiser would build the dictionary of cells that this class does without.
    def __init__(self, columns: int, lines: int, scrollback: int = 10_000) -> None:  # pylint: disable=W0231
        self.columns = columns
        self.lines = lines
        self.styles = style_table()
        self.clusters = Clusters()
        self.scrollback = Scrollback(scrollback)
        self.dirty: set[int] = set()
        self.scrolled = 0
        self.bells = 0
        self.everything = True
        self.upheavals = 0
        self.title = ""
        self.icon_name = ""
        self.titles: list[tuple[str | None, str | None]] = []
        self.allows_resize = False
        self.checksum_extension = 0
        self._renditions: dict[str, dict[str, str]] = {}
        self._rendition_count = 0
        self._erasers: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Set all that a reset sets; scrollback and size stay."""
        self.scrollback.end_line()
        self.rows: list[Row] = [rows.blank(self.columns)] * self.lines
        self.hidden_rows = self.rows[:]
        self.modes = Modes()
        self.cursor: Caret = Caret()
        self.saved: Saved | None = None
        self.hidden_saved: Saved | None = None
        self.charsets = Charsets()
        self.reset_margins()
        self.stops = list(range(TAB_WIDTH, self.columns, TAB_WIDTH))
        self.shape = 0
        self.level = LEVEL
        self.is_eight_bit = False
        self.protection = ""
        self.extent = 0
        self.checksum_flags = self.checksum_extension
        self.pens: list[tuple[str, frozenset[str]]] = []
        self.kept_modes: dict[int, bool] = {}
        self.last_drawn = ""
        self.is_joining = False
        self.touch_all()

    def reset_margins(self) -> None:
        """Put all four margins on the screen's edges."""
        self.top, self.bottom = 0, self.lines - 1
        self.set_sides(0, self.columns - 1)

    def set_sides(self, left: int, right: int) -> None:
        """Put the left and the right margin on columns, 0-based.

        `edge` is the first column that text written left of it may not enter: the one behind the right
        margin. `is_full_width` says whether both margins are the screen's edges.
        """
        self.left, self.right, self.edge = left, right, right + 1
        self.is_full_width = right - left == self.columns - 1

    @property
    def is_in_margins(self) -> bool:
        """Whether the cursor is within all four margins."""
        cursor = self.cursor
        return self.left <= cursor.x <= self.right and self.top <= cursor.y <= self.bottom

    @property
    def eraser(self) -> str:
        """The style of cells erased now, as a character of a row's styles."""
        pen = self.cursor.pen
        found = self._erasers.get(pen)
        if found is None:
            found = self._erasers[pen] = self.style_code(eraser(self.style_of(pen)))
        return found

    def style_of(self, code: str) -> Style:
        """The style that a character of a row's styles stands for."""
        return self.styles.values[ord(code)]

    def restyled(self, code: str, **changes: Any) -> str:
        """The character for the style of another character with some fields of it changed."""
        return self.style_code(self.style_of(code)._replace(**changes))

    def style_code(self, style: Style) -> str:
        """The character that stands for a style.

        A style like it with the palette's colours, or else the default, where tens of thousands are alive.
        """
        spare = self.styles.limit >> 3
        number = self.styles.intern(style, spare)
        if number is None and self.styles.wants_cleaning():
            self.forget_unused()
            number = self.styles.intern(style, spare)
        if number is None:
            number = self.styles.intern(coarse(style))
        return chr(number or 0)

    def style_codes(self, styles: Sequence[Style]) -> list[str]:
        """The characters that stand for styles; none of these is forgotten to make room for another of them.

        So they are not entered one after the other: those that are new are counted first.
        """
        table, spare = self.styles, self.styles.limit >> 3
        if table.free <= spare + len(styles):
            fresh = sum(style not in table for style in set(styles))
            if fresh and table.free < spare + fresh and table.wants_cleaning():
                self.forget_unused()
        codes = []
        for style in styles:
            number = table.intern(style, spare)
            codes.append(chr((table.intern(coarse(style)) if number is None else number) or 0))
        return codes

    def cluster_code(self, cluster: str) -> str:
        """The code point that stands for a cluster; its first alone if the table is full after a clean-up."""
        code = self.clusters.stand_in(cluster)
        if code is None and self.clusters.table.wants_cleaning():
            self.forget_unused()
            code = self.clusters.stand_in(cluster)
        if code is None:
            # A code point of the stand-ins' planes must not be mistaken for another one's cluster.
            code = "\ufffd" if is_stand_in(cluster[0]) else cluster[0]
        return code

    def forget_unused(self) -> None:
        """Empty the tables of what no row, saved cursor or pen uses any more."""
        texts, styles = [], [self.cursor.pen, *(pen for pen, _ in self.pens)]
        styles.extend(saved.pen for saved in (self.saved, self.hidden_saved) if saved)
        for store in (self.rows, self.hidden_rows, self.scrollback):
            for text, codes, _ in store:
                texts.append("" if text.isascii() else text)
                styles.append("".join(set(codes)))
        self.clusters.retain("".join(texts))
        self.styles.retain({ord(code) for code in "".join(styles)})
        self._renditions.clear()
        self._rendition_count = 0
        self._erasers.clear()

    def part(self, y: int) -> None:
        """Let the line that goes on in a row end above it: what stood in the row is gone."""
        if y:
            self.rows[y - 1] = rows.parted(self.rows[y - 1])
        elif not self.modes.is_alternate:
            self.scrollback.end_line()

    def touch(self, start: int, end: int) -> None:
        """Note that the screen's rows from `start` up to, not including, `end` changed."""
        if len(self.dirty) < self.lines:
            self.dirty.update(range(start, end))

    def touch_all(self) -> None:
        """Note that nothing on the screen or of its geometry can be taken for what it was.

        `upheavals` counts how often that was so: whoever keeps the number of a line looks there.
        """
        self.everything = True
        self.upheavals += 1
        self.dirty.update(range(self.lines))

    def scroll(self, top: int, bottom: int, count: int) -> None:
        """Move the rows `top` to `bottom` up by `count`, or down by `-count`; blank rows come in.

        Only what stands between the left and the right margin moves. Does not feed the scrollback, and does
        not move the cursor. Lines that went on across an edge of the region end there; where the topmost row
        goes, whoever sends it elsewhere than to the scrollback parts it from that.
        """
        if bottom < self.lines - 1 and self.left == 0 and self.rows[bottom][2] > 0:
            self.part(bottom + 1)
        if top and self.left == 0 and self.rows[top - 1][2] > 0:
            self.part(top)
        if not self.is_full_width:
            self._scroll_between(top, bottom, count)
            return
        height = bottom - top + 1
        if count == 1:
            del self.rows[top]
            self.rows.insert(bottom, rows.blank(self.columns, self.eraser))
            if len(self.dirty) < self.lines:
                self.dirty.update(range(top, bottom + 1))
            return
        fresh = [rows.blank(self.columns, self.eraser)] * min(abs(count), height)
        if count > 0:
            del self.rows[top : top + len(fresh)]
            self.rows[bottom - len(fresh) + 1 : bottom - len(fresh) + 1] = fresh
        else:
            del self.rows[bottom - len(fresh) + 1 : bottom + 1]
            self.rows[top:top] = fresh
            self.rows[bottom] = rows.parted(self.rows[bottom])
        self.touch(top, bottom + 1)

    def shift(self, top: int, count: int) -> None:
        """Move the rows from `top` to the bottom margin as `scroll` does, with nothing for the scrollback."""
        if top == 0 and self.left == 0:
            self.part(0)
        self.scroll(top, self.bottom, count)

    def scroll_off(self, count: int) -> None:
        """Scroll the region up by `count` rows; what leaves the main screen's top goes to the scrollback."""
        count = min(count, self.bottom - self.top + 1)
        if self.top == 0 and not self.modes.is_alternate and self.is_full_width:
            if count == 1:
                self.scrollback.append(rows.trim(self.rows[0]))
            else:
                self.scrollback.extend([rows.trim(row) for row in self.rows[:count]])
            self.scrolled += count
        elif self.top == self.left == 0:
            self.part(0)
        self.scroll(self.top, self.bottom, count)

    def _scroll_between(self, top: int, bottom: int, count: int) -> None:
        """Scroll with margins at the sides."""
        before = self.rows[:]
        width = self.right - self.left + 1
        empty = " " * width, self.eraser * width
        for y in range(top, bottom + 1):
            source = y + count
            is_inside = top <= source <= bottom
            cells = rows.cut(before[source], self.left, self.edge) if is_inside else empty
            row = rows.put(before[y], self.left, *cells)
            self.rows[y] = rows.parted(row) if self.left == 0 else row
        self.touch(top, bottom + 1)
