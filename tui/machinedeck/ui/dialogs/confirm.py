"""A question that is answered with one key."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame


class Confirm(Dialog[bool]):
    """Asks whether something should really happen; y says so, n and escape do not.

    Args:
        question: What will happen, exactly.
        yes: What y does, in a word or two.
        no: What n does, in a word or two.
        command: The equivalent command line, "" if there is none.
    """

    CSS_PATH = "confirm.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape,q", "answer(False)", show=False),
    ]

    def __init__(self, question: str, *, yes: str, no: str, command: str = "") -> None:
        super().__init__()
        self._question = question
        self._keys = Content.assemble(("y", "bold"), f" {yes}    ", ("n", "bold"), f" {no}")
        self._command = command
        self._news = Static(id="news")

    def compose(self) -> ComposeResult:
        """The question, the command and the keys."""
        with Frame():
            yield Static(Content(self._question), id="question")
            yield self._news
            if self._command:
                yield Static(Content(f"= {self._command}"), id="command")
            yield Static(self._keys, id="answers")

    def tell(self, news: str) -> None:
        """Say what became meanwhile of what is asked about; "" for nothing."""
        self._news.update(Content(news))
        self._news.display = bool(news)

    def action_answer(self, is_yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(is_yes)
