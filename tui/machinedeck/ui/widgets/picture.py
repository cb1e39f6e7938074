"""The picture of a terminal: its lines as they are drawn, with what is marked in them."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from machinedeck.model.text import clean
from machinedeck.term import Style
from machinedeck.term.history import whole_cells
from machinedeck.term.marking import Marking
from machinedeck.term.selecting import Spot
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.colours import base_style, cursor_style, rich_style

LINKS = ("http://", "https://", "mailto:", "file://")
"""Addresses that are shown."""

BAR = "▏"
"""A cursor in the shape of a bar, on a blank cell."""

LINK_CHARACTERS = 200
"""How much of an address is shown."""

_TURNING = re.compile("[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks without a width that turn the direction of a line: it would be another than the machine wrote."""

_FORM = re.compile("[\u200d\ufe0e\ufe0f]")
"""Joiners and selectors: left out where a character would be drawn wider or narrower than its cells."""

LOOKS_MOST = 4096
"""How many styles of the machine are remembered as they are drawn here."""


def _fitting(text: str, cells: int) -> str:
    """Text as it can be drawn in so many cells, whatever it measures for those who draw it."""
    text = _TURNING.sub("", text)
    if cell_len(text) != cells:
        text = set_cell_size(_FORM.sub("", text), cells)
    return text


def _divided(strip: Strip, start: int, end: int) -> tuple[list[Segment], list[Segment], list[Segment]]:
    """What stands before some cells of a line, in them and behind them."""
    before: list[Segment] = []
    within: list[Segment] = []
    behind: list[Segment] = []
    at = 0
    for whole in strip:
        segment, stop = whole, at + whole.cell_length
        if at < start < stop:
            head, segment = segment.split_cells(start - at)
            before.append(head)
            at = start
        if at < end < stop:
            segment, tail = segment.split_cells(end - at)
            behind.append(tail)
            within.append(segment)
        else:
            (before if stop <= start else within if stop <= end else behind).append(segment)
        at = stop
    return before, within, behind


