"""The dialog in which polkit's agent asks for a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine
from machinedeck.ui.widgets.terminal import TerminalView
from machinedeck.ui.widgets.tones import TONE_CLASSES

LOOK_SECONDS = 0.1
"""How often it is looked whether the agent has its answer."""


class PasswordPrompt(Dialog[bool]):
    """Shows the agent's terminal until it has its answer; False where it is left without one.

    Args:
        session: The agent's terminal; it outlives the dialog.
        is_answered: Whether it has its answer.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    CSS_PATH = "form.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it

    def __init__(self, session: Session, is_answered: Callable[[Session], bool]) -> None:
        super().__init__()
        self._session = session
        self._is_answered = is_answered
        # Escape goes to no agent: it is the way out, as of every dialog
        self._view = TerminalView(session, "escape", 30)

    def compose(self) -> ComposeResult:
        """What it is about, the terminal, the keys."""
        with Frame():
            yield Static(Content("polkit asks for a password"), classes="title")
            yield self._view
            yield KeyLine(("Enter", "answer"), ("Esc", "leave it alone"), id="answers")

    def on_mount(self) -> None:
        """Give the keys to the agent, and look for the end of its question."""
        self._view.focus()
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._is_answered(self._session):
            self.dismiss(True)

    def on_terminal_view_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(False)
