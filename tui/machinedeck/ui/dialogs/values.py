"""Which value of what is chosen goes to the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from machinedeck.model.text import clean
from machinedeck.ui.dialogs.list_dialog import ListDialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

BESIDE_LIST = 7
"""Lines of the dialog beside the list."""

SHOWN = 200
"""Characters of a value that are shown; all of it is copied."""


class ValuesDialog(ListDialog[int | None]):
    """Asks for one of some values; its place among them, or None.

    Args:
        title: What they are of.
        values: What each is, and the value.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
    ]

    def __init__(self, title: str, values: Sequence[tuple[str, str]]) -> None:
        lines = (
            Content.assemble((f"{what:>10}  ", "bold"), clean(value.replace("\n", " "), SHOWN))
            for what, value in values
        )
        super().__init__(*(Option(line, id=str(at)) for at, line in enumerate(lines)))
        self._title = title

    def compose(self) -> ComposeResult:
        """What they are of, the values, and the keys."""
        with Frame():
            yield Static(Content(self._title), classes="title")
            yield self._list
            yield KeyLine(("Enter", "copy it"), ("Esc", "leave it"), id="answers")

    def on_mount(self) -> None:
        """Begin with the first."""
        self._list.highlighted = 0
        self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Leave the list what room there is beside the rest."""
        self._list.styles.max_height = max(3, event.size.height - BESIDE_LIST)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with it."""
        self.dismiss(int(event.option.id or 0))
