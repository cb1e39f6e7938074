"""Showing the details of what is selected, for as long as they are seen."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from machinedeck.core.actions import Subject, name_of
from machinedeck.core.doing import Doing
from machinedeck.core.follower import Follower
from machinedeck.core.inspector import LOOK_SECONDS, Inspection, Inspector
from machinedeck.core.status import Link
from machinedeck.model.deed import DONE, Deed
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.usage import Process
from machinedeck.ui.panes.details import DetailsPane

if TYPE_CHECKING:
    from machinedeck.ui.screens.console import Console

SETTLE_SECONDS = 0.1
"""How long the cursor must rest on a row before it is asked about."""


class Inspecting:
    """Keeps the details in step with the cursor.

    Args:
        screen: Where the lists are.
        follower: What follows the host.
        doing: What knows what was done from here.
        clock: The real time in seconds.
    """

    def __init__(self, screen: Console, follower: Follower, doing: Doing, clock: Callable[[], float]) -> None:
        self._screen = screen
        self._follower = follower
        self._doing = doing
        self._clock = clock
        local = follower.local
        name = None if local is None else local.interface_name
        self._inspector = Inspector(follower.host, lambda: follower.usage, name)
        self.pane = DetailsPane(id="details")
        self._wake = asyncio.Event()
        self.found: Inspection | None = None
        """What was found last."""

    @property
    def subject(self) -> Subject | None:
        """Whose details are shown; None where nothing is chosen any more."""
        return None if self.found is None or self._screen.subject is None else self.found.subject

    @property
    def is_seen(self) -> bool:
        """Whether the details are on the screen."""
        return self.pane.is_attached and self.pane.display

    def show_status(self) -> None:
        """Draw faint what is only what was last known."""
        self.pane.show_status(self._follower.store.status)

    def wake(self) -> None:
        """Look now: something else may be selected."""
        self._wake.set()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            if self.is_seen:
                await self._show()
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
                    await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                continue

    async def _show(self) -> None:
        subject = self._screen.subject
        store = self._follower.store
        if self.found is not None and (
            subject is None or (store.status.link is not Link.UP and is_other(self.found.subject, subject))
        ):
            self.found = None  # what was last known of one is nothing that is known of another
        if self.found is None:
            self.pane.show_reading(subject)
        if subject is None:
            return
        if store.status.link is Link.UP or self.found is None:
            found = await self._inspector.look(subject)
            if is_other(subject, self._screen.subject):
                self._wake.set()  # the cursor went on meanwhile
                return
            if store.status.link is Link.UP or self.found is None or is_other(self.found.subject, subject):
                self.found = found  # else it is what was last known that is shown
        self._show_found(self.found)

    def _show_found(self, found: Inspection) -> None:
        """Show what was found, and what else is known of the same subject: the cursor may be on another."""
        subject = found.subject
        usage = self._follower.store.usage.get(subject.name) if isinstance(subject, Machine) else None
        named = name_of(subject)
        deeds = [deed for deed in self._doing.journal if deed.subject == named]
        self.pane.show_inspection(found, usage, deeds)

    def refusal(self) -> str | None:
        """Why no signal can be sent to processes; None where it can."""
        if self._follower.host.is_demo:
            return "These processes are made up: no signal reaches them."
        if self._follower.local is None:
            return "Signals go to processes of this very host alone: log in there, or use K in the list."
        return None

    def send(self, subject: Subject, process: Process, number: int) -> str:
        """Send a signal to a process of a subject and note it; what is told of it.

        Raises:
            OSError: It has ended, or is another user's.
        """
        local = self._follower.local
        if local is None:
            raise ProcessLookupError(errno.ESRCH, "It is not on this host")
        name = signal.Signals(number).name
        command = f"kill -s {name.removeprefix('SIG')} {process.pid}"
        host = self._follower.host.name
        deed = Deed(self._clock(), self._doing.operator, clean(host), "signal", name_of(subject), "", command)
        self._doing.journal.begin(deed)
        result = DONE
        try:
            local.signal(process, number)
        except OSError as error:
            result = clean(error.strerror or error)
            raise
        finally:
            self._doing.journal.end(deed, result, 0.0)
            self.wake()
        return f"{name} is sent to {process.pid}."


def is_other(one: Subject, other: Subject | None) -> bool:
    """Whether another subject is meant."""
    return other is None or type(one) is not type(other) or name_of(one) != name_of(other)
