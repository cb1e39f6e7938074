"""The screen: a `pyte.Screen` with its own store of cells, and what can be read from it."""

from __future__ import annotations

from collections.abc import Callable

from pyte import modes as pyte_modes
from pyte.screens import Margins

from machinedeck.term.cells import Cells
from machinedeck.term.resizing import Resizing
from machinedeck.term.rows import RIGHT, Row
from machinedeck.term.switching import NARROW


class Screen(Resizing):
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
