"""A question that is answered with a line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine


class Ask(Dialog[str | None]):
    """Asks for a line; None if it is left without one.

    Args:
        question: What is asked for.
        answer: What stands there already.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: str, answer: str) -> None:
        super().__init__()
        self._question = question
        self._answer = answer

    def compose(self) -> ComposeResult:
        """The question, the line and the keys."""
        with Frame():
            yield Static(Content(self._question))
            yield Input(self._answer, compact=True)
            yield KeyLine(("Enter", "do it"), ("Esc", "leave it"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with the line."""
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Close without one."""
        self.dismiss(None)
