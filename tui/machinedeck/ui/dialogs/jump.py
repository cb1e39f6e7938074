"""Jumping: each row that is seen has a letter or two, and the one that is typed is gone to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""From the keys that fingers rest on to those that they reach last."""


def labels(count: int) -> list[str]:
    """As many labels, all of the same length, so that none begins another."""
    made = [""]
    while len(made) < count:
        made = [one + letter for one in made for letter in LETTERS]
    return made[:count]


class JumpScreen(Dialog[str | None]):
    """Takes the letters; the label that was typed, or None.

    Args:
        labels: All labels there are.
        on_typed: Called with what is typed so far.
    """

    CSS_PATH = "jump.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, labels: Sequence[str], on_typed: Callable[[str], None]) -> None:
        super().__init__()
        self._labels = labels
        self._on_typed = on_typed
        self._typed = ""

    def compose(self) -> ComposeResult:
        """One line: what to do."""
        with Frame():
            yield Static(Content.assemble(" Type the letters of a row    ", ("Esc", "bold"), " stay here"))

    def on_key(self, event: events.Key) -> None:
        """A letter leads on; any other key leaves all as it was."""
        if event.key == "escape":
            return
        event.stop()
        event.prevent_default()
        typed = self._typed + (event.character or "")
        fitting = [label for label in self._labels if label.startswith(typed)]
        if not event.is_printable or not fitting:
            self.dismiss(None)
        elif typed in self._labels:
            self.dismiss(typed)
        else:
            self._typed = typed
            self._on_typed(typed)

    def on_click(self) -> None:
        """A click leaves all as it was."""
        self.dismiss(None)

    def action_leave(self) -> None:
        """Close, and stay."""
        self.dismiss(None)
