"""The main screen: three panes and the terminals beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from machinedeck.core.store import EVERYTHING, Change, Store
from machinedeck.model.image import Image, Pool
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.ui import lines
from machinedeck.ui.panes.images import ImagesPane
from machinedeck.ui.panes.list_pane import ListPane
from machinedeck.ui.panes.machines import MachinesPane
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.panes.pool import PoolPane
from machinedeck.ui.screens.choosing import ChoosingScreen
from machinedeck.ui.widgets.ground import GroundRow
from machinedeck.ui.widgets.line import Line
from machinedeck.ui.widgets.table import Table
from machinedeck.ui.widgets.tones import TONE_CLASSES

LEAST = (40, 10)
"""Columns and lines below which only one sentence is shown."""

LEAST_FOR_ALL = (80, 20)
"""Columns and lines below which one pane is shown at a time."""

LEAST_FOR_DETAILS = 160
"""Columns from which the details stand beside the lists."""

PANES = ("machines", "images", "pool")


class Console(ChoosingScreen):
    """What an operator looks at all day.

    Args:
        store: What is known of the host.
        title: What the header says of the host.
        leave_key: The key that leaves a terminal.
        frames: How many pictures of a terminal a second at most.
        clock: The real time in seconds.
        key_of: The key of an action, by its id.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    AUTO_FOCUS = ""  # what had the keys before has them again, not what comes first
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(at + 1), f"pane({at})", show=False) for at in range(len(PANES))),
        Binding("tab", "next_pane(1)", show=False),
        Binding("shift+tab", "next_pane(-1)", show=False),
        Binding("i", "inspect", show=False),
        Binding("a", "menu", show=False),
        Binding("ctrl+l", "redraw", show=False),
        Binding("escape", "clear", show=False),
    ]

    class Inspect(Message):
        """The user wants the details of what is selected, or there is room for them beside the lists."""

        def __init__(self, *, is_wanted: bool) -> None:
            super().__init__()
            self.is_wanted = is_wanted

    def __init__(
        self,
        store: Store,
        title: lines.Title,
        leave_key: str,
        frames: int,
        clock: Callable[[], float],
        key_of: Callable[[str], str],
    ) -> None:
        super().__init__(store, leave_key, frames, classes=f"-pane-{PANES[0]}")
        self._title = title
        self._clock = clock
        self._key_of = key_of
        self._pane = 0
        self._is_composed = False
        panes: list[Pane] = [MachinesPane(id="machines"), ImagesPane(id="images"), PoolPane(id="pool")]
        self.panes = tuple(panes)
        self.bind_keys(key_of)
        # Kept, not looked up: a piece of news or a moving focus may still come while the screen is taken down
        self.header, self.keys = Line(id="header"), Line(id="keys")

    def compose(self) -> ComposeResult:
        """Header, panes, keys; the rest is made when it is needed first."""
        machines, images, pool = self.panes
        yield self.header
        with self.estate:
            yield machines
            yield GroundRow(images, pool, id="lower")
        yield self.keys

    def on_mount(self) -> None:
        """Show what is known already, and follow the store and the clock."""
        self._is_composed = True
        self.show_change(EVERYTHING)
        self.action_pane(0)
        self.set_interval(10, self._on_tick)

    def _on_tick(self) -> None:
        self.panes[0].show(self.store, self._clock())

    def show_change(self, change: Change) -> None:
        """Draw what changed in the store."""
        if not self._is_composed:
            return  # everything is shown at once when it is
        now = self._clock()
        for pane in self.panes:
            if pane.is_concerned(change, self.store):
                pane.show(self.store, now)
            if change.is_status:
                pane.show_status(self.store.status)
        if change.is_status:
            self._show_note("banner", lines.banner(self.store.status))
        self.end_logins()
        self.show_lines()

    def _show_note(self, id: str, text: str) -> None:
        """Show a text above the panes, or take it away again ("")."""
        notes = self.query(f"#{id}").results(Static)
        if (note := next(notes, None)) is not None:
            note.update(Content(text))
            note.display = bool(text)
        elif text:
            self.mount(Static(Content(text), id=id), before=self.estate)

    def show_lines(self) -> None:
        """Draw header, tabs and keys, where they say something else now."""
        self.header.show(*lines.header(self.store, self._title))
        self.tabs.show(self.shells.pieces(), lines.leave_hint(self.shells, self.leave_key))
        if isinstance(self.focused, Table) and self.focused.id == "details":
            has_processes = any(key.startswith("process ") for key in self.focused.rows.keys)
            copy_key = lines.key_name(self._key_of("copy-value"))
            self.keys.show(lines.detail_keys(copy_key, self.size.width, has_processes=has_processes))
            return
        self.keys.show(
            lines.keys(
                self.shells,
                self.leave_key,
                lines.Choice(() if self._title.is_read_only else self.table, self.subjects, self._key_of),
                self.store,
                room=self.size.width,
            )
        )

    @property
    def machine(self) -> Machine | None:
        """The machine under the cursor of the machines pane."""
        return self.store.row(self.panes[0].current)

    @property
    def subject(self) -> Machine | Image | Pool | None:
        """What is under the cursor of the pane that was used last."""
        key = self.panes[self._pane].current
        if PANES[self._pane] == "images":
            return self.store.images.get(key or "")
        return self.store.pool if PANES[self._pane] == "pool" else self.store.row(key)

    def action_inspect(self) -> None:
        """Show the details of what is selected."""
        if self.shells.current is None:
            self.post_message(self.Inspect(is_wanted=True))

    # Room

    def on_resize(self, event: events.Resize) -> None:
        """Show three panes, one, or a sentence, as there is room."""
        width, height = event.size
        is_small = width < LEAST[0] or height < LEAST[1]
        is_single = width < LEAST_FOR_ALL[0] or height < LEAST_FOR_ALL[1]
        is_wide = width >= LEAST_FOR_DETAILS
        self.update_classes({"-small": is_small, "-single": is_single, "-wide": is_wide})
        self.post_message(self.Inspect(is_wanted=False))
        self._show_note("small", lines.small(self._title, LEAST) if is_small else "")
        self.show_lines()
        self.call_after_refresh(self.keep_keys)

    def action_clear(self) -> None:
        """Take notices away."""
        from machinedeck.ui.notices import take_away  # noqa: PLC0415 - not needed at start

        take_away(self.app, younger_too=True)

    def action_redraw(self) -> None:
        """Draw everything anew, after something else wrote over the screen."""
        self.app.refresh(layout=True)

    # Panes

    def pane(self, name: str) -> ListPane[Any]:
        """One of the panes that list many things."""
        pane = self.panes[PANES.index(name)]
        if not isinstance(pane, ListPane):
            raise TypeError(f"{name} lists one thing")
        return pane

    def action_pane(self, at: int) -> None:
        """Go to a pane."""
        if self.shells.current is not None:
            self.shells.show(None)
        self._pane = at
        shown = {f"-pane-{name}": index == at for index, name in enumerate(PANES)}
        self.update_classes({**shown, "-details": False})
        self.set_focus(self.panes[at])
        self.show_lines()

    def focus_pane(self) -> None:
        """Give the keys to the pane that had them last."""
        if not self.panes[self._pane].has_focus:
            self.set_focus(self.panes[self._pane])

    def on_screen_resume(self) -> None:
        """What was above is gone; there may have been too little room meanwhile."""
        self.keep_keys()

    def keep_keys(self) -> None:
        """Give the keys back to what lost them while there was no room to show it."""
        if self.focused is not None or self.shells.current is not None:
            return
        details = next(iter(self.query("#details")), None)
        if details is not None and self.has_class("-details"):
            self.set_focus(details)
        else:
            self.focus_pane()

    def action_go(self, at: int, key: str) -> None:
        """Go to a row of a pane, also one that its filter hides; or say that it is gone."""
        self.action_pane(at)
        pane = self.panes[at]
        if key not in pane.rows.keys and isinstance(pane, ListPane):
            pane.show_all()
        if key in pane.rows.keys:
            pane.cursor = pane.rows.keys.index(key)
        else:
            self.notify(f"{clean(key)} is not listed any more.", severity="warning", markup=False)

    @property
    def tables(self) -> list[Table]:
        """The tables that are on the screen, the details among them."""
        return [table for table in self.query(Table) if table.region.height]

    def go_to(self, table: Table, key: str) -> None:
        """Go to a row of a table, if it is still there."""
        if table in self.panes:
            self.action_pane(self.panes.index(table))
        else:
            self.set_focus(table)
        if key in table.rows.keys:
            table.go(table.rows.keys.index(key))

    def action_next_pane(self, by: int) -> None:
        """Go to the next or previous pane."""
        self.action_pane((self._pane + by) % len(PANES))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Keep the pane that is shown alone the one that has the keys, also after a click."""
        for index, pane in enumerate(self.panes):
            if pane is event.widget and index != self._pane:
                self.action_pane(index)
        self.show_lines()

    def on_table_moved(self) -> None:
        """Offer the keys that fit the row."""
        self.show_lines()
