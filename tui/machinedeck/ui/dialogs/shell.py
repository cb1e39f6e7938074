"""How to open a shell: as whom, with what, and what its programs are told."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from machinedeck.model.text import clean
from machinedeck.model.wish import TERMS, Wish, read_variables
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

_FIELDS = (("user", "User"), ("command", "Command"), ("variables", "Environment"), ("term", "TERM"))


class ShellDialog(Dialog[Wish | None]):
    """Asks how to open a shell; None if none is wanted.

    Args:
        wish: What stands there at first; its machine stays.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._wish = wish
        self._trouble = Static(id="trouble")
        values = {
            "user": wish.user,
            "command": wish.command,
            "variables": " ".join(wish.variables),
            "term": wish.term,
        }
        hints = {
            "user": "root",
            "command": "the user's shell",
            "variables": 'NAME=VALUE OTHER="with blanks"',
            "term": wish.term,
        }
        self._inputs = {
            name: Input(values[name], placeholder=hints[name], id=name, compact=True) for name, _ in _FIELDS
        }

    def compose(self) -> ComposeResult:
        """The fields and the keys."""
        with Frame():
            yield Static(Content(f"A shell in {clean(self._wish.machine)}"), classes="title")
            for name, label in _FIELDS:
                with Horizontal():
                    yield Static(Content(label), classes="name")
                    yield self._inputs[name]
            yield self._trouble
            yield KeyLine(
                ("Enter", "open"),
                ("Tab", "next field"),
                ("F2", "another TERM"),
                ("Esc", "leave it"),
                id="answers",
            )

    def on_key(self, event: events.Key) -> None:
        """F2 goes round the terminals that can be told."""
        if event.key == "f2":
            event.stop()
            now = self._inputs["term"].value
            at = (TERMS.index(now) + 1) % len(TERMS) if now in TERMS else 0
            self._inputs["term"].value = TERMS[at]

    def on_input_submitted(self) -> None:
        """Close with what is wanted, or say what is wrong with it."""
        value = {name: field.value.strip() for name, field in self._inputs.items()}
        try:
            variables = read_variables(value["variables"])
            if not value["term"].replace("-", "").replace("+", "").replace(".", "").isalnum():
                raise ValueError(f"{value['term']!r} is no name of a terminal: say one as {TERMS[0]}.")
        except ValueError as error:
            self._trouble.update(Content(clean(error)))
            return
        self.dismiss(
            Wish(
                self._wish.machine,
                user=value["user"] or "root",
                command=value["command"],
                variables=variables,
                term=value["term"],
            )
        )

    def action_leave(self) -> None:
        """Close without a wish."""
        self.dismiss(None)
