"""One of a few values, changed with a key: what dialogs have in place of lists and boxes to tick."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class Choice(Static, can_focus=True):
    """Shows the value that is chosen; left, right and space change it, and so does a click.

    Args:
        values: What can be chosen.
        value: What is chosen at first.
        words: How the values are shown, where not as they are.
        id: The widget's id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "change(-1)", show=False),
        Binding("right,space", "change(1)", show=False),
    ]

    class Changed(Message):
        """Another value is chosen."""

    def __init__(
        self, values: tuple[str, ...], value: str, words: tuple[str, ...] = (), *, id: str | None = None
    ) -> None:
        self._values = values
        self._words = words or tuple(f"< {value} >" for value in values)
        self._at = values.index(value)
        super().__init__(Content(self._words[self._at]), id=id)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self._values[self._at]

    def action_change(self, by: int) -> None:
        """Choose the next or the previous value."""
        self._at = (self._at + by) % len(self._values)
        self.update(Content(self._words[self._at]))
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """Choose the next value."""
        self.focus()
        self.action_change(1)
