"""All that can be done to what is chosen, each with its key; what cannot be done now with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from machinedeck.ui.dialogs.list_dialog import ListDialog
from machinedeck.ui.lines import key_name
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

BESIDE_LIST = 7
"""Lines of the dialog beside the list and what is said of an action, and a little air."""

LEAST_HINT, HINT_OF = 2, 8
"""Lines for what is said of an action: as many as the longest needs, up to one of this many of the screen."""


WIDTH, MARGINS = 76, 6
"""Columns of the dialog, and those of them that its text has not (`form.tcss`)."""


class Entry(NamedTuple):
    """One action of the menu."""

    id: str
    key: str
    label: str
    help: str
    command: str
    """The equivalent command line, "" where more must be known first."""
    refusal: str = ""
    """Why it cannot be done now; "" where it can."""


class ActionMenu(ListDialog[str | None]):
    """Asks which action; its id, or None.

    Args:
        title: What they are done to.
        entries: All actions.
    """

    CSS_PATH = "form.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, title: str, entries: Sequence[Entry]) -> None:
        super().__init__(*(Option(_line(entry), id=entry.id) for entry in entries))
        self._title = title
        self._entries = {entry.id: entry for entry in entries}
        self._hint = Static(id="hint")

    def compose(self) -> ComposeResult:
        """What is chosen, the actions, more of the one under the cursor."""
        with Frame():
            yield Static(Content(self._title), classes="title")
            yield self._list
            yield self._hint
            yield KeyLine(("Enter", "or its key"), ("Esc", "leave it alone"), id="answers")

    def on_mount(self) -> None:
        """Begin with the first that can be done."""
        ways = [at for at, entry in enumerate(self._entries.values()) if not entry.refusal]
        self._list.highlighted = ways[0] if ways else 0
        self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Leave the list what room there is beside the rest."""
        width = min(WIDTH, event.size.width * 96 // 100) - MARGINS
        lines = [_hint(entry).get_height({}, width) for entry in self._entries.values()]
        hint = max(LEAST_HINT, min(event.size.height // HINT_OF, max(lines)))
        self._hint.styles.height = self._hint.styles.max_height = hint
        self._list.styles.max_height = max(3, event.size.height - BESIDE_LIST - hint)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say more of it."""
        self._hint.update(_hint(self._entries[event.option.id or ""]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with it, if it can be done."""
        self._choose(event.option.id or "")

    def on_key(self, event: events.Key) -> None:
        """The key of an action is its key here too."""
        entry = next((one for one in self._entries.values() if one.key == event.key), None)
        if entry is not None and event.key != "enter":
            event.stop()
            event.prevent_default()
            self._list.highlighted = list(self._entries).index(entry.id)
            self._choose(entry.id)

    def _choose(self, id: str) -> None:
        if not self._entries[id].refusal:
            self.dismiss(id)


def _line(entry: Entry) -> Content:
    if entry.refusal:
        return Content.assemble((f"{key_name(entry.key):>6}  {entry.label:<10}  {entry.refusal}", "dim"))
    return Content.assemble((f"{key_name(entry.key):>6}", "bold"), f"  {entry.label:<10}  {entry.help}")


def _hint(entry: Entry) -> Content:
    """What is said of an action: why it cannot be done, or what it does and by which command line."""
    if entry.refusal:
        return Content.assemble((entry.refusal, "$text-warning"))
    return Content(f"{entry.help}\n= {entry.command}" if entry.command else entry.help)
