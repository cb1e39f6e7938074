"""A console on the demo: the real service on the simulated host, in the console's own event loop.

The time of that host stands still until a test pushes it, and all chance comes from one seed, so what is on
the screen depends on nothing but the keys.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from textual.events import Key
from textual.widgets._toast import Toast

from machined.bus.local import LocalBus
from machined.contract import SYSTEMD1, SYSTEMD1_MANAGER_INTERFACE, SYSTEMD1_PATH, nspawn_unit
from machined.demo import Demo
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.scenario import Scenario, read_scenario
from machined.wire import Connection
from machinedeck.bus.host import BusHost
from machinedeck.core.follower import Follower
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.core.usage import Sampler
from machinedeck.model.failure import Failure, Kind
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.inspecting import is_other
from machinedeck.ui.options import Options
from tests.support.console import Deck
from tests.support.waiting import until

SEED = 1
"""What the host of every picture is drawn from: that of `machinedeck --demo`."""

START = 1_757_412_360.0
"""The time it is in every picture, seconds of real time: 2025-09-09 10:06 UTC."""

LONG = 3600.0
"""Seconds that a notice stays: longer than any picture takes."""

_READING = ("read ", "look at ")
"""What the names of the follower's tasks begin with (`core.repeat`)."""


class DemoOpening:
    """Implements `Opening`: a bus within this process, and the demo's services on it.

    Args:
        scenario: What is on the host at the start; the demo's own unless given.
    """

    def __init__(self, scenario: Scenario | None = None) -> None:
        self.scenario = scenario or read_scenario()
        self.clock = StandingClock(self.scenario.host.uptime, START)
        self.refusal: Failure | None = None
        """Why it cannot be opened, where it cannot."""
        self._bus: LocalBus | None = None
        self._demo: Demo | None = None

    async def open(self) -> Connection:
        """See `Opening`: the first time a host is made, and it stays until `close`."""
        if self.refusal is not None:
            raise self.refusal
        assert self._bus is None, "it was opened already"
        self._bus = LocalBus.private()
        self._demo = Demo(self._bus, seed=SEED, clock=self.clock, scenario=self.scenario)
        await self._demo.start()
        return self._bus.attach()

    async def close(self) -> None:
        """See `Opening`: all of it ends."""
        demo, self._demo = self._demo, None
        bus, self._bus = self._bus, None
        if demo is not None and bus is not None:
            await demo.stop()
            await bus.close()

    def lost(self, reason: BaseException | None) -> Failure:
        """See `Opening`."""
        return Failure(Kind.OWN_SERVICE, "The service ended.")

    async def end_service(self) -> None:
        """Have the service of machines give up its name, as while it restarts; the bus goes on."""
        assert self._demo is not None
        await self._demo._service.stop()

    async def units_with_jobs(self) -> list[str]:
        """The units that something is being done to, as any client would ask."""
        assert self._bus is not None
        client = self._bus.attach()
        call = SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "ListJobs"
        (jobs,) = await client.call(*call)
        await client.close()
        return [unit for _id, unit, *_ in jobs]

    def now(self) -> float:
        """The host's real time in seconds."""
        return self.clock.realtime() / 1e6


class EmptyBus:
    """Implements `Opening`: a bus that nobody serves anything on."""

    def __init__(self) -> None:
        self._bus: LocalBus | None = None

    async def open(self) -> Connection:
        """See `Opening`."""
        await self.close()
        self._bus = LocalBus.private()
        return self._bus.attach()

    async def close(self) -> None:
        """See `Opening`."""
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()

    def lost(self, reason: BaseException | None) -> Failure:
        """See `Opening`."""
        return Failure(Kind.NO_BUS, "The message bus closed the connection.")


def hold_notices(app: MachinedeckApp) -> None:
    """Have notices stay: how long they are seen is the outside's time, which no picture may show."""
    notify = app.notify

    def hold(message: str, **options: Any) -> None:
        notify(message, **{**options, "timeout": LONG})

    app.notify = hold  # type: ignore[method-assign]


def demo_app(opening: DemoOpening, options: Options | None = None) -> MachinedeckApp:
    """The console as `machinedeck --demo` opens it."""
    host = BusHost(opening, name="made-up estate", mode=f"seed {SEED}", is_demo=True)
    app = MachinedeckApp(Follower(host, Store()), options or Options(is_calm=True), clock=opening.now)
    hold_notices(app)
    return app


def empty_scenario() -> Scenario:
    """The demo's host, with nothing on it yet."""
    return read_scenario()._replace(images=[], machines=[], vms=[], failed=[], happenings=[])


