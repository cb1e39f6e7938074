"""What dialogs with a list have in common: the keys that move its cursor, and the way out."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ScreenResultType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from machinedeck.ui.dialogs.dialog import Dialog


class ListDialog(Dialog[ScreenResultType]):
    """A dialog about the lines of a list, in which `j` and `k` move as the arrows do.

    Args:
        options: The lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, *options: Option) -> None:
        super().__init__()
        self._list = OptionList(*options, compact=True)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        (self._list.action_cursor_down if by > 0 else self._list.action_cursor_up)()

    def action_leave(self) -> None:
        """Close, and choose nothing."""
        self.dismiss(None)
