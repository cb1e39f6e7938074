"""The application: it joins host, store and screens, and does what the user wants."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen

from machinedeck.core.actions import LOGIN
from machinedeck.core.config import Config
from machinedeck.core.doing import Doing
from machinedeck.core.follower import Follower
from machinedeck.core.host import SYSTEM_BUS
from machinedeck.core.journal import Journal
from machinedeck.core.status import Link
from machinedeck.core.store import EVERYTHING, Change
from machinedeck.model.failure import Failure
from machinedeck.model.machine import Machine
from machinedeck.ui.acting import FAILURE_SECONDS, Acting
from machinedeck.ui.ascii import AsciiFilter
from machinedeck.ui.lines import Title
from machinedeck.ui.narrow import write_only_changed_cells
from machinedeck.ui.options import Options
from machinedeck.ui.palette import PALETTE
from machinedeck.ui.panes.list_pane import ListPane
from machinedeck.ui.rights import Rights
from machinedeck.ui.screens.console import Console
from machinedeck.ui.timers import fire_surely
from machinedeck.ui.tool_desk import ToolDesk
from machinedeck.ui.widgets.frame import DEMO_CLASS

if TYPE_CHECKING:
    from machinedeck.ui.screens.first_run import FirstRun

LEAVE_SECONDS = 5.0
"""How long leaving may take after a signal before the program just ends."""

GATHER_SECONDS = 0.05
"""News that come within this time of others are shown together."""

LONG, LONG_GATHER_SECONDS = 1000, 0.1
"""Rows from which the list of machines is long, and how long news of it are gathered."""

REST_TIMES = 8
"""How many times as long as showing news took no more are shown after it."""

CONSOLE_CSS, DEMO_CSS = "screens/console.tcss", "screens/demo.tcss"

DEMO_COLOUR = "#c678dd"
"""The colour of what is made up; nothing else on a screen has it."""


class MachinedeckApp(ToolDesk, inherit_bindings=False):
    """The console of one host.

    Args:
        follower: What follows the host; started here, if it is not running already.
        options: How to show it.
        clock: The real time in seconds.
        driver: What draws and reads keys, if not Textual's own choice.
        journal: Where what is done is noted; in memory alone unless given.
        operator: Who does it.
        config: What is set; the defaults unless given.
    """

    TITLE = "machinedeck"
    CSS_PATH = CONSOLE_CSS
    ENABLE_COMMAND_PALETTE = False
    ansi_theme_dark = Reactive(PALETTE, init=False)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave_program", show=False),
        Binding("ctrl+z", "suspend_process", show=False),
        Binding("colon", "palette", show=False),
        Binding("question_mark", "help", show=False),
        Binding("J", "journal", show=False),
    ]

    class News(Message):
        """The store changed."""

    def __init__(
        self,
        follower: Follower,
        options: Options,
        clock: Callable[[], float] = time.time,
        driver: type[Driver] | None = None,
        journal: Journal | None = None,
        operator: str = "",
        config: Config | None = None,
    ) -> None:
        self._host = host = follower.host
        write_only_changed_cells()
        fire_surely()
        self._config = config or Config()
        super().__init__(
            driver_class=driver,
            css_path=[CONSOLE_CSS, DEMO_CSS] if host.is_demo else None,
        )
        self.begin_desk()
        self.set_class(host.is_demo, DEMO_CLASS)
        self.wants_demo = False
        """Whether it was left for a made-up host."""
        self.store = follower.store
        journal = journal or Journal(None)
        self.doing = Doing(host, self.store, journal, operator, clock, follower.look_again)
        self.acting = Acting(self, host, self.store, self.doing, self._open_terminal_of, self._config.key)
        self.acting.is_local = host.mode == SYSTEM_BUS
        self.acting.rights = Rights(
            self, self._turns, is_needed=os.geteuid() != 0 and host.mode == SYSTEM_BUS
        )
        self._options, self._clock = options, clock
        self._follower = follower
        self._news: Change | None = None
        self._is_gathering = False
        self._first_run: FirstRun | None = None
        self.console_screen = Console(
            self.store,
            Title(host.name, host.mode, host.is_demo, host.is_read_only),
            options.leave_key,
            options.frames,
            clock,
            self._config.key,
        )
        self._configure_panes()
        if options.is_light:
            self.theme = "textual-light"
        if options.is_calm:
            self.animation_level = "none"

    def _configure_panes(self) -> None:
        """Have the lists as they are set."""
        for name in ("machines", "images"):
            pane = self.console_screen.pane(name)
            groups = {"group": self._config["machines.group"]} if name == "machines" else {}
            pane.configure(self._config[f"{name}.columns"], self._config[f"{name}.sort"], **groups)

    @property
    def has_news(self) -> bool:
        """Whether something changed that is not on the screen yet."""
        return self._news is not None

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's filters, and the one to plain ASCII where the locale knows no more."""
        filters = list(super().get_line_filters())
        return [*filters, AsciiFilter()] if self._options.is_ascii else filters

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Textual's variables of style sheets, and ours."""
        return {**super().get_theme_variable_defaults(), "demo": DEMO_COLOUR}

    def get_default_screen(self) -> Screen[None]:
        """The console is the screen below all others."""
        return self.console_screen

    def on_mount(self) -> None:
        """Begin to follow the host."""
        self.store.listen(self._on_change)
        # Others have written to the terminal while this was suspended; Textual draws only what changes
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._follow()
        if not self.is_headless:
            self._catch_signals()
        if self._options.notice:
            self.notify(self._options.notice, severity="warning", markup=False, timeout=15)
        self._show(EVERYTHING)
        self.console_screen.call_after_refresh(self._on_first_picture)

    async def _on_first_picture(self) -> None:
        self._follower.release_details()
        await self.allow_details()
        gc.enable()
        gc.freeze()  # what is there now stays to the end: it need never be looked at again

    @work(group="follow", name="follow", exit_on_error=True)
    async def _follow(self) -> None:
        """Keep the store in step with the host; an error of the program in there ends the app."""
        await self._follower.start()

    def _on_change(self, change: Change) -> None:
        """Note what changed; it is shown at once if it is the first in a while, else with the rest."""
        self._news = change if self._news is None else self._news | change
        if not self._is_gathering:
            self._is_gathering = True
            # The store tells from the task of the follower, which knows nothing of Textual.
            self.post_message(self.News())

    def on_machinedeck_app_news(self) -> None:
        """Show what changed, and what comes within the next moment in one go after it."""
        news, self._news = self._news, None
        if news is None or not self.is_running:  # what shows it is being taken down
            self._is_gathering = False
            return
        began = time.perf_counter()
        self._show(news)
        took = time.perf_counter() - began
        # Of very long lists, news are gathered for longer: keys come first.
        gather = LONG_GATHER_SECONDS if len(self.store.by_name()) > LONG else GATHER_SECONDS
        self.set_timer(max(gather, took * REST_TIMES), self.on_machinedeck_app_news)

    def _show(self, change: Change) -> None:
        with self.batch_update():
            if change.is_status:
                self._show_status()
                self.show_details_status()
            self.console_screen.show_change(change)

    def _show_status(self) -> None:
        link = self.store.status.link
        if link is Link.MISSING and self._first_run is not None:
            self._first_run.refresh(recompose=True)
        elif link is Link.MISSING:
            from machinedeck.ui.screens.first_run import FirstRun  # noqa: PLC0415 - seldom needed

            look_around = None if self._host.is_demo else self._leave_for_demo
            self._first_run = FirstRun(self.store, self._follower.retry, look_around)
            self.push_screen(self._first_run)
        elif link is Link.UP and self._first_run is not None:
            if self.screen is self._first_run:
                self.pop_screen()  # else it goes when it is seen again
            self._first_run = None

    def _leave_for_demo(self) -> None:
        """End here, to go on with a made-up host: whoever runs the app sees to that."""
        self.wants_demo = True
        self.exit()

    def on_list_pane_seen(self, event: ListPane.Seen) -> None:
        """Have read what is seen now, and no more: there may be ten thousand images."""
        self._follower.image_details.want(event.pane.PART, event.names)

    # Doing

    def on_choosing_screen_wanted(self, event: Console.Wanted) -> None:
        """Do what the user wants, or say why not."""
        self.acting.want(event.action, event.subjects)

    @work(group="ask", exit_on_error=True)
    async def on_choosing_screen_wanted_menu(self, event: Console.WantedMenu) -> None:
        """Ask what to do, and do it."""
        action = await self.acting.choose(event.table, event.subjects)
        if action is not None:
            self.acting.want(action, event.subjects)

    def _open_terminal_of(self, action: str, machine: Machine) -> None:
        self.open_terminal(self.wish(machine.name, is_login=action == LOGIN.id), machine)

    def fail(self, failure: Failure) -> None:
        """Tell of a failure, for long enough to read it."""
        self.notify(self.acting.sentence(failure), severity="error", markup=False, timeout=FAILURE_SECONDS)

    # Leaving

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)

    def on_hung_up(self) -> None:
        """End when the terminal is gone, also where no SIGHUP tells of it."""
        self._on_signal(signal.SIGHUP)

    def _on_signal(self, number: int) -> None:
        """End as on a key, so that the terminal is left as it was found (signal(7)).

        A terminal that is gone can hold up whoever writes to it; nobody is left to end us by hand then.
        """
        last = threading.Timer(LEAVE_SECONDS, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        self.exit(return_code=128 + number)

    @work(group="leave", exclusive=True)
    async def action_leave_program(self) -> None:
        """End, after asking if shells would end with it, or something is lost."""
        from machinedeck.ui.leaving import losses  # noqa: PLC0415 - not needed at start

        count, going_on = self.console_screen.shells.open_count, self.acting.going_on
        ends = losses(count, self.store, going_on)
        if ends and not await self.confirm(f"Quit, and {' and '.join(ends)}?", "quit", "stay"):
            return
        self.exit()

    def on_unmount(self) -> None:
        """Hang up what is still open."""
        if self.acting.rights is not None:
            self.acting.rights.end()
        self.console_screen.shells.close_all()
