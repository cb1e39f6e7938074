"""Choosing a signal for a process."""

from __future__ import annotations

import signal
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from machinedeck.core.actions.machines import SIGNALS
from machinedeck.model.text import clean
from machinedeck.model.usage import Process
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine
from machinedeck.ui.widgets.rows import Cell, Row, rows_of
from machinedeck.ui.widgets.table import Table
from machinedeck.ui.widgets.tones import TONE_CLASSES

_HELP = {
    "SIGTERM": "end, please",
    "SIGKILL": "end at once: nothing is saved",
    "SIGHUP": "hang up; many read their settings anew",
    "SIGINT": "interrupt, as Ctrl-C",
    "SIGQUIT": "end and leave a core dump",
    "SIGUSR1": "what the program makes of it",
    "SIGUSR2": "what the program makes of it",
    "SIGSTOP": "stand still",
    "SIGCONT": "go on",
}


class SignalDialog(Dialog[int | None]):
    """Asks which signal a process shall get; the number, or None for none.

    Args:
        process: Who gets it.
    """

    CSS_PATH = "signals.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it
    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False)]

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process
        self._table = Table((Column("signal", "SIGNAL", 8, 10), Column("help", "", 10, 50)), id="signals")

    def compose(self) -> ComposeResult:
        """Whom it is for, the signals, and the keys."""
        with Frame():
            text = f"Signal for {self._process.pid}: {clean(self._process.command, 200)}"
            yield Static(Content(text), id="question")
            yield self._table
            yield KeyLine(("Enter", "send"), ("Esc", "leave it alone"))

    def on_mount(self) -> None:
        """Offer the signals, the most used first."""
        rows = [Row(name, (Cell(name, "strong"), Cell(_HELP[name], "faint"))) for name in SIGNALS]
        self._table.show_rows(rows_of(rows), "")
        self.set_focus(self._table)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Close with the signal."""
        event.stop()
        self.dismiss(signal.Signals[event.key].value)

    def on_table_moved(self, event: Table.Moved) -> None:
        """The list below is none of the lists of the console."""
        event.stop()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)
