"""The question before something is deleted: it names what goes, and wants a name typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

MOST_LINES = 8
"""Lines of what goes that are seen at once, at most; the rest is scrolled to."""

SHOWN = 500
"""Lines of what goes that can be scrolled to: to lay out ten thousand takes seconds, read by nobody."""

BESIDE_LIST = 13
"""Lines of the dialog beside them."""


class TypedName(Dialog[bool]):
    """Asks whether something should really be deleted; only the name says so.

    Args:
        question: What is asked.
        goes: Exactly what will go, a line each; of more than `SHOWN` it is said how many more.
        name: What is to be typed.
        command: The equivalent command line.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "look(-1)", show=False),
        Binding("down", "look(1)", show=False),
    ]

    def __init__(self, question: str, goes: Sequence[str], name: str, command: str) -> None:
        super().__init__()
        self._question = question
        self._goes = goes
        self._wanted = name
        self._command = command
        self._news = ""
        self._mistake = ""
        self._trouble = Static(id="trouble")
        self._list = VerticalScroll(classes="goes", can_focus=False)

    def compose(self) -> ComposeResult:
        """The question, what goes, the line to type the name in."""
        with Frame():
            yield Static(Content(self._question), classes="title")
            with self._list:
                more = [f"… and {len(self._goes) - SHOWN} more."] if len(self._goes) > SHOWN else []
                yield Static(Content("\n".join([*self._goes[:SHOWN], *more])))
            yield Static(Content.assemble("To do it, type ", (self._wanted, "bold")), id="hint")
            yield Input(compact=True)
            yield self._trouble
            yield Static(Content(f"= {self._command}"), id="command")
            yield KeyLine(("Enter", "do it"), ("Esc", "leave it alone"), ("↑↓", "see all"), id="answers")

    def on_resize(self, event: events.Resize) -> None:
        """Leave what goes the room there is beside the rest."""
        self._list.styles.max_height = max(2, min(MOST_LINES, event.size.height - BESIDE_LIST))

    def tell(self, news: str) -> None:
        """Say what became of the subjects meanwhile; "" for nothing."""
        if news != self._news:
            self._news = news
            self._show_trouble()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close if it is the name; say so if it is not."""
        if event.value.strip() == self._wanted:
            self.dismiss(True)
        else:
            self._mistake = f"That is not {self._wanted}. Nothing was done."
            self._show_trouble()

    def _show_trouble(self) -> None:
        self._trouble.update(Content(" ".join(filter(None, (self._news, self._mistake)))))

    def action_look(self, by: int) -> None:
        """Show more of what goes."""
        self._list.scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        """Close, and do nothing."""
        self.dismiss(False)
