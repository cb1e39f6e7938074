"""A table with a filter that the operator types, key by key, while what fits is shown."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from machinedeck.core.filtering import Filter, read_filter
from machinedeck.model.text import clean
from machinedeck.ui.widgets.focus import is_passed_on
from machinedeck.ui.widgets.marking import MarkingTable
from machinedeck.ui.widgets.rows import Rows

CARET = "▏"


class FilteringTable(MarkingTable):
    """A table with a filter; whoever fills it shows the rows that fit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "filter", show=False)]
    FIELDS: ClassVar[frozenset[str]] = frozenset()
    """What a filter can name."""

    filter = Filter()
    _is_typing = False
    _was_on: str | None = None
    """The row that the cursor was on before there was none."""

    def show_rows(self, rows: Rows, notice: str) -> None:
        """See `Table`; once rows are there again after nothing fitted, the cursor is where it was."""
        if self.rows and not rows:
            self._was_on = self.current
        super().show_rows(rows, notice)
        if rows and self._was_on is not None:
            if self._was_on in rows.keys:
                self.go(rows.keys.index(self._was_on))
            self._was_on = None

    def _again(self) -> None:
        """Show what fits now."""
        raise NotImplementedError

    def filter_words(self) -> str:
        """The filter as it is typed, "" where there is none."""
        if not self._is_typing and not self.filter.text:
            return ""
        return f"/{clean(self.filter.text)}{CARET if self._is_typing else ''}"

    def action_filter(self) -> None:
        """Type a filter."""
        self._is_typing = True
        self._again()

    def show_all(self) -> None:
        """Filter nothing."""
        self._set_filter("")

    def on_key(self, event: events.Key) -> None:
        """While a filter is typed, keys are its text."""
        if not self._is_typing:
            super().on_key(event)
        elif not is_passed_on(self, event) and self._type(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is part of the filter that is typed."""
        if self._is_typing:
            event.stop()
            self._set_filter(self.filter.text + clean(event.text.strip(), 200))

    def on_blur(self) -> None:
        """What was typed stays; keys are typed elsewhere now."""
        if self._is_typing:
            self._is_typing = False
            self._again()

    def _type(self, event: events.Key) -> bool:
        """Whether a key was one of the filter's."""
        if event.key in {"enter", "tab", "down", "up"}:
            self._is_typing = False
            self._again()
            return event.key == "enter"
        if event.key == "escape":
            self._is_typing = False
            self._set_filter("")
        elif event.key == "backspace":
            self._set_filter(self.filter.text[:-1])
        elif event.key == "ctrl+u":
            self._set_filter("")
        elif event.is_printable and event.character:
            self._set_filter(self.filter.text + event.character)
        return True

    def _set_filter(self, text: str) -> None:
        self.filter = read_filter(text, self.FIELDS)
        self._again()
