"""The reference of every start: a Textual app that shows one DataTable with one row."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class OneRow(App[None]):
    """As little as a console could be."""

    def compose(self) -> ComposeResult:
        """The table."""
        table: DataTable[str] = DataTable()
        table.add_columns("name")
        table.add_row("machine-49")
        yield table


if __name__ == "__main__":
    OneRow().run()