class TerminalPicture(Widget, can_focus=True):
    """Draws the lines of a session, scrolled back or not.

    Args:
        session: What to show.
        marking: What is marked in it.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TerminalPicture {
        width: 1fr;
        height: 1fr;
        background: #0c0c0c;
        color: #d0d0d0;

        & > .terminal--cursor { text-style: reverse; }
        & > .terminal--cursor-away { text-style: underline; }
        & > .terminal--selection { background: #3a5f8a; color: #ffffff; }
        & > .terminal--match { background: #6b5a1e; color: #ffffff; text-style: underline; }
        & > .terminal--current { background: #e0b040; color: #000000; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"terminal--{part}" for part in ("cursor", "cursor-away", "selection", "match", "current")
    }

    is_captive: reactive[bool] = reactive(True, repaint=False)
    back: reactive[int] = reactive(0, repaint=False)
    """How many lines the picture is scrolled back; 0 shows the screen itself."""

    def __init__(self, session: Session, marking: Marking) -> None:
        super().__init__()
        self.session = session
        self.marking = marking
        self._base_style: RichStyle | None = None
        self.may_blink = True
        """Whether a cursor that the machine wants to blink does."""
        self.link = ""
        """Where what is under the mouse, or under the caret, leads to."""
        self._looks: dict[tuple[Style, bool], RichStyle] = {}
        self._length = 0
        """How long the scrollback was when places were kept last."""
        self._upheavals = 0
        self._scrolled = 0
        """How many lines had scrolled off by then, of those that the next picture brings."""

    @property
    def top(self) -> int:
        """The line that is seen uppermost, counted from the oldest."""
        return max(0, self.session.terminal.scrollback_length - self.back)

    def keep_place(self) -> None:
        """Hold a picture that is scrolled back, and marks, still while lines come in and old ones go.

        Keys and the mouse come between two pictures too: what they do with a line needs its number of now.
        """
        screen, length = self.session.terminal.screen, self.session.terminal.scrollback_length
        scrolled, self._scrolled = screen.scrolled - self._scrolled, screen.scrolled
        dropped = scrolled - (length - self._length)
        self._length = length
        back = min(self.back + scrolled, length) if self.back else 0
        if back != self.back:
            self.set_reactive(TerminalPicture.back, back)
        if screen.upheavals != self._upheavals:
            self._upheavals = screen.upheavals
            self.marking.forget_places()
        elif dropped > 0:
            self.marking.move_lines(dropped)

    @property
    def _base(self) -> RichStyle:
        """The colours below those of the machine; Textual works them out anew each time it is asked."""
        if self._base_style is None:
            self._base_style = base_style(self.rich_style, self.session.terminal.screen.colours)
        return self._base_style

    def notify_style_update(self) -> None:
        """Forget colours that were looked up in another style."""
        super().notify_style_update()
        self.forget_colours()

    def forget_colours(self) -> None:
        """Look colours up anew: ours are others now, or the machine's are."""
        self._base_style = None
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        terminal = self.session.terminal
        index = self.top + y
        base = self._base
        if not 0 <= index < terminal.scrollback_length + terminal.lines:
            return Strip.blank(self.size.width, base)
        strip = self._line(index, base)
        for start, end, what in self.marking.spans(index):
            strip = self._styled(strip, start, end, what)
        return self._with_cursor(strip, index, y)

    def _line(self, index: int, base: RichStyle) -> Strip:
        """A line of the machine's, with nothing of ours in it."""
        terminal = self.session.terminal
        is_swapped, looks, width = terminal.modes.is_reverse, self._looks, self.size.width
        changed = terminal.screen.colours.changed
        segments, length = [], 0
        for text, cells, style in terminal.runs(index):
            look = looks.get((style, is_swapped))
            if look is None:
                if len(looks) >= LOOKS_MOST:
                    looks.clear()
                look = looks[style, is_swapped] = base + rich_style(style, is_swapped, changed)
            segments.append(Segment(text if text.isascii() else _fitting(text, cells), look))
            length += cells
        strip = Strip(segments, length)
        return strip if length == width else strip.adjust_cell_length(width, base)

    def _with_cursor(self, strip: Strip, index: int, y: int) -> Strip:
        terminal, caret = self.session.terminal, self.marking.caret
        if caret is not None:
            if caret.line != index:
                return strip
            return self._styled(strip, *self._cell(index, caret.column), "cursor")
        is_here = y - self.back == terminal.screen.cursor.y
        if not is_here or not terminal.modes.is_cursor_visible or self.session.has_ended:
            return strip
        cursor = terminal.cursor
        start, end = self._cell(index, cursor.x)
        if not self.has_focus or not self.is_captive:
            return self._styled(strip, start, end, "cursor-away")
        style = cursor_style(cursor, terminal.screen.colours, is_blinking=self.may_blink)
        if cursor.shape == "bar" and not strip.crop(start, end).text.strip():
            # Where there is room for it, it is a bar.
            bar = Segment(
                BAR.ljust(end - start), self._base + RichStyle(color=style.bgcolor, blink=style.blink)
            )
            return Strip.join([strip.crop(0, start), Strip([bar], end - start), strip.crop(end)])
        return self._with_style(strip, start, end, style)

    def _cell(self, index: int, column: int) -> tuple[int, int]:
        """From where to where the character in a column reaches."""
        start, end = whole_cells(self.marking.history.row(index)[0], column, column + 1)
        return (start, end) if start < end else (column, column + 1)

    def _styled(self, strip: Strip, start: int, end: int, what: str) -> Strip:
        """The line with some cells in a style of ours."""
        style = self.get_component_rich_style(f"terminal--{what}", partial=True)
        if what not in {"cursor", "cursor-away"}:
            # A colour of ours is meant even where the machine has text in reverse.
            style += RichStyle(reverse=False)
        return self._with_style(strip, start, end, style)

    def _with_style(self, strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
        before, cells, behind = _divided(strip, start, end)
        marked = [Segment(text, (old or self._base) + style) for text, old, _ in cells]
        return Strip([*before, *marked, *behind], strip.cell_length)

    def link_at(self, spot: Spot | None) -> str:
        """Where a cell leads to (OSC 8), "" for nowhere; only to be shown, nothing is ever opened."""
        if spot is None or not 0 <= spot.line < len(self.marking.history):
            return ""
        styles = self.marking.history.row(spot.line)[1]
        if not 0 <= spot.column < len(styles):
            return ""
        link = self.session.terminal.screen.style_of(styles[spot.column]).link
        return clean(link, LINK_CHARACTERS) if link.startswith(LINKS) else ""

    def validate_back(self, back: int) -> int:
        """There is no line before the oldest nor after the newest."""
        return max(0, min(back, self.session.terminal.scrollback_length))

    def watch_back(self) -> None:
        """Draw the other lines."""
        self.refresh()

    def watch_is_captive(self, is_captive: bool) -> None:
        """Show by the cursor where keys go."""
        if is_captive:
            self.back = 0
            self.marking.clear()
        self.refresh()

    def action_look_lines(self, lines: int) -> None:
        """Scroll back by lines, forth if negative."""
        self.back += lines

    def action_look_page(self, pages: int) -> None:
        """Scroll back by what is seen at once."""
        self.back += pages * max(1, self.size.height - 1)

    def action_look_end(self, to_oldest: int) -> None:
        """Scroll to the oldest line (1) or back to the screen (0)."""
        self.back = to_oldest * self.session.terminal.scrollback_length

    def reveal(self, line: int) -> None:
        """Scroll so that a line is seen."""
        height = self.session.terminal.lines
        if line < self.top:
            self.back = self.session.terminal.scrollback_length - line
        elif line >= self.top + height:
            self.back = self.session.terminal.scrollback_length - (line - height + 1)

    def search(self, by: int) -> None:
        """Go to the next (1) or previous (-1) match, seen from the last one or else from the lowest line."""
        self.keep_place()
        marking = self.marking
        bottom = Spot(len(marking.history), 0)
        found = marking.go(by, bottom if marking.is_typing else marking.reached or bottom)
        if found is not None:
            self.reveal(found.line)
        self.refresh()
