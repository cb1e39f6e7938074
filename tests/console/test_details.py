"""The details of what is selected."""

from __future__ import annotations

import asyncio
import errno
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machined.contract import UNKNOWN_SIZE
from machinedeck.core.follower import Follower, Local
from machinedeck.core.inspector import Inspection, Running
from machinedeck.core.status import Link, Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import State
from machinedeck.model.properties import property_text
from machinedeck.model.text import clean
from machinedeck.model.usage import Branch, Counted, Process
from machinedeck.sources.interfaces import interface_name
from machinedeck.sources.space import read_space
from machinedeck.sources.usage.processes import read_process, send_signal
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.form import Form
from machinedeck.ui.dialogs.signals import SignalDialog
from machinedeck.ui.options import Options
from machinedeck.ui.panes.details import DetailsPane, _addresses, _process, _properties
from tests.console.conftest import Open
from tests.console.test_lists import HOSTILE
from tests.support.console import Deck
from tests.support.fake_host import NOW, FakeHost, machine
from tests.support.waiting import until

PROCESSES = [
    Process(10, 1, "/sbin/init", 0, "S", 1, 5 << 20, 10**9, 100),
    Process(30, 10, "[red]x\x1b[2J\n", 0, "S", 1, 3 << 20, 10**9, 300),
    Process(20, 10, "nginx: master", 0, "S", 4, 2 << 30, 10**9, 200),
]

TOLD = {
    "Name": "web-1",
    "Id": bytes(range(16)),
    "Timestamp": 1_700_000_000_000_000,
    "TimestampMonotonic": 5_000_000,
    "NetworkInterfaces": [1],
    "RootDirectory": "/var/lib/machines/\x1b[2Jweb-1",
    "Usage": UNKNOWN_SIZE,
    "Limit": UNKNOWN_SIZE,
}


def told(deck: Deck) -> dict[str, str]:
    """What the details say, by what stands before it."""
    return {row.cells[0].text: row.cells[1].text for row in deck.table("details").rows if len(row.cells) > 1}


async def open_details(deck: Deck, name: str) -> None:
    """Press the key and wait for the details of a machine."""
    await deck.press("i")
    await until(
        lambda: (
            deck.app.inspecting is not None
            and deck.app.inspecting.found is not None
            and name in (deck.app.inspecting.pane.border_title or "")
        ),
        what=f"the details of {name}",
    )
    await deck.settle()


async def test_all_that_is_known_of_a_machine(console: Open, host: FakeHost) -> None:
    host.inside["web-1"] = PROCESSES
    host.properties_told = TOLD
    async with console() as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        said = told(deck)
        assert said["Id"] == bytes(range(16)).hex()
        assert said["RootDirectory"] == "/var/lib/machines/\ufffd[2Jweb-1"
        assert (said["Usage"], said["Limit"]) == ("not counted", "none")
        assert said["address"] == "10.0.0.2"
        assert said["host's end"] == "1", "another host's interfaces have no names here"
        tree = [(row.cells[0].text, row.cells[1].text) for row in deck.table("details").rows
                if row.key.startswith("process")]  # fmt: skip
        assert tree == [("10", "/sbin/init"), ("20", "  nginx: master"), ("30", "  [red]x\ufffd[2J\ufffd")]
        assert not deck.table("machines").display, "there is no room for both"
        await deck.press("escape")
        assert deck.app.focused is deck.table("machines")
        assert deck.table("machines").display


async def test_only_processes_have_headings_for_their_numbers(console: Open, host: FakeHost) -> None:
    host.inside["web-1"] = PROCESSES
    async with console(size=(80, 24)) as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        await deck.until_shown("MEMORY")
        await deck.press("escape", "2", "end")
        await open_details(deck, "web-1")
        assert deck.shows("── properties")
        assert not deck.shows("MEMORY")


async def test_a_signal_is_offered_where_there_are_processes(console: Open, host: FakeHost) -> None:
    host.inside["web-1"] = PROCESSES
    async with console() as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        await until(lambda: "signal" in deck.screen()[-1])
        await deck.press("escape", "2", "home")
        await open_details(deck, "build-9")
        assert "signal" not in deck.screen()[-1]


async def test_details_follow_the_cursor_where_there_is_room(console: Open, host: FakeHost) -> None:
    async with console((180, 45)) as deck:
        await until(lambda: deck.app.inspecting is not None and deck.app.inspecting.found is not None)
        assert deck.table("machines").display
        assert deck.app.focused is deck.table("machines")
        await deck.press("end")
        await deck.until_shown("Details web-1")
        await deck.press("2", "home")
        await deck.until_shown("Details build-9")
        await deck.press("3")
        await deck.until_shown("Details the pool")
        await deck.press("i")
        assert isinstance(deck.app.focused, DetailsPane)
        await deck.press("i")
        assert deck.app.focused is deck.table("pool")


async def test_the_cursor_stays_on_no_row_of_another_machine(console: Open, host: FakeHost) -> None:
    host.properties_told = {"Name": "told of both", "Unit": "told of both"}
    async with console((180, 45)) as deck:
        await deck.press("end")
        await deck.until_shown("Details web-1")
        await deck.press("i", "end")
        assert deck.table("details").current == "property Unit"
        await deck.press("i", "up")
        await deck.until_shown("Details db-1")
        assert deck.table("details").current == "address 0"


