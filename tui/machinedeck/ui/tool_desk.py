"""What the application does for the tools: what goes on, what was bound and done, values to copy, jumps."""

from __future__ import annotations

from textual import work

from machinedeck.apart import answered
from machinedeck.core.actions import find
from machinedeck.model.failure import Failure
from machinedeck.model.operation import Operation
from machinedeck.model.text import clean
from machinedeck.ui.detail_desk import DetailDesk
from machinedeck.ui.options import Options
from machinedeck.ui.screens.console import Console
from machinedeck.ui.subjects import titled


class ToolDesk(DetailDesk, inherit_bindings=False):
    """The part of the application that has to do with `core.tools`, and with the journal."""

    _options: Options

    @work(group="ask", exit_on_error=True)
    async def on_choosing_screen_tool_wanted(self, event: Console.ToolWanted) -> None:
        """Do what a tool's key asks for."""
        if event.tool == "work":
            await self._show_work()
        elif event.tool == "copy-value":
            await self._copy_value()
        elif event.tool == "jump":
            await self._jump()
        elif event.tool == "binds":
            await self._show_binds()

    async def _copy_value(self) -> None:
        """Copy the value under the cursor of the details, or ask for one of what is chosen in a list."""
        from machinedeck.core.copied_values import values_of  # noqa: PLC0415 - seldom needed at start
        from machinedeck.ui.dialogs.values import ValuesDialog  # noqa: PLC0415 - see above

        screen = self.console_screen
        if self.inspecting is not None and screen.focused is self.inspecting.pane:
            if (found := self.inspecting.pane.value) is not None:
                await self._copy(*found)
            return
        subjects = screen.subjects
        if not (values := values_of(subjects, screen.store)):
            self.notify("Nothing is chosen that could be copied.", markup=False)
            return
        at = await self.push_screen_wait(ValuesDialog(f"Copy of {titled(subjects)}:", values))
        if at is not None:
            await self._copy(*values[at])

    async def _copy(self, what: str, value: str) -> None:
        await self.copy(value, f"{what}: ")

    async def _show_binds(self) -> None:
        """Show what was bound from here, and undo what is wanted gone."""
        from machinedeck.ui.dialogs.binds import BindsDialog  # noqa: PLC0415 - seldom needed at start

        binds = self.doing.binds.all(self.console_screen.store.registered.values())
        at = await self.push_screen_wait(BindsDialog([(machine.name, bind) for machine, bind in binds]))
        if at is not None:
            machine, bind = binds[at]
            self.acting.want(find("unbind"), [machine], {"to": bind.destination})

    async def _jump(self) -> None:
        """Put letters upon all rows that are seen, and go to the one whose letters are typed."""
        from machinedeck.ui.dialogs.jump import JumpScreen, labels  # noqa: PLC0415 - seldom needed at start

        screen = self.console_screen
        places = [(table, key) for table in screen.tables for key in table.seen_keys]
        if not places:
            return
        named = dict(zip(labels(len(places)), places, strict=True))

        def show(typed: str) -> None:
            for table in screen.tables:
                table.show_labels(
                    {key: name for name, (at, key) in named.items() if at is table and name.startswith(typed)}
                )

        show("")
        try:
            name = await self.push_screen_wait(JumpScreen(list(named), show))
        finally:
            for table in screen.tables:
                table.show_labels({})
        if name is not None:
            screen.go_to(*named[name])

    async def _show_work(self) -> None:
        from machinedeck.ui.dialogs.work import WorkDialog  # noqa: PLC0415 - seldom needed at start

        await self.push_screen_wait(WorkDialog(self.console_screen.store, self.cancel_work))

    def cancel_work(self, operation: Operation) -> None:
        """End long work before its time; returns at once."""
        self.run_worker(self._cancel_work(operation), group="act", exit_on_error=True)

    async def _cancel_work(self, operation: Operation) -> None:
        """End long work before its time; whoever waits for it is told by the service."""
        self.notify(f"Cancelling {operation.label} …", markup=False, timeout=3)
        if self.acting.rights is not None:
            await self.acting.rights.ready()
        try:
            await self.doing.cancel(operation)
        except Failure as failure:
            self.fail(failure)
        else:
            self.notify(f"{operation.label} is cancelled.", markup=False)
        self.acting.tell_of_journal()

    # The journal

    def action_journal(self) -> None:
        """Show what was done from here."""
        from machinedeck.ui.screens.journal import JournalScreen  # noqa: PLC0415 - seldom needed at start

        self.push_screen(JournalScreen(self.doing.journal, self._options.notice, self._export_journal))

    @work(group="ask", exit_on_error=True)
    async def _export_journal(self) -> None:
        from machinedeck.sources.typed_path import proposed_path, typed_path  # noqa: PLC0415 - seldom needed
        from machinedeck.ui.dialogs.ask import Ask  # noqa: PLC0415 - seldom needed at start
        from machinedeck.ui.saving import PATIENCE_SECONDS  # noqa: PLC0415 - seldom needed at start

        count = len(list(self.doing.journal))
        question = f"Export {count} {'line' if count == 1 else 'lines'} of the journal to the new file:"
        path = await self.push_screen_wait(Ask(question, proposed_path("machinedeck-journal.jsonl")))
        if not path:
            return
        try:
            place = await answered(PATIENCE_SECONDS, typed_path, path)
            count = await answered(PATIENCE_SECONDS, self.doing.journal.export, place)
        except OSError as error:
            is_there = isinstance(error, FileExistsError)
            why = "there is such a file already" if is_there else clean(error.strerror or error)
            self.notify(f"Not exported: {why}.", severity="error", markup=False, timeout=15)
        else:
            self.notify(f"Exported {count} to {clean(path.strip())}.", markup=False)
