"""What was done from here: who, what, when, with which command, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from machinedeck.core.journal import Journal
from machinedeck.model.deed import Deed
from machinedeck.model.text import clean
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine
from machinedeck.ui.widgets.rows import Cell, Row, rows_of
from machinedeck.ui.widgets.table import Table
from machinedeck.ui.widgets.tones import TONE_CLASSES

COLUMNS = (
    Column("when", "WHEN", 8, 8),
    Column("what", "WHAT", 9, 12),
    Column("subject", "ON", 12, 30),
    Column("result", "RESULT", 9, 40),
    Column("who", "WHO", 8, 24, rank=2),
    Column("took", "TOOK", 6, 8, rank=1, is_right=True),
    Column("command", "COMMAND", 20, 100, rank=3),
)

LOOK_SECONDS = 0.5
"""How often it is looked whether something else was done."""


class JournalScreen(Dialog[None]):
    """The deeds of this session, the latest first.

    Args:
        journal: The journal.
        notice: Why it is kept nowhere, "" where it is.
        export: Asks for a file and writes the journal to it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    CSS_PATH = "journal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,J", "dismiss", show=False),
        Binding("e", "export", show=False),
    ]

    def __init__(self, journal: Journal, notice: str, export: Callable[[], object]) -> None:
        super().__init__()
        self._journal = journal
        self._notice = notice
        self._export = export
        self._deeds: list[Deed] = []
        self._table = Table(COLUMNS, id="deeds")
        self._trouble = Static(id="trouble")
        self._more = Static(id="more")

    def compose(self) -> ComposeResult:
        """The deeds, and all of the one under the cursor."""
        with Frame():
            yield self._trouble
            yield self._table
            yield self._more
            yield KeyLine(("e", "export to a file"), ("Esc", "back"), id="answers")

    def on_mount(self) -> None:
        """Show what is there, and look again now and then."""
        self._table.border_title = "What was done from here"
        self._table.focus()
        self._look()
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        failure = self._journal.failure
        trouble = self._notice if failure is None else f"The journal cannot be written: {failure.strerror}."
        self._trouble.update(Content(clean(trouble)))
        self._trouble.display = bool(trouble)
        self._deeds = list(reversed(list(self._journal)))
        count = len(self._deeds)
        rows = [_row(deed, str(count - at)) for at, deed in enumerate(self._deeds)]
        self._table.show_rows(rows_of(rows), "" if rows else "Nothing was done from here yet.")
        self._show_more()

    def on_table_moved(self) -> None:
        """Show all of another one."""
        self._show_more()

    def _show_more(self) -> None:
        if not self._deeds:
            return
        deed = self._deeds[min(self._table.cursor, len(self._deeds) - 1)]
        lines = [f"= {deed.command}", f"{deed.operator} on {deed.host}: {deed.result or 'going on'}"]
        self._more.update(Content("\n".join(lines)))

    def action_export(self) -> None:
        """Write it to a file that the operator names."""
        self._export()


def _row(deed: Deed, key: str) -> Row:
    tone = "faint" if deed.is_going_on else "good" if deed.is_done else "bad"
    return Row(
        key,
        (
            Cell(time.strftime("%H:%M:%S", time.localtime(deed.began)), "faint"),
            Cell(deed.action),
            Cell(deed.subject, "strong"),
            Cell(deed.result or "going on", tone),
            Cell(deed.operator, "faint"),
            Cell("" if deed.is_going_on else f"{deed.seconds:.1f} s", "faint"),
            Cell(deed.command, "faint"),
        ),
    )
