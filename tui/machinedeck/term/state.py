"""What a screen is made of, and the small steps that all edits share.

`Screen` is put together in layers, each a class that adds one family of events to the one before: `state`,
`moving`, `editing`, `drawing`, `switching`, `reporting`, and `screen` on top. Events have the names that pyte
gives them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyte
from pyte.screens import Cursor as PyteCursor

from machinedeck.term import rows
from machinedeck.term.charsets import Charsets
from machinedeck.term.clusters import Clusters
from machinedeck.term.modes import Modes
from machinedeck.term.rows import PLAIN, Row
from machinedeck.term.scrollback import Scrollback
from machinedeck.term.styles import Style, eraser, style_table

TAB_WIDTH = 8
"""Columns between tab stops at the start (terminfo `it#8`)."""


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
        self._renditions: dict[tuple[str, str], str] = {}
        self._erasers: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Set all that a reset sets; scrollback and size stay."""
        self.rows: list[Row] = [rows.blank(self.columns)] * self.lines
        self.hidden_rows = self.rows[:]
        self.modes = Modes()
        self.cursor: Caret = Caret()
        self.saved: Saved | None = None
        self.hidden_saved: Saved | None = None
        self.charsets = Charsets()
        self.top, self.bottom = 0, self.lines - 1
        self.stops = list(range(TAB_WIDTH, self.columns, TAB_WIDTH))
        self.shape = 0
        self.title = ""
        self.icon_name = ""
        self.kept_modes: dict[int, bool] = {}
        self.last_drawn = ""
        self.touch_all()

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

    def style_code(self, style: Style) -> str:
        """The character that stands for a style; the default's if the table is full even after a clean-up."""
        number = self.styles.intern(style)
        if number is None:
            self.forget_unused()
            number = self.styles.intern(style)
        return chr(number or 0)

    def cluster_code(self, cluster: str) -> str:
        """The code point that stands for a cluster; its first alone if the table is full after a clean-up."""
        code = self.clusters.stand_in(cluster)
        if code is None:
            self.forget_unused()
            code = self.clusters.stand_in(cluster)
        if code is None:
            # A lone code point of the stand-ins' planes must not be mistaken for another one's cluster.
            code = "\ufffd" if len(cluster) == 1 else cluster[0]
        return code

    def forget_unused(self) -> None:
        """Empty the tables of what no row, saved cursor or pen uses any more."""
        texts, styles = [], [self.cursor.pen]
        styles.extend(saved.pen for saved in (self.saved, self.hidden_saved) if saved)
        for store in (self.rows, self.hidden_rows, self.scrollback):
            for text, codes, _ in store:
                texts.append("" if text.isascii() else text)
                styles.append("".join(set(codes)))
        self.clusters.retain("".join(texts))
        self.styles.retain({ord(code) for code in "".join(styles)})
        self._renditions.clear()
        self._erasers.clear()

    def touch(self, start: int, end: int) -> None:
        """Note that the screen's rows from `start` up to, not including, `end` changed."""
        if len(self.dirty) < self.lines:
            self.dirty.update(range(start, end))

    def touch_all(self) -> None:
        """Note that nothing on the screen or of its geometry can be taken for what it was."""
        self.everything = True
        self.dirty.update(range(self.lines))

    def scroll(self, top: int, bottom: int, count: int) -> None:
        """Move the rows `top` to `bottom` up by `count`, or down by `-count`; blank rows come in.

        Does not feed the scrollback, and does not move the cursor.
        """
        height = bottom - top + 1
        fresh = [rows.blank(self.columns, self.eraser)] * min(abs(count), height)
        if count > 0:
            del self.rows[top : top + len(fresh)]
            self.rows[bottom - len(fresh) + 1 : bottom - len(fresh) + 1] = fresh
        else:
            del self.rows[bottom - len(fresh) + 1 : bottom + 1]
            self.rows[top:top] = fresh
        self.touch(top, bottom + 1)

    def scroll_off(self, count: int) -> None:
        """Scroll the region up by `count` rows; what leaves the main screen's top goes to the scrollback."""
        count = min(count, self.bottom - self.top + 1)
        if self.top == 0 and not self.modes.is_alternate:
            self.scrollback.extend([rows.trim(row) for row in self.rows[:count]])
            self.scrolled += count
        self.scroll(self.top, self.bottom, count)
