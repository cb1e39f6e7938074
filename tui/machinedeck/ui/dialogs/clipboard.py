"""Whether a machine may write the operator's clipboard."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from machinedeck.model.text import clean
from machinedeck.ui.consent import Answer, ClipboardWrite
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

SHOWN_CHARACTERS = 400
"""How much of a text is shown."""


class ClipboardQuestion(Dialog[Answer | None]):
    """Shows what a machine wants to write, and asks; None leaves it for later.

    It is opened by a key of the operator, never by the machine: what is being typed can answer nothing.

    Args:
        machine: The machine's name.
        write: What it wants to write.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('once')", show=False),
        Binding("a", "answer('always')", show=False),
        Binding("n", "answer('no')", show=False),
        Binding("N", "answer('never')", show=False),
        Binding("escape,q", "later", show=False),
    ]

    def __init__(self, machine: str, write: ClipboardWrite) -> None:
        super().__init__()
        self._machine = clean(machine)
        self._write = write

    def compose(self) -> ComposeResult:
        """The question, the text and the answers."""
        lines = self._write.text[:SHOWN_CHARACTERS].split("\n")
        text = "\n".join(clean(line) for line in lines[:8])
        cut = len(self._write.text) > SHOWN_CHARACTERS or len(lines) > 8
        with Frame():
            yield Static(
                Content(f"{self._machine} wants to put {self._write.size} bytes into your clipboard:")
            )
            yield Static(Content(text + ("\n…" if cut else "")), id="text")
            yield _answers()

    def action_answer(self, answer: str) -> None:
        """Close with the answer."""
        self.dismiss(Answer(answer))

    def action_later(self) -> None:
        """Close without one."""
        self.dismiss(None)


def _answers() -> KeyLine:
    """The keys and what they mean: yes above no, so that no answer is cut in two where room is short."""
    line = KeyLine(id="answers")
    gaps = "   ", "\n", "          ", "   "
    line.show(
        ("y", "this once"),
        ("a", "as long as it runs"),
        ("n", "no"),
        ("N", "never while it runs"),
        ("Esc", "later"),
        gaps=gaps,
    )
    return line
