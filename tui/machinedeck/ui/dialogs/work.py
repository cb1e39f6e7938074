"""Long work that goes on: how far it is, and the key that ends it before its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static
from textual.widgets.option_list import Option

from machinedeck.core.store import Change, Store
from machinedeck.model.operation import Operation, bytes_of, how_far
from machinedeck.ui.dialogs.list_dialog import ListDialog
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

BAR = 10
"""Cells of the bar that shows how far something is."""

LABEL, LEAST_LABEL = 28, 12
"""Cells of what it is, and where there is little room."""

BESIDE_LABEL = 46
"""Cells of the screen that all the rest of a line takes."""

NOTHING = "No copy, clone or removal goes on now."


class WorkDialog(ListDialog[None]):
    """Shows long work while it goes on.

    Args:
        store: What is known of the host.
        cancel: Called to end one of them before its time.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", show=False),
        Binding("x,delete", "cancel", show=False),
    ]

    def __init__(self, store: Store, cancel: Callable[[Operation], None]) -> None:
        super().__init__()
        self._store = store
        self._cancel = cancel
        self._hint = Static(id="hint")
        self._keys = KeyLine(id="answers")

    def compose(self) -> ComposeResult:
        """The work, one line each, and the keys."""
        with Frame():
            yield Static(Content("Long work"), classes="title")
            yield self._list
            yield self._hint
            yield self._keys

    def on_mount(self) -> None:
        """Show it, and what becomes of it."""
        self._end = self._store.listen(self._on_change)
        self._list.focus()
        self._look()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._end()

    def _on_change(self, _change: Change) -> None:
        # The store tells from the task of the follower, which knows nothing of Textual.
        self.app.call_later(self._look)

    def _look(self) -> None:
        operations = list(self._store.operations.values())
        shown = [self._list.get_option_at_index(at).id for at in range(self._list.option_count)]
        if shown == [str(one.id) for one in operations]:
            for at, one in enumerate(operations):
                self._list.replace_option_prompt_at_index(at, self._line(one))
        else:
            chosen = shown[self._list.highlighted] if self._list.highlighted is not None else None
            ids = [str(one.id) for one in operations]
            self._list.clear_options()
            self._list.add_options(Option(self._line(one), id=str(one.id)) for one in operations)
            # What is under the cursor may be cancelled by a key: it is never another that has come there
            is_first = chosen is None and not shown
            self._list.highlighted = ids.index(chosen) if chosen in ids else 0 if is_first and ids else None
        self._list.display = bool(operations)
        is_measured = any(one.is_estimated for one in operations)
        self._hint.update(
            Content("~ is measured from here: the service tells nothing." if is_measured else "")
        )
        keys = [("x", "cancel it"), ("Esc", "back; it goes on")]
        if not operations:
            self._hint.update(Content(NOTHING))
            keys = [("Esc", "back")]
        self._keys.show(*keys)

    def action_cancel(self) -> None:
        """End what is under the cursor."""
        if self._list.highlighted is not None:
            id = self._list.get_option_at_index(self._list.highlighted).id
            operation = self._store.operations.get(int(id or 0))
            if operation is not None:
                self._cancel(operation)

    def on_option_list_option_selected(self) -> None:
        """A click or Enter only chooses a line: what ends work has a key of its own."""
        self._list.focus()

    def _line(self, operation: Operation) -> Content:
        room = max(LEAST_LABEL, min(LABEL, self.app.size.width - BESIDE_LABEL))
        label = set_cell_size(operation.label, room)
        if cell_len(operation.label) > room:
            label = set_cell_size(operation.label, room - 1) + "…"
        share = min(1.0, operation.done / operation.total) if operation.total else 0.0
        full = round(share * BAR)
        bar = "█" * full + "░" * (BAR - full) if operation.total else " " * BAR
        far = how_far(operation) if operation.total else ""
        return Content.assemble(f"{label} ", (bar, "$text-accent"), f" {far:>6}  {bytes_of(operation)}")
