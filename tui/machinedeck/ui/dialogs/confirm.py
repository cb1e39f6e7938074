"""A question that is answered with one key."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

TALL = 20
"""Lines from which there is air around what is said."""

BESIDE_QUESTION, BESIDE_SHORT = 10, 5
"""Lines of the dialog beside the question and the command, with air and without."""


class Confirm(Dialog[bool]):
    """Asks whether something should really happen; y says so, n and escape do not.

    Args:
        question: What will happen, exactly.
        yes: What y does, in a word or two.
        no: What n does, in a word or two.
        command: The equivalent command line, "" if there is none.
    """

    CSS_PATH = "confirm.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape,q", "answer(False)", show=False),
        Binding("up", "look(-1)", show=False),
        Binding("down", "look(1)", show=False),
    ]

    def __init__(self, question: str, *, yes: str, no: str, command: str = "") -> None:
        super().__init__()
        self._question = question
        self._keys = KeyLine(("y", yes), ("n", no), id="answers")
        self._command = command
        self._news = Static(id="news")
        self._all = VerticalScroll(can_focus=False)

    def compose(self) -> ComposeResult:
        """The question, the command and the keys."""
        with Frame():
            with self._all:
                yield Static(Content(self._question), id="question")
            yield self._news
            if self._command:
                yield Static(Content(f"= {self._command}"), id="command")
            yield self._keys

    def on_resize(self, event: events.Resize) -> None:
        """Leave the question the room there is beside the rest: of many things it names each."""
        beside = BESIDE_QUESTION if event.size.height >= TALL else BESIDE_SHORT
        lines = self._command.count("\n") + 1 if self._command else 0
        self._all.styles.max_height = max(3, event.size.height - beside - lines)

    def action_look(self, by: int) -> None:
        """Show more of the question."""
        self._all.scroll_relative(y=by, animate=False)

    def tell(self, news: str) -> None:
        """Say what became meanwhile of what is asked about; "" for nothing."""
        self._news.update(Content(news))
        self._news.display = bool(news)

    def action_answer(self, is_yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(is_yes)
