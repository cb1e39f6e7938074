"""The part of the main screen that has to do with terminals: tabs, and the commands on them."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from machinedeck.core.actions import find
from machinedeck.core.store import Store
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish
from machinedeck.ui.commands import COMMANDS
from machinedeck.ui.shells import Shells
from machinedeck.ui.widgets.focus import pass_on
from machinedeck.ui.widgets.ground import Ground, GroundContainer
from machinedeck.ui.widgets.line import Line

if TYPE_CHECKING:
    from machinedeck.ui.session import Session
    from machinedeck.ui.widgets.terminal import TerminalView

TABS_BY_NUMBER = 9


class TerminalScreen(Ground, Screen[None]):
    """A screen with terminals beside something else.

    Args:
        store: What is known of the host.
        leave_key: The key that leaves a terminal.
        frames: How many pictures of a terminal a second at most.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "cycle(-1)", show=False),
        Binding("right_square_bracket", "cycle(1)", show=False),
        Binding("enter", "enter", show=False),
        Binding("x", "terminal('close')", show=False),
        Binding("r", "terminal('reopen')", show=False),
        *(Binding(one.key, f"terminal('{one.id}')", show=False) for one in COMMANDS if one.is_everywhere),
        *(Binding(f"alt+{n}", f"tab({n})", show=False) for n in range(1, TABS_BY_NUMBER + 1)),
    ]

    class WantedTerminal(Message):
        """A terminal is wanted: as a "tab", "beside" or "below" the one given, or in place of another."""

        def __init__(
            self,
            wish: Wish,
            machine: Machine,
            place: str = "tab",
            view: TerminalView | None = None,
            replaces: TerminalView | None = None,
        ) -> None:
            super().__init__()
            self.wish = wish
            self.machine = machine
            self.place = place
            self.view = view
            self.replaces = replaces

    class WantedDialog(Message):
        """Something about a terminal is to be asked: the id of the command, and the terminal."""

        def __init__(self, command: str, view: TerminalView | None) -> None:
            super().__init__()
            self.command = command
            self.view = view

    def __init__(self, store: Store, leave_key: str, frames: int, *, classes: str) -> None:
        super().__init__(classes=classes)
        self.store = store
        self.leave_key = leave_key
        self._opening = asyncio.Lock()
        # Kept, not looked up: a piece of news or a moving focus may still come while the screen is taken down
        self.tabs = Line(id="tabs")
        self.estate = GroundContainer(id="estate")
        self.shells = Shells(id="shells", leave_key=leave_key, frames=frames)

    @property
    @abstractmethod
    def machine(self) -> Machine | None:
        """The machine that is chosen."""

    @abstractmethod
    def show_lines(self) -> None:
        """Draw the lines around the terminals anew."""

    @abstractmethod
    def focus_pane(self) -> None:
        """Give the keys to what is beside the terminals."""

    async def open_session(
        self,
        session: Session,
        place: str = "tab",
        view: TerminalView | None = None,
        replaces: TerminalView | None = None,
    ) -> None:
        """Add a session as a tab, or as the half of one, and go there; one that it replaces is taken away."""
        async with self._opening:
            # One after another: the second finds the place that the first has made
            if not self.tabs.is_attached:
                await self.mount(self.tabs, before=self.estate)
                await self.mount(self.shells, after=self.estate)
            if view is None or place == "tab":
                await self.shells.open(session)
                await self._drop(replaces)
            else:
                await self._drop(replaces)  # first: a tab has two halves at most
                await self.shells.split(session, view, is_beside=place == "beside")

    async def _drop(self, view: TerminalView | None) -> None:
        if view is not None and view in self.shells.views:
            await self.shells.close(view)

    def end_logins(self) -> None:
        """End the login prompts of machines that are gone: nothing else tells of it."""
        for view in self.shells.views:
            session = view.session
            if session.wish.is_login and not session.has_ended:
                now, opened = self.store.running(session.machine), session.identity
                are_known = now is not None and now.timestamp_monotonic and opened.timestamp_monotonic
                if now is None or (are_known and now.identity != opened):
                    session.end("the machine ended")

    def on_shells_changed(self, event: Shells.Changed) -> None:
        """Show the panes where no terminal is seen, and the tabs where there are any."""
        current = self.shells.current
        self.estate.display = current is None
        self.tabs.display = bool(self.shells.views)
        if current is None:
            self.focus_pane()
        self.show_lines()
        if event.is_switch:
            # Each widget would tell at leisure that it wants to be laid out or painted.
            for widget in self.walk_children(Widget):
                widget._check_refresh()
            self.call_later(self._paint)

    def _paint(self) -> None:
        """Lay out and paint what a switch has changed, without waiting for Textual's next turn to do so."""
        self.app._end_batch()
        self._on_timer_update()

    def on_terminal_view_leave(self) -> None:
        """Back to the panes."""
        self.shells.show(None)

    def on_terminal_view_changed(self, event: TerminalView.Changed) -> None:
        """A session ended: its tab says so and keys are the console's again."""
        if event.view.session.has_ended:
            event.view.is_captive = False
        self.show_lines()

    def on_terminal_view_refused(self, event: TerminalView.Refused) -> None:
        """Say why what was typed did not arrive."""
        self.notify(event.reason, severity="warning", markup=False)

    def on_key(self, event: events.Key) -> None:
        """The key that leaves a terminal also leads back to it."""
        view = self.shells.current
        if view is not None and view.is_captive and not view.session.has_ended and self.focused is view:
            # A terminal keeps its own keys: this one was typed right after the one that led there.
            pass_on(self, event)
        elif event.key == self.leave_key and self.shells.views:
            event.stop()
            self.shells.back()

    def action_cycle(self, by: int) -> None:
        """Show the next or previous tab."""
        if self.shells.views:
            self.shells.cycle(by)

    def action_tab(self, number: int) -> None:
        """Show a tab by its number."""
        self.shells.go(number)

    async def action_enter(self) -> None:
        """Type into the terminal that is seen; close the tab of one that ended."""
        view = self.shells.current
        if view is None:
            return
        if view.session.has_ended:
            await self.shells.close(view)
        else:
            view.is_captive = True
            self.show_lines()

    def on_line_clicked(self, event: Line.Clicked) -> None:
        """Go where a click on a tab, or on the leave key, leads."""
        what, _, at = event.action.partition(":")
        if what == "leave":
            if self.shells.current is None:
                self.shells.back()
            else:
                self.shells.show(None)
        elif what == "tab":
            self.shells.show(self.shells.places[int(at)].active if int(at) >= 0 else None)
        elif what == "key":
            from machinedeck.ui.widgets.key_line import press  # noqa: PLC0415 - not at every start

            press(self.app, at)

    # Commands

    async def action_terminal(self, command: str) -> None:
        """Do one of `COMMANDS`."""
        view = self.shells.meant
        if command in {"options", "login"}:
            self._enter(command)
        elif view is not None and (self.shells.current is not None or _is_everywhere(command)):
            await self._command(command, view)

    def _enter(self, command: str) -> None:
        """Open a login prompt, or ask how to open a shell."""
        view = self.shells.current
        machine = self.store.running(view.session.machine) if view is not None else self.machine
        if machine is None:
            return
        wanted = "login" if command == "login" else "shell"
        if (reason := find(wanted).refusal(machine, self.store)) is not None:
            self.notify(reason, severity="warning", markup=False)
        elif command == "login":
            self.post_message(self.WantedTerminal(Wish(machine.name, is_login=True), machine))
        else:
            self.post_message(self.WantedDialog(f"options:{machine.name}", None))

    async def _command(self, command: str, view: TerminalView) -> None:
        if command == "raw":
            self.shells.back(is_raw_next=True)
        elif command == "other":
            self.shells.other()
        elif command == "close":
            await self.shells.close(view)
        elif command == "search":
            view.begin_search()
        elif command in {"next", "previous"}:
            view.search(-1 if command == "next" else 1)
        elif command == "select":
            is_from_pane = self.shells.current is None
            if is_from_pane:
                self.shells.show(view)
            view.begin_marking(returns_to_machine=is_from_pane)
        elif command in {"beside", "below", "new"}:
            self._again(view, "tab" if command == "new" else command)
        elif command == "reopen":
            self._reopen(view)
        else:
            self.post_message(self.WantedDialog(command, view))
        self.show_lines()

    def _again(
        self,
        view: TerminalView,
        place: str,
        beside: TerminalView | None = None,
        replaces: TerminalView | None = None,
    ) -> bool:
        """Ask for another terminal like one that there is, in its tab or in another's; whether it can be."""
        machine = self.store.running(view.session.machine)
        if machine is None:
            self.notify(f"{clean(view.session.machine)} is not running.", severity="warning", markup=False)
            return False
        self.post_message(self.WantedTerminal(view.session.wish, machine, place, beside or view, replaces))
        return True

    def _reopen(self, view: TerminalView) -> None:
        """Open what ended again, in its own place if it is half of a tab; it stays until that is there."""
        if not view.session.has_ended or view.is_to_be_replaced:
            return
        tab = next(tab for tab in self.shells.places if view in tab.views)
        other = next((one for one in tab.views if one is not view), None)
        place = "tab" if other is None else "beside" if tab.has_class("-beside") else "below"
        view.is_to_be_replaced = self._again(view, place, other, replaces=view)


def _is_everywhere(command: str) -> bool:
    return any(one.id == command and one.is_everywhere for one in COMMANDS)
