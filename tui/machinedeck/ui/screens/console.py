"""The main screen: three panes and the terminals beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from machinedeck.core.store import EVERYTHING, Change, Store
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.ui import lines
from machinedeck.ui.panes.images import ImagesPane
from machinedeck.ui.panes.machines import MachinesPane
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.panes.pool import PoolPane
from machinedeck.ui.shells import Shells
from machinedeck.ui.widgets.focus import pass_on
from machinedeck.ui.widgets.line import Line
from machinedeck.ui.widgets.table import Table
from machinedeck.ui.widgets.tones import TONE_CLASSES

if TYPE_CHECKING:
    from machinedeck.ui.session import Session
    from machinedeck.ui.widgets.terminal import TerminalView

LEAST = (40, 10)
"""Columns and lines below which only one sentence is shown."""

LEAST_FOR_ALL = (80, 20)
"""Columns and lines below which one pane is shown at a time."""

PANES = ("machines", "images", "pool")


class Console(Screen[None]):
    """What an operator looks at all day.

    Args:
        store: What is known of the host.
        title: What the header says of the host.
        leave_key: The key that leaves a terminal.
        frames: How many pictures of a terminal a second at most.
        clock: The real time in seconds.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(action.key, f"act('{action.id}')", action.label, show=False) for action in lines.OFFERED),
        *(Binding(str(at + 1), f"pane({at})", show=False) for at in range(len(PANES))),
        Binding("tab", "next_pane(1)", show=False),
        Binding("shift+tab", "next_pane(-1)", show=False),
        Binding("left_square_bracket", "cycle(-1)", show=False),
        Binding("right_square_bracket", "cycle(1)", show=False),
        Binding("enter", "enter", show=False),
        Binding("x", "close_tab", show=False),
        Binding("r", "reopen", show=False),
        Binding("ctrl+l", "redraw", show=False),
    ]

    class Wanted(Message):
        """The user wants something done to a machine; `action` is an id of the action table, or "shell"."""

        def __init__(self, action: str, machine: Machine) -> None:
            super().__init__()
            self.action = action
            self.machine = machine

    def __init__(
        self, store: Store, title: lines.Title, leave_key: str, frames: int, clock: Callable[[], float]
    ) -> None:
        super().__init__(classes=f"-pane-{PANES[0]}")
        self.store = store
        self._opening = asyncio.Lock()
        self._title = title
        self._leave_key = leave_key
        self._clock = clock
        self._pane = 0
        self._is_composed = False
        self.panes: tuple[Pane, ...] = (
            MachinesPane(id="machines"),
            ImagesPane(id="images"),
            PoolPane(id="pool"),
        )
        # Kept, not looked up: a piece of news or a moving focus may still come while the screen is taken down
        self.header, self.tabs, self.keys = Line(id="header"), Line(id="tabs"), Line(id="keys")
        self.estate = Container(id="estate")
        self.shells = Shells(id="shells", leave_key=leave_key, frames=frames)

    def compose(self) -> ComposeResult:
        """Header, panes, keys; the rest is made when it is needed first."""
        machines, images, pool = self.panes
        yield self.header
        with self.estate:
            yield machines
            yield Horizontal(images, pool, id="lower")
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
            if pane.PART in change.parts:
                pane.show(self.store, now)
        if change.is_status:
            self._show_note("banner", lines.banner(self.store.status))
        self._show_lines()

    def _show_note(self, id: str, text: str) -> None:
        """Show a text above the panes, or take it away again ("")."""
        notes = self.query(f"#{id}").results(Static)
        if (note := next(notes, None)) is not None:
            note.update(Content(text))
            note.display = bool(text)
        elif text:
            self.mount(Static(Content(text), id=id), before=self.estate)

    def _show_lines(self) -> None:
        self.header.show(*lines.header(self.store, self._title))
        self.tabs.show(self.shells.pieces(), lines.leave_hint(self.shells, self._leave_key))
        table = self.panes[self._pane]
        machine = self.machine if self._pane == 0 else None
        self.keys.show(
            lines.keys(
                self.shells,
                self._leave_key,
                machine,
                self.store,
                has_rows=bool(table.rows),
                room=self.size.width,
            )
        )

    @property
    def machine(self) -> Machine | None:
        """The machine under the cursor of the machines pane."""
        key = self.panes[0].current
        return next((machine for machine in self.store.rows() if machine.name == key), None)

    # Room

    def on_resize(self, event: events.Resize) -> None:
        """Show three panes, one, or a sentence, as there is room."""
        width, height = event.size
        is_small = width < LEAST[0] or height < LEAST[1]
        is_single = width < LEAST_FOR_ALL[0] or height < LEAST_FOR_ALL[1]
        self.update_classes({"-small": is_small, "-single": is_single})
        self._show_note("small", lines.small(self._title, LEAST) if is_small else "")
        self._show_lines()

    def action_redraw(self) -> None:
        """Draw everything anew, after something else wrote over the screen."""
        self.app.refresh(layout=True)

    # Panes

    def action_pane(self, at: int) -> None:
        """Go to a pane."""
        if self.shells.current is not None:
            self.shells.show(None)
        self._pane = at
        self.update_classes({f"-pane-{name}": index == at for index, name in enumerate(PANES)})
        self.set_focus(self.panes[at])
        self._show_lines()

    def action_next_pane(self, by: int) -> None:
        """Go to the next or previous pane."""
        self.action_pane((self._pane + by) % len(PANES))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Keep the pane that is shown alone the one that has the keys, also after a click."""
        for index, pane in enumerate(self.panes):
            if pane is event.widget and index != self._pane:
                self.action_pane(index)

    def on_table_moved(self) -> None:
        """Offer the keys that fit the row."""
        self._show_lines()

    # Machines

    def action_act(self, action: str) -> None:
        """Ask for an action on the machine under the cursor."""
        if self._pane == 0 and self.shells.current is None and self.machine is not None:
            self.post_message(self.Wanted(action, self.machine))

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Enter on a machine opens a shell in it, wherever the cursor has gone since."""
        if event.table is self.panes[0]:
            machine = next((one for one in self.store.rows() if one.name == event.key), None)
            if machine is not None:
                self.post_message(self.Wanted("shell", machine))

    # Terminals

    async def open_shell(self, session: Session) -> None:
        """Add a tab for a session and go there."""
        async with self._opening:
            # One after another: the second finds the place that the first has made
            if not self.tabs.is_attached:
                await self.mount(self.tabs, before=self.estate)
                await self.mount(self.shells, after=self.estate)
            await self.shells.open(session)

    def on_shells_changed(self) -> None:
        """Show the panes where no terminal is seen, and the tabs where there are any."""
        current = self.shells.current
        self.estate.display = current is None
        self.tabs.display = bool(self.shells.views)
        if current is None and not self.panes[self._pane].has_focus:
            self.set_focus(self.panes[self._pane])
        self._show_lines()

    def on_terminal_view_leave(self) -> None:
        """Back to the panes."""
        self.action_pane(self._pane)

    def on_terminal_view_changed(self, event: TerminalView.Changed) -> None:
        """A session ended: its tab says so and keys are the console's again."""
        if event.view.session.has_ended:
            event.view.is_captive = False
        self._show_lines()

    def on_terminal_view_refused(self, event: TerminalView.Refused) -> None:
        """Say why what was typed did not arrive."""
        self.notify(event.reason, severity="warning", markup=False)

    def on_key(self, event: events.Key) -> None:
        """The key that leaves a terminal also leads back to it."""
        view = self.shells.current
        if view is not None and view.is_captive and not view.session.has_ended and self.focused is view:
            # A terminal keeps its own keys: this one was typed right after the one that led there.
            pass_on(self, event)
        elif event.key == self._leave_key and self.shells.views:
            event.stop()
            self.shells.back()

    def action_cycle(self, by: int) -> None:
        """Show the next or previous tab."""
        if self.shells.views:
            self.shells.cycle(by)

    async def action_enter(self) -> None:
        """Type into the terminal that is seen; close the tab of one that ended."""
        view = self.shells.current
        if view is None:
            return
        if view.session.has_ended:
            await self.action_close_tab()
        else:
            view.is_captive = True
            self._show_lines()

    def on_line_clicked(self, event: Line.Clicked) -> None:
        """Go where a click on a tab, or on the leave key, leads."""
        what, _, at = event.action.partition(":")
        if what == "leave":
            if self.shells.current is None:
                self.shells.back()
            else:
                self.shells.show(None)
        elif what == "tab":
            self.shells.show(self.shells.views[int(at)] if int(at) >= 0 else None)

    async def action_reopen(self) -> None:
        """Open another shell in the machine of one that ended; elsewhere, read everything anew."""
        view = self.shells.current
        if view is None or not view.session.has_ended:
            return
        machine = self.store.registered.get(view.session.machine)
        if machine is None:
            self.notify(f"{clean(view.session.machine)} is not running.", severity="warning", markup=False)
            return
        await self.shells.close(view)
        self.post_message(self.Wanted("shell", machine))

    async def action_close_tab(self) -> None:
        """Take away the tab that is seen."""
        if self.shells.current is not None:
            await self.shells.close(self.shells.current)
