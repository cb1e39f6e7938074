"""Doing what the operator wants: one way for keys, palette, bulk and commands, all noted in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from machined.contract import MACHINE1, OPERATIONS_INTERFACE, OPERATIONS_PATH
from machinedeck.core.actions import Action, Subject, Values, name_of
from machinedeck.core.binds import Binds
from machinedeck.core.host import Host
from machinedeck.core.journal import Journal
from machinedeck.core.store import Store
from machinedeck.model.deed import DONE, Deed
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Image
from machinedeck.model.machine import Machine
from machinedeck.model.operation import Operation
from machinedeck.model.text import clean


class Outcome(NamedTuple):
    """What came of an action on one subject."""

    subject: Subject
    text: str
    """What is told of it."""
    failure: Failure | None = None


class Doing:
    """Does actions on one host.

    Args:
        host: What to do them to.
        store: What is known of it.
        journal: Where they are noted.
        operator: Who does them, for the journal.
        clock: The real time in seconds.
        after: Told what something was done to, however that ended.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        journal: Journal,
        operator: str,
        clock: Callable[[], float] = time.time,
        after: Callable[[Subject], None] | None = None,
    ) -> None:
        self._host = host
        self._store = store
        self.operator = clean(operator)
        self._clock = clock
        self._after = after
        self.journal = journal
        self.binds = Binds()

    async def do(self, action: Action[Any], subject: Subject, values: Values) -> Outcome:
        """Do one action to one subject, once it is seen that it still can be; never raises `Failure`."""
        if action.run is None:
            raise ValueError(f"{action.id} opens a terminal: whoever shows that does it")
        subject = self._looked_at(subject)
        reason = action.refusal(subject, self._store) or action.check(subject, values, self._store)
        if reason is not None:
            return Outcome(subject, reason, Failure(Kind.REFUSED, reason))
        try:
            with self.noted(action.id, subject, action.command_line(subject, values)):
                self._show(action, subject, action.state)
                told = await action.run(self._host, subject, values)
                self.binds.note(action, subject, values)
            return Outcome(subject, told or action.sentence(action.done, subject))
        except Failure as failure:
            return Outcome(subject, str(failure), failure)
        finally:
            self._show(action, subject, "")
            if self._after is not None:
                self._after(subject)

    @contextmanager
    def noted(self, action: str, subject: Subject, command: str) -> Iterator[None]:
        """Note in the journal what is done to a subject in here: that it was begun, and what came of it.

        Args:
            action: The action's id.
            subject: What it is done to.
            command: The equivalent command line.
        """
        with self._noted(action, name_of(subject), _identity(subject), command):
            yield

    @contextmanager
    def _noted(self, action: str, subject: str, identity: str, command: str) -> Iterator[None]:
        host = clean(self._host.name)
        begun = Deed(self._clock(), self.operator, host, action, subject, identity, command)
        self.journal.begin(begun)
        since, result = time.monotonic(), "given up"
        try:
            yield
            result = DONE
        except Failure as failure:
            result = str(failure)
            raise
        finally:
            self.journal.end(begun, result, time.monotonic() - since)

    def _show(self, action: Action[Any], subject: Subject, word: str) -> None:
        if action.state and isinstance(subject, Machine):
            self._store.set_doing(subject.name, word)

    async def cancel(self, operation: Operation) -> None:
        """End long work before its time, and note that.

        Raises:
            Failure: It cannot be ended, or has ended.
        """
        command = "busctl", "call", MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "u"
        named = f"{clean(operation.kind)} {operation.id}"
        with self._noted("cancel", clean(operation.subject), named, " ".join([*command, str(operation.id)])):
            await self._host.image_acting.cancel(operation)

    def _looked_at(self, subject: Subject) -> Subject:
        """A machine that was chosen before anything but its name was read, as it is known by now."""
        if isinstance(subject, Machine) and not subject.timestamp_monotonic:
            return self._store.registered.get(subject.name, subject)
        return subject


def _identity(subject: Subject) -> str:
    match subject:
        case Machine():
            return f"{subject.machine_id or '-'} {subject.timestamp_monotonic}"
        case Image():
            return f"{clean(subject.type)} {subject.created or '-'}"
        case _:
            return clean(subject.path)
