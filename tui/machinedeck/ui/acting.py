"""Doing what the operator wants: asks what must be known, asks again where harm is done, tells the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.screen import Screen

from machinedeck.core.actions import Action, FieldKind, Harm, Subject, Values, would_go
from machinedeck.core.doing import Doing, Outcome
from machinedeck.core.host import Host
from machinedeck.core.store import Change, Store
from machinedeck.model.failure import READ_ONLY, Failure, Kind
from machinedeck.model.machine import Machine
from machinedeck.ui.subjects import NAMED, became, titled, with_size, word_to_type

if TYPE_CHECKING:
    from machinedeck.sources.machine_paths.paths import MachinePaths
    from machinedeck.ui.dialogs.menu import Entry
    from machinedeck.ui.rights import Rights

AT_ONCE = 4
"""How many of those that are marked something is done to at the same time."""

FAILURE_SECONDS = 30.0
"""How long a failure stays on the screen; the journal keeps it."""


class Dialog(Protocol):
    """A dialog that can be told what became of its subjects meanwhile."""

    def tell(self, news: str) -> None:
        """Say it; "" for nothing."""
        ...


class Acting:
    """Does actions for the screen.

    Args:
        app: The application, for its dialogs and notices.
        host: What is acted on.
        store: What is known of it.
        doing: What does it, and notes it in the journal.
        open_terminal: Opens the terminal of a machine, for the actions that do no more: its action's id.
        key_of: The key of an action, by its id.
    """

    def __init__(
        self,
        app: App[None],
        host: Host,
        store: Store,
        doing: Doing,
        open_terminal: Callable[[str, Machine], object],
        key_of: Callable[[str], str],
    ) -> None:
        self._app = app
        self._host = host
        self._store = store
        self._doing = doing
        self._open_terminal = open_terminal
        self._key_of = key_of
        self.rights: Rights | None = None
        """Who sees to it that a password can be asked for."""
        self._needs_root: set[str] = set()
        self.is_local = False
        """Whether paths on the host are those of this one."""
        self._told_of_journal = ""
        self.going_on = 0
        """To how many things something is done that has not ended."""

    def want(self, action: Action[Any], subjects: Sequence[Subject], values: Values | None = None) -> None:
        """Do an action to some subjects, after asking what must be asked; returns at once.

        Args:
            action: What to do.
            subjects: What to do it to.
            values: What was answered already; None to ask for it.
        """
        self._app.run_worker(self._want(action, subjects, values), group="act", exit_on_error=True)

    def refusal(self, action: Action[Any], subject: Subject) -> str | None:
        """Why an action cannot be done to a subject now; None when it can."""
        if self._host.is_read_only:
            return READ_ONLY
        if action.id in self._needs_root:
            return f"{action.label} needs root: the message bus lets nobody else ask for it."
        return action.refusal(subject, self._store)

    def refusal_of_all(self, action: Action[Any], subjects: Sequence[Subject]) -> str:
        """Why an action cannot be done to any of some subjects; "" when it can be to one."""
        reasons = [self.refusal(action, subject) for subject in subjects]
        return "" if None in reasons else str(reasons[0])

    def title(self, subjects: Sequence[Subject]) -> str:
        """What some subjects are called together."""
        return titled(subjects)

    async def choose(self, table: Sequence[Action[Any]], subjects: Sequence[Subject]) -> Action[Any] | None:
        """Let the operator choose one of a table's actions; those that cannot be done have the reason."""
        from machinedeck.ui.dialogs.menu import ActionMenu  # noqa: PLC0415 - seldom needed at start

        if not subjects:
            return None
        entries = [self._entry(action, subjects) for action in table]
        id = await self._app.push_screen_wait(ActionMenu(titled(subjects), entries))
        return next((action for action in table if action.id == id), None)

    def _entry(self, action: Action[Any], subjects: Sequence[Subject]) -> Entry:
        from machinedeck.ui.dialogs.menu import Entry  # noqa: PLC0415 - see above

        return Entry(
            action.id,
            self._key_of(action.id),
            action.label,
            action.help,
            "" if action.fields else action.command_line(subjects[0], {}),
            self.refusal_of_all(action, subjects),
        )

    async def _want(self, action: Action[Any], subjects: Sequence[Subject], values: Values | None) -> None:
        reasons = [self.refusal(action, subject) for subject in subjects]
        able = [subject for subject, reason in zip(subjects, reasons, strict=True) if reason is None]
        left = [reason for reason in reasons if reason is not None]
        if not able:
            self._warn(left[0])
            return
        if left:
            self._warn(" ".join(left[:NAMED]))
        if action.run is None:
            for machine in able:
                if isinstance(machine, Machine):
                    self._open_terminal(action.id, machine)
            return
        if len(able) > 1 and any(field.kind is FieldKind.NAME for field in action.fields):
            self._warn(f"{action.label} wants a name of its own for each: do it one at a time.")
            return
        if values is None:
            values = await self._ask_values(action, able) if action.fields else {}
        if values is not None and await self._is_sure(action, able, values):
            await self._do(action, able, values)

    # Asking

    async def _ask_values(self, action: Action[Any], subjects: Sequence[Subject]) -> Values | None:
        from machinedeck.ui.dialogs.form import Form  # noqa: PLC0415 - seldom needed at start

        paths = self._machine_paths(action, subjects)
        form = Form(
            action,
            subjects,
            f"{action.label}: {titled(subjects)}. {action.help}",
            self._store,
            self._offers(action, subjects),
            is_local=self.is_local,
            machine_paths=paths,
        )
        try:
            values: Values | None = await self._watched(form, subjects)
        finally:
            if paths is not None:
                paths.close()
        return values

    def _machine_paths(self, action: Action[Any], subjects: Sequence[Subject]) -> MachinePaths | None:
        """What looks at the files of a machine whose paths are asked for; None where it is about several."""
        from machinedeck.sources.machine_paths.paths import MachinePaths  # noqa: PLC0415 - seldom needed

        machine, *others = subjects
        asks = any(field.kind is FieldKind.MACHINE_PATH for field in action.fields)
        if others or not asks or not isinstance(machine, Machine):
            return None
        return MachinePaths(lambda: self._host.open_root(machine.name))

    def _offers(self, action: Action[Any], subjects: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
        """What was bound from here, for the dialog that takes it away again."""
        if action.id != "unbind":
            return {}
        binds = (bind for one in subjects if isinstance(one, Machine) for bind in self._doing.binds.of(one))
        return {"to": tuple(dict.fromkeys(bind.destination for bind in binds))}

    async def _is_sure(self, action: Action[Any], subjects: Sequence[Subject], values: Values) -> bool:
        """Ask once more where something is lost, in a way that fits what."""
        if action.harm is Harm.NONE:
            return True
        command = action.command_line(subjects[0], values)
        if len(subjects) > 1:
            command += f"\n… and {len(subjects) - 1} more alike"
        question = f"{action.label} {titled(subjects)}?"
        if action.harm is Harm.WORK:
            from machinedeck.ui.dialogs.confirm import Confirm  # noqa: PLC0415 - seldom needed at start

            text = "\n".join([question, *action.lost(subjects)])
            dialog = Confirm(text, yes=action.label.lower(), no="leave it alone", command=command)
            return bool(await self._watched(dialog, subjects))
        from machinedeck.ui.dialogs.typed_name import TypedName  # noqa: PLC0415 - see above

        goes = [action.sentence(action.loss, subject) for subject in subjects]
        if action.id == "clean":
            return await self._is_sure_to_clean(action, subjects[0], values["what"], goes[0], command)
        typed = TypedName(question, goes, word_to_type(action, subjects), command)
        return bool(await self._watched(typed, subjects))

    async def _is_sure_to_clean(
        self, action: Action[Any], pool: Subject, what: str, goes: str, command: str
    ) -> bool:
        """Name what goes, ask, and see that it is still what was named."""
        from machinedeck.ui.dialogs.typed_name import TypedName  # noqa: PLC0415 - seldom needed at start

        images = would_go(self._store, what)
        if not images:
            self._warn("There is nothing to clean.")
            return False
        named = {image.identity for image in images}

        def news() -> str:
            is_same = {image.identity for image in would_go(self._store, what)} == named
            return "" if is_same else "Others would go now. Leave it, and look again."

        question = f"{action.label} {titled([pool])}?"
        typed = TypedName(question, [goes, *map(with_size, images)], word_to_type(action, [pool]), command)
        if not await self._watched(typed, [pool], news):
            return False
        if self.rights is not None:
            await self.rights.ready()  # takes its time: what is looked at here is done to at once
        if news():
            self._warn("Others would have gone than were named. Nothing was done: look again.")
            return False
        return True

    async def _watched(
        self, dialog: Screen[Any], subjects: Sequence[Subject], news: Callable[[], str] | None = None
    ) -> Any:
        """Ask, and say in the dialog what becomes of its subjects meanwhile, or what else is new."""
        told: Dialog = dialog  # type: ignore[assignment]

        def on_change(_change: Change) -> None:
            # The store tells from the task of the follower, which knows nothing of Textual.
            self._app.call_later(told.tell, news() if news else became(subjects, self._store))

        end = self._store.listen(on_change)
        try:
            return await self._app.push_screen_wait(dialog)
        finally:
            end()

    # Doing

    async def _do(self, action: Action[Any], subjects: Sequence[Subject], values: Values) -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(subject: Subject) -> Outcome:
            async with room:
                return await self._doing.do(action, subject, values)

        doing = action.doing.replace("{name}", titled(subjects))
        self._app.notify(doing, markup=False, timeout=3)
        self.going_on += len(subjects)
        try:
            if self.rights is not None:
                await self.rights.ready()
            outcomes = await asyncio.gather(*map(one, subjects))
        finally:
            self.going_on -= len(subjects)
        self._tell_end(action, outcomes)

    def _tell_end(self, action: Action[Any], outcomes: Sequence[Outcome]) -> None:
        failed = [outcome for outcome in outcomes if outcome.failure is not None]
        done = [outcome for outcome in outcomes if outcome.failure is None]
        if len(done) > NAMED:
            self._app.notify(f"{action.label}: {len(done)} of {len(outcomes)} done.", markup=False)
        else:
            for outcome in done:
                self._app.notify(outcome.text, markup=False)
        for failure in [outcome.failure for outcome in failed if outcome.failure is not None][:NAMED]:
            if failure.is_of_bus:
                self._needs_root.add(action.id)
            if failure.is_cancellation:
                self._warn(str(failure))  # somebody wanted it to end: nothing went wrong
            else:
                self._fail(self.sentence(failure))
        if len(failed) > NAMED:
            self._fail(f"{action.label}: {len(failed) - NAMED} more failed. The journal has them all.")
        self.tell_of_journal()

    def tell_of_journal(self) -> None:
        """Say that what was done could not be noted; called after whatever is noted."""
        trouble = self._doing.journal.failure
        told, self._told_of_journal = self._told_of_journal, "" if trouble is None else str(trouble)
        if trouble is not None and told != self._told_of_journal:
            # Once, until all is well again: it covers much, and stands in the journal's dialog
            self._fail(f"The journal cannot be written: {trouble.strerror}. It lasts until you quit.")

    def sentence(self, failure: Failure) -> str:
        """What is told of a failure: where rights are missing, also why no password was asked for."""
        if self.rights is None or failure.kind is not Kind.NOT_ALLOWED:
            return str(failure)
        return f"{failure} {self.rights.trouble}".strip()

    def _warn(self, text: str) -> None:
        self._app.notify(text, severity="warning", markup=False)

    def _fail(self, text: str) -> None:
        self._app.notify(text, severity="error", markup=False, timeout=FAILURE_SECONDS)