@dataclass
class DemoDeck(Deck):
    """A console on the demo and the hand at its keys; `host` is the way to the demo's host."""

    host: DemoOpening

    async def settle(self) -> None:
        """Wait until nothing is on its way: all is read, said and drawn."""
        await self.pilot.pause()
        while not self._is_still():
            await until(self._is_still, what="the console to come to rest")
            await self.pilot.pause()

    def _is_still(self) -> bool:
        tasks = [task.get_name() for task in asyncio.all_tasks()]
        is_reading = any(name.startswith(_READING) for name in tasks)
        are_told = len(self.app.screen.query(Toast)) == len(self.app._notifications)
        is_coming = is_reading or self.app.is_typing or self.app._is_gathering
        return are_told and self._is_inspected() and not (is_coming or self._is_drawing())

    def _is_inspected(self) -> bool:
        """Whether the details, where they are seen, are those of what is selected."""
        inspecting, selected = self.app.inspecting, self.app.console_screen.subject
        if inspecting is None:
            return not self.app.console_screen.has_class("-wide")
        if not inspecting.is_seen or selected is None:
            return True
        found = inspecting.found
        return found is not None and not is_other(found.subject, selected)

    def _is_drawing(self) -> bool:
        """Whether the terminal that is seen has another size than its place, or waits to be drawn."""
        view = self.app.console_screen.shells.current
        if view is None:
            return False
        terminal = view.session.terminal
        return view._frame is not None or (terminal.columns, terminal.lines) != view.content_size

    async def arrive(self) -> None:
        """Wait until all there is to know of the host is on the screen."""
        await until(lambda: self.app.store.read == set(Part), what="the first lists")
        await self.settle()
        follower = self.app._follower
        await Sampler(self.app.store, follower.usage).look()
        await self.settle()

    async def pass_time(self, seconds: float) -> None:
        """Push the host's time, and have the console look at what came of it."""
        await self.settle()
        await self.host.clock.advance(seconds)
        follower = self.app._follower
        follower.retry()
        await until(lambda: not follower._wake.is_set(), what="another look")
        await self.settle()

    async def until_job(self, name: str) -> None:
        """Wait until the host has taken the order to start or stop the container of an image."""
        for _ in range(1000):
            if nspawn_unit(name) in await self.host.units_with_jobs():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"the host has no job for {name}")

    async def go_to(self, name: str) -> None:
        """Move the cursor to a machine."""
        names = self.names()
        below, above = names.index(name), len(names) - 1 - names.index(name)
        way = ["home", *["down"] * below] if below <= above else ["end", *["up"] * above]
        await self.press("1")
        self.strike(*way)
        await self.settle()
        assert self.table("machines").current == name

    async def open_shell(self, name: str) -> None:
        """Open a shell in a machine and wait for its prompt, below an empty screen."""
        shells = self.app.console_screen.shells
        count = len(shells.views)
        await self.go_to(name)
        await self.press("enter")
        await until(lambda: len(shells.views) > count, what=f"a shell in {name}")
        await self.until_prompt()
        await self.type("clear")
        terminal = shells.views[-1].session.terminal
        await until(lambda: terminal.display[0].rstrip().endswith("#"), what="an empty screen")
        await self.settle()

    async def type(self, line: str) -> None:
        """Type a command, as fast as keys arrive over a line."""
        self.strike(*(_KEYS.get(character, character) for character in line), "enter")
        await self.settle()

    def strike(self, *keys: str) -> None:
        """Press keys without waiting for what each does."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else _CHARACTERS.get(key)))

    async def until_told(self, text: str) -> None:
        """Wait for a notice."""
        await until(lambda: any(text in one.message for one in self.app._notifications), what=text)
        await self.settle()

    async def run(self, line: str) -> None:
        """Type a command and wait for the prompt after it."""
        await self.type(line)
        await self.until_prompt(after=line)

    async def until_prompt(self, after: str = "") -> None:
        """Wait for the prompt, as the last line of the terminal that is seen."""

        def is_there() -> bool:
            written = self._written()
            above = any(line.endswith(f"# {after}") for line in written[:-1])
            return bool(written) and written[-1].endswith("#") and (above or not after)

        await until(is_there, what="a prompt in:\n" + "\n".join(self.screen()))
        await self.settle()

    def _written(self) -> list[str]:
        """The lines of the terminal that is seen, from the oldest; empty ones left out."""
        view = self.app.console_screen.shells.current
        assert view is not None, "no terminal is seen"
        terminal = view.session.terminal
        count = terminal.scrollback_length + terminal.lines
        lines = ["".join(run.text for run in terminal.runs(at)).rstrip() for at in range(count)]
        return [line for line in lines if line]


_KEYS = {" ": "space", "/": "slash", "-": "minus"}
"""Characters whose keys have names of their own (`textual.keys`)."""

_CHARACTERS = {name: character for character, name in _KEYS.items()} | {"enter": "\r"}
"""What those keys write."""
