"""What of the host was bound into machines from here, and the key that undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static
from textual.widgets.option_list import Option

from machinedeck.core.binds import Bind
from machinedeck.model.text import clean
from machinedeck.ui.dialogs.list_dialog import ListDialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

BESIDE_LIST = 9
"""Lines of the dialog beside the list."""

NOTHING = "Nothing was bound from here into a machine that still runs."
WHOSE = "These are the binds of this console: the service itself keeps no list."


class BindsDialog(ListDialog[int | None]):
    """Shows binds; the place of the one to be undone, or None.

    Args:
        binds: The name of the machine, and what is seen in it.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("x,delete", "undo", show=False),
    ]

    def __init__(self, binds: Sequence[tuple[str, Bind]]) -> None:
        super().__init__(*(Option(_line(name, bind)) for name, bind in binds))
        self._is_empty = not binds

    def compose(self) -> ComposeResult:
        """The binds, one line each, and the keys."""
        undo = [] if self._is_empty else [("x", "undo it")]
        with Frame():
            yield Static(Content("Bound from here"), classes="title")
            if not self._is_empty:
                yield self._list
            yield Static(Content(NOTHING if self._is_empty else WHOSE), id="hint")
            yield KeyLine(*undo, ("Esc", "back"), id="answers")

    def on_mount(self) -> None:
        """Begin with the latest."""
        if not self._is_empty:
            self._list.highlighted = 0
            self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Leave the list what room there is beside the rest."""
        self._list.styles.max_height = max(3, event.size.height - BESIDE_LIST)

    def action_undo(self) -> None:
        """Close with the one under the cursor."""
        if self._list.highlighted is not None:
            self.dismiss(self._list.highlighted)


def _line(name: str, bind: Bind) -> Content:
    how = "read-only" if bind.is_read_only else ""
    source, destination = clean(bind.source, 100), clean(bind.destination, 100)
    return Content.assemble((clean(name), "bold"), f"  {source} → {destination}  ", (how, "$text-warning"))
