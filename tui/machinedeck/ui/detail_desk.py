"""What the application does for details: shows them when there is a key or room for it, and sends signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from machinedeck.core.actions import Subject
from machinedeck.core.doing import Doing
from machinedeck.core.follower import Follower
from machinedeck.model.failure import READ_ONLY
from machinedeck.model.text import clean
from machinedeck.model.usage import Process
from machinedeck.ui.desk import TerminalDesk
from machinedeck.ui.screens.console import Console
from machinedeck.ui.widgets.table import Table

if TYPE_CHECKING:
    from machinedeck.ui.inspecting import Inspecting
    from machinedeck.ui.panes.details import DetailsPane


class DetailDesk(TerminalDesk, inherit_bindings=False):
    """The part of the application that has to do with details."""

    doing: Doing
    _follower: Follower
    _clock: Callable[[], float]

    inspecting: Inspecting | None = None
    """What keeps the details in step with the cursor; made when they are wanted first."""
    _may_inspect = False

    async def allow_details(self) -> None:
        """The first picture is there: details may come too, where there is room."""
        self._may_inspect = True
        await self._make_room()

    async def _make_room(self) -> None:
        if self._may_inspect and self.console_screen.has_class("-wide"):
            self.console_screen.remove_class("-details")
            await self._inspect()

    async def _inspect(self) -> Inspecting:
        if self.inspecting is None:
            from machinedeck.ui.inspecting import Inspecting  # noqa: PLC0415 - not for the first picture

            self.inspecting = Inspecting(self.console_screen, self._follower, self.doing, self._clock)
            await self.console_screen.estate.mount(self.inspecting.pane)
            self.inspecting.show_status()
            self.run_worker(self.inspecting.run(), group="inspect", exit_on_error=True)
        self.inspecting.wake()
        return self.inspecting

    async def on_console_inspect(self, event: Console.Inspect) -> None:
        """Show the details, or go back to the lists if the details have the keys."""
        if not event.is_wanted:
            await self._make_room()
            return
        pane = (await self._inspect()).pane
        if pane.has_focus:
            self.on_details_pane_left()
            return
        self.console_screen.set_class(not self.console_screen.has_class("-wide"), "-details")
        self.console_screen.set_focus(pane)

    def show_details_status(self) -> None:
        """The link is another: what is shown may be only what was last known."""
        if self.inspecting is not None:
            self.inspecting.show_status()

    def on_details_pane_left(self) -> None:
        """Back to the lists."""
        self.console_screen.remove_class("-details")
        self.console_screen.focus_pane()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Something else may be selected."""
        if self.inspecting is not None and event.table is not self.inspecting.pane:
            self.inspecting.wake()

    @work(group="signal", exit_on_error=True)
    async def on_details_pane_signal_wanted(self, event: DetailsPane.SignalWanted) -> None:
        """Ask for a signal and send it, or say why not."""
        if self.inspecting is None or (subject := self.inspecting.subject) is None:
            return  # a filter that nothing fits was typed just now: these processes are nobody's
        reason = self.inspecting.refusal()
        if reason is None and self._follower.host.is_read_only:
            reason = READ_ONLY
        if reason is not None:
            self.notify(reason, severity="warning", markup=False)
            return
        await self._send_signal(self.inspecting, subject, event.process)

    async def _send_signal(self, inspecting: Inspecting, subject: Subject, process: Process) -> None:
        from machinedeck.ui.dialogs.signals import SignalDialog  # noqa: PLC0415 - seldom needed

        number = await self.push_screen_wait(SignalDialog(process))
        if number is None:
            return
        try:
            self.notify(inspecting.send(subject, process, number), markup=False)
        except OSError as error:
            self.notify(
                f"Not sent to {process.pid}: {clean(error.strerror)}.", severity="error", markup=False
            )