async def test_details_of_one_are_never_shown_as_those_of_another(console: Open, host: FakeHost) -> None:
    host.properties_told = {"Name": "told before"}
    host.counted = {"db-1": Counted(1, 111 << 20, 11), "web-1": Counted(1, 222 << 20, 22)}
    async with console((180, 45)) as deck:
        await deck.press("end", "up")
        await until(lambda: deck.table("machines").current == "db-1")
        await deck.until_shown("Details db-1")
        await until(lambda: told(deck).get("tasks") == "11", what="the tasks of db-1 to be counted")
        host.refusals["every_property"] = Failure(Kind.NO_BUS, "Nobody is there to be asked.")
        host.refusals["open"] = Failure(Kind.NO_BUS, "The bus is gone.")
        host.lose()
        await until(lambda: deck.app.store.status.link is Link.LOST)
        deck.app.inspecting.wake()
        await deck.settle()
        assert (told(deck)["Name"], told(deck)["tasks"]) == ("told before", "11"), "what was last known stays"
        await deck.press("end")
        await deck.until_shown("Details web-1")
        await deck.until_shown("Nobody is there to be asked.")
        assert told(deck)["tasks"] == "22"
        assert "Name" not in told(deck)


@pytest.mark.promise("A signal from the details reaches the process that was meant, and is noted")
async def test_where_nothing_is_chosen_there_is_nothing_to_signal(host: FakeHost) -> None:
    host.inside["web-1"] = PROCESSES
    async with local_console(host, (180, 45)) as deck:
        await deck.press("end")
        await deck.until_shown("nginx: master")
        inspecting = deck.app.inspecting
        assert inspecting is not None
        before = inspecting.pane._processes["process 10 100"]
        await deck.press("slash", *"zzz", "enter")
        await deck.until_shown("Nothing is chosen.")
        assert inspecting.found is None
        assert not deck.shows("nginx: master")
        await deck.press("i", "K")
        # Not even where it was typed before the list was empty
        inspecting.pane.post_message(DetailsPane.SignalWanted(before))
        await deck.settle()
        assert not isinstance(deck.app.screen, SignalDialog)
        await deck.press("1", "slash", "escape", "end")
        await deck.until_shown("nginx: master")


async def test_a_machine_whose_unit_failed_has_not_ended_since(console: Open, host: FakeHost) -> None:
    host.broken = {"build-9"}
    async with console() as deck:
        await until(lambda: deck.app.store.row("build-9").state is State.FAILED)
        await deck.press("home", "S")
        assert isinstance(deck.app.screen, Form)
        host.appear(machine("new"))
        await until(lambda: "new" in deck.app.store.registered)
        await deck.settle()
        assert not deck.shows("build-9 has ended.")
        host.appear(machine("build-9"))
        await deck.until_shown("build-9 runs now.")


async def test_what_was_done_from_here(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("home", "s")
        await deck.until_shown("build-9 is up.")
        await open_details(deck, "build-9")
        assert any(text == "done: machinectl start build-9" for text in told(deck).values())


async def test_what_cannot_be_asked_says_why(console: Open, host: FakeHost) -> None:
    host.refusals["every_property"] = Failure(Kind.NOT_ALLOWED, "Cannot read it: Access denied.")
    async with console() as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        assert deck.shows("Cannot read it: Access denied.")


async def test_no_signal_leaves_this_host(console: Open, host: FakeHost) -> None:
    host.inside["web-1"] = PROCESSES
    async with console() as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        await deck.press("home", "K")
        await deck.until_shown("Signals go to processes of this very host alone")


@asynccontextmanager
async def local_console(host: FakeHost, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Deck]:
    """A console on a host whose processes are ours."""
    local = Local(host, read_space, send_signal, interface_name)
    app = MachinedeckApp(Follower(host, Store(), local=local), Options(), clock=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        deck = Deck(app, pilot, host)
        await deck.settle()
        yield deck


@pytest.mark.promise("A signal from the details reaches the process that was meant, and is noted")
async def test_a_signal_to_a_process(host: FakeHost) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:  # noqa: ASYNC220 - it ends by the signal
        try:
            process = read_process(child.pid)
            assert process is not None
            host.inside["web-1"] = [process]
            async with local_console(host) as deck:
                await deck.press("end")
                await open_details(deck, "web-1")
                table = deck.table("details")
                table.go(next(at for at, row in enumerate(table.rows) if row.key.startswith("process")))
                await deck.press("K")
                await deck.until_shown(f"Signal for {child.pid}")
                await deck.press("enter")
                await deck.until_shown(f"SIGTERM is sent to {child.pid}.")
                assert child.wait(10) == -signal.SIGTERM
                command = f"done: kill -s TERM {child.pid}"
                await until(lambda: command in told(deck).values(), what="the journal's line")
        finally:
            child.kill()


@given(texts=st.lists(HOSTILE, min_size=6, max_size=6))
@settings(max_examples=60, deadline=None)
def test_hostile_texts_in_details(texts: list[str]) -> None:
    """What machines, services and processes say of themselves, wherever details show it."""
    name, address, command, key, value, interface = texts
    one = Running(Branch(Process(1, 0, command, 0, "S", 1, 1, 1, 1), 3), 1.0)
    subject = machine(name, addresses=(address,))
    properties = ((key, property_text(key, value)), ("Argv", property_text("Argv", [value, key])))
    found = Inspection(subject, properties, (interface,), (one,))
    rows = [_process(one), *_addresses(found), *_properties(found)]
    assert len(rows) == 6
    for cell in (cell for row in rows for cell in row.cells):
        assert clean(cell.text) == cell.text
        assert "\n" not in cell.text
        assert len(cell.text) < 5000


async def test_a_pool_whose_space_cannot_be_read_is_a_pool(host: FakeHost) -> None:
    def space(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    follower = Follower(host, Store(), local=Local(host, space, send_signal, interface_name))
    following = follower.start()
    try:
        await until(lambda: Part.POOL in follower.store.read, what="the pool to be read")
        assert follower.store.pool == host.space
        assert follower.store.space is None
        assert not following.done()
    finally:
        following.cancel()
        await asyncio.wait([following])
