"""A table whose rows can be marked, to do something to all of them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from machinedeck.ui.widgets.rows import HEAD_MARK
from machinedeck.ui.widgets.table import Table


class MarkingTable(Table):
    """A table with marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", show=False),
        Binding("asterisk,A", "mark_all", show=False),
    ]

    @property
    def marked(self) -> tuple[str, ...]:
        """The keys of the rows that are marked and shown, in their order."""
        return tuple(key for key in self.rows.keys if key in self.marks) if self.marks else ()

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away; go on to the next."""
        if self.current is not None and self.can_mark(self.current):
            self._set_marks(self.marks ^ {self.current})
            self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark all rows that are shown; where all are, take their marks away."""
        shown = {key for key in self.rows.keys if self.can_mark(key)}
        self._set_marks(self.marks - shown if shown <= self.marks else self.marks | shown)

    def can_mark(self, key: str) -> bool:
        """Whether a row can be marked."""
        return not key.startswith(HEAD_MARK)

    def _set_marks(self, marks: set[str]) -> None:
        if marks == self.marks:
            return
        had, was = bool(self.marks), self.marks
        self.marks = marks
        if had != bool(marks):
            self._lay_out()
            self.redraw()
        else:
            for index in range(self.scroll_offset.y, self.scroll_offset.y + self.size.height):
                if index < len(self.rows) and self.rows.keys[index] in was ^ marks:
                    self._drawn.pop((self.rows.keys[index], index == self.cursor), None)
                    self._drawn.pop((self.rows.keys[index], index != self.cursor), None)
                    self._refresh_row(index)
        self.post_message(self.Moved(self))
