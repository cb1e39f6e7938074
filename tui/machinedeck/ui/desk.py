"""What the application does for terminals: opens them, asks about them, copies and saves."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from typing import TYPE_CHECKING

from textual import events, work

from machinedeck.apart import answered
from machinedeck.core.config import Config
from machinedeck.core.doing import Doing
from machinedeck.core.host import Host
from machinedeck.model.failure import READ_ONLY, Failure, Kind
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish
from machinedeck.ui.acting import Acting
from machinedeck.ui.consent import Answer, Consents
from machinedeck.ui.lines import key_name
from machinedeck.ui.order import OrderedApp
from machinedeck.ui.screens.console import Console

if TYPE_CHECKING:
    from machinedeck.ui.guide import Offer
    from machinedeck.ui.widgets.terminal import TerminalView
    from machinedeck.ui.widgets.terminal_mouse import TerminalMouse

NAME_CHARACTERS = 40
"""How long a name of the operator's for a tab may be."""


class TerminalDesk(OrderedApp, inherit_bindings=False):
    """The part of the application that has to do with terminals."""

    console_screen: Console
    acting: Acting
    doing: Doing
    _config: Config
    _host: Host

    def begin_desk(self) -> None:
        """Make what terminals share."""
        from machinedeck.term.slicing import Turns  # noqa: PLC0415 - not at every start

        self.begin_order()
        self._turns = Turns()
        self._consents = Consents()

    def give_way(self) -> None:
        """A key was typed: floods of terminals wait until it is on its way. May be called in any thread."""
        self._turns.give_way()

    def moves_nothing(self, event: events.Event) -> bool:
        """Whether what is typed goes to a machine."""
        view = self.console_screen.shells.current
        return view is not None and self.focused is view and view.would_send(event)

    @abstractmethod
    def fail(self, failure: Failure) -> None:
        """Tell of a failure."""

    # Opening

    def wish(self, machine: str, *, is_login: bool = False) -> Wish:
        """What is asked for unless something else is: as it is set."""
        user, term = self._config["terminal.user"], self._config["terminal.term"]
        return Wish(machine, user=user, term=term, is_login=is_login)

    def on_terminal_screen_wanted_terminal(self, event: Console.WantedTerminal) -> None:
        """Open a terminal."""
        self.open_terminal(event.wish, event.machine, event.place, event.view, event.replaces)

    @work(group="shell", exit_on_error=True)
    async def open_terminal(
        self,
        wish: Wish,
        machine: Machine,
        place: str = "tab",
        view: TerminalView | None = None,
        replaces: TerminalView | None = None,
    ) -> None:
        """Open a terminal of a machine, in a tab of its own or as the half of one."""
        from machinedeck.ui.opening import open_terminal  # noqa: PLC0415 - not at every start
        from machinedeck.ui.session import Session  # noqa: PLC0415 - see above

        try:
            fd, machine = await open_terminal(self._host, self.doing, self.acting.rights, machine, wish)
        except Failure as failure:
            self.fail(failure)
            if replaces is not None:
                replaces.is_to_be_replaced = False
            return
        finally:
            self.acting.tell_of_journal()
        session = Session(machine, wish, fd, self._turns, self._config["terminal.scrollback"])
        await self.console_screen.open_session(session, place, view, replaces)

    # Asking

    @work(group="ask", exit_on_error=True)
    async def on_terminal_screen_wanted_dialog(self, event: Console.WantedDialog) -> None:
        """Ask what a command needs to know, and do it."""
        command, _, name = event.command.partition(":")
        if command == "options":
            await self._ask_options(name)
        elif event.view is None:
            return
        elif command == "rename":
            await self._rename(event.view)
        elif command == "save":
            await self._save(event.view)
        elif command == "clipboard":
            await self._ask_clipboard(event.view)

    async def _ask_options(self, name: str) -> None:
        from machinedeck.ui.dialogs.shell import ShellDialog  # noqa: PLC0415 - seldom needed at start

        if self._host.is_read_only:
            self.fail(Failure(Kind.REFUSED, READ_ONLY))
            return
        running = self.console_screen.store.running
        asked = running(name)
        wish = await self.push_screen_wait(ShellDialog(self.wish(name)))
        if wish is None:
            return
        # What was asked about is meant, not what has its name by now; unless that was not looked at yet
        machine = asked if asked is not None and asked.timestamp_monotonic else running(name)
        if machine is None or running(name) is None:
            self.fail(Failure(Kind.NOT_THERE, f"{clean(name)} is not running any more.", "Start it first."))
            return
        self.open_terminal(wish, machine)

    async def _rename(self, view: TerminalView) -> None:
        from machinedeck.ui.dialogs.ask import Ask  # noqa: PLC0415 - seldom needed at start

        session = view.session
        name = await self.push_screen_wait(
            Ask(f"Call {session.label} what? Nothing gives its own name back.", session.name)
        )
        if name is not None:
            session.name = clean(name.strip(), NAME_CHARACTERS)
            view.tell()

    async def _save(self, view: TerminalView) -> None:
        from machinedeck.ui import saving  # noqa: PLC0415 - seldom needed at start
        from machinedeck.ui.dialogs.ask import Ask  # noqa: PLC0415 - seldom needed at start

        text, what = _text_of(view)
        path = await self.push_screen_wait(
            Ask(
                f"Save {what} ({len(text.encode('utf-8', 'replace'))} bytes) to:",
                saving.proposal(view.session.machine, time.time()),
            )
        )
        if not path:
            return
        is_overwriting = False
        while True:
            try:
                count = await answered(
                    saving.PATIENCE_SECONDS, saving.save, path, text, is_overwriting=is_overwriting
                )
            except FileExistsError:
                if not await self.confirm(
                    f"{clean(path)} is there already. Write over it?", "write over it", "leave it"
                ):
                    return
                is_overwriting = True
                continue
            except OSError as error:
                self.notify(f"Not saved: {clean(error.strerror or error)}.", severity="error", markup=False)
                return
            self.notify(f"Saved {count} bytes to {clean(path)}.", markup=False)
            return

    async def confirm(self, question: str, yes: str, no: str, command: str = "") -> bool:
        """Ask whether something should really be done."""
        from machinedeck.ui.dialogs.confirm import Confirm  # noqa: PLC0415 - seldom needed at start

        return await self.push_screen_wait(Confirm(question, yes=yes, no=no, command=command))

    @work(group="ask", exit_on_error=True)
    async def action_palette(self) -> None:
        """Find a command and do it."""
        from machinedeck.ui.dialogs.palette import Palette  # noqa: PLC0415 - seldom needed at start
        from machinedeck.ui.guide import act_of, choices  # noqa: PLC0415 - seldom needed at start

        screen = self.console_screen
        offers = self._offers() if screen.shells.current is None else []
        listed = choices(
            offers,
            screen.store,
            self._config.key,
            has_machine=screen.machine is not None,
            has_shell=screen.shells.meant is not None,
        )
        chosen = await self.push_screen_wait(Palette(listed))
        # What it is done to is what the line named, wherever the cursor has come meanwhile
        named = next((offer for offer in offers if act_of(offer.action) == chosen), None)
        if named is not None:
            self.acting.want(named.action, named.subjects)
        elif chosen is not None:
            await self.run_action(chosen, screen)

    def _offers(self) -> list[Offer]:
        """All that can be done to what is chosen in any of the panes."""
        from machinedeck.ui.guide import Offer  # noqa: PLC0415 - seldom needed at start

        return [
            Offer(action, subjects, self.acting.title(subjects), self.acting.refusal_of_all(action, subjects))
            for table, subjects in self.console_screen.everything
            if subjects
            for action in table
        ]

    def action_help(self) -> None:
        """Show every key."""
        from machinedeck.ui.dialogs.palette import Help  # noqa: PLC0415 - seldom needed at start
        from machinedeck.ui.guide import help_parts  # noqa: PLC0415 - seldom needed at start

        self.push_screen(Help(help_parts(self.console_screen.leave_key, self._config.key)))

    # The clipboard

    async def on_terminal_mouse_copied(self, event: TerminalMouse.Copied) -> None:
        """Copy what the operator selected."""
        if event.text:
            await self.copy(event.text)

    async def copy(self, text: str, whose: str = "") -> None:
        """Put text into the clipboard of the operator's terminal, and say how much of it."""
        from machinedeck.ui import copying  # noqa: PLC0415 - not at every start

        content, copied = copying.cut(text)
        through = copying.multiplexer(os.environ)
        if through != "tmux" or not await copying.give_to_tmux(content):
            self.write_to_terminal(copying.sequence(content, through))
        self.notify(f"{whose}{copied}", markup=False, timeout=3)

    def write_to_terminal(self, data: str) -> None:
        """Write a sequence of our own to the operator's terminal."""
        if self._driver is not None:
            self._driver.write(data)

    def on_terminal_view_clipboard_wanted(self, event: TerminalView.ClipboardWanted) -> None:
        """A machine wants to write the clipboard: do it, tell of it or let it be, as was answered before."""
        session = event.view.session
        may = self._consents.may(session.identity)
        if may is not None:
            write, session.clipboard = session.clipboard, None
            event.view.is_wish_told = False
            if may and write is not None and write.text:
                self.run_worker(self.copy(write.text, f"{clean(session.machine)}: "), group="copy")
            return
        self.notify(
            f"{clean(session.machine)} wants to write your clipboard."
            f" {key_name(self.console_screen.leave_key)}, then y, shows what.",
            severity="warning",
            markup=False,
        )

    async def _ask_clipboard(self, view: TerminalView) -> None:
        from machinedeck.ui.dialogs.clipboard import ClipboardQuestion  # noqa: PLC0415 - seldom needed at start

        wanting = [
            one for one in (view, *self.console_screen.shells.views) if one.session.clipboard is not None
        ]
        if not wanting:
            self.notify("No machine wants to write your clipboard.", markup=False)
            return
        session = wanting[0].session
        write = session.clipboard
        if write is None:
            return
        answer = await self.push_screen_wait(ClipboardQuestion(session.machine, write))
        if answer is None:
            return
        self._consents.keep(session.identity, answer)
        if session.clipboard is write:
            session.clipboard = None
        if answer in {Answer.ONCE, Answer.ALWAYS} and write.text:
            await self.copy(write.text, f"{clean(session.machine)}: ")
        wanting[0].is_wish_told = False  # another one may have come meanwhile
        wanting[0].tell()


def _text_of(view: TerminalView) -> tuple[str, str]:
    """What is selected, or else all there is, and what to call it."""
    selection, history = view.marking.selection, view.marking.history
    if selection is not None:
        return selection.text(history), "what is selected"
    parts = []
    for line in range(len(history)):
        is_wrapped = history.is_wrapped(line)
        text = history.text(line)
        parts.append(text if is_wrapped else text.rstrip(" ") + "\n")
    return "".join(parts).rstrip("\n") + "\n", "all lines"
