"""The panes follow the host by themselves."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Static

from machinedeck.core import follower, lateness, lists
from machinedeck.core.status import Link, Status
from machinedeck.model.event import MachineAppeared, OperationMoved, ServiceMoved, UnitBusy
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine, State
from machinedeck.model.operation import Operation
from machinedeck.ui.app import GATHER_SECONDS
from tests.console.conftest import Open
from tests.support.fake_host import FEDORA, FakeHost, image, machine
from tests.support.waiting import until

CLONE = Operation(3, "clone", "copy", 1, 4)


async def test_running_and_stopped_machines_are_listed(console: Open) -> None:
    async with console() as deck:
        assert deck.names() == ["build-9", "db-1", "web-1"]
        assert deck.cells("build-9")[1] == "○ stopped"
        told = [deck.cell("web-1", column) for column in ("name", "state", "os", "addresses", "since")]
        assert told == ["web-1", "● running", "Debian GNU/Linux 12 (bookworm)", "10.0.0.2", "2 h"]
        assert deck.names("images") == ["build-9", "db-1", "web-1"]


async def test_hidden_images_and_the_host_are_no_machines(console: Open, host: FakeHost) -> None:
    host.stored |= {".hidden": image(".hidden"), ".host": image(".host"), "no_name": image("no_name")}
    async with console() as deck:
        assert deck.names() == ["build-9", "db-1", "web-1"]
        assert deck.names("images") == ["build-9", "db-1", "no_name", "web-1"]


async def test_a_machine_that_appears_is_shown(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.appear(machine("mail", os=FEDORA, addresses=("192.0.2.7",)))
        await deck.settle()
        assert deck.cell("mail", "os") == FEDORA.name
        assert (deck.cell("mail", "state"), deck.cell("mail", "addresses")) == ("● running", "192.0.2.7")


async def test_a_machine_that_ends_is_gone_or_stopped(console: Open, host: FakeHost) -> None:
    del host.stored["db-1"]
    async with console() as deck:
        host.vanish("web-1")
        host.vanish("db-1")
        await deck.settle()
        assert deck.names() == ["build-9", "web-1"]
        assert deck.cell("web-1", "os") == "Debian GNU/Linux 12 (bookworm)"
        assert (deck.cell("web-1", "state"), deck.cell("web-1", "addresses")) == ("○ stopped", "–")


async def test_a_state_changes_with_the_jobs_of_its_unit(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.running["web-1"] = host.running["web-1"]._replace(state=State.CLOSING)
        host.tell(UnitBusy("systemd-nspawn@web-1.service"))
        await deck.settle()
        assert deck.cells("web-1")[1] == "◑ closing"


async def test_addresses_that_come_later_are_shown(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.running["web-1"] = host.running["web-1"]._replace(addresses=("fe80::1",))
    async with console() as deck:
        assert deck.cell("web-1", "addresses") == "fe80::1"
        host.running["web-1"] = host.running["web-1"]._replace(addresses=("10.0.0.9", "fe80::1"))
        await until(lambda: deck.cell("web-1", "addresses") == "10.0.0.9 +1")


async def test_a_name_that_is_used_again_keeps_nothing_of_the_old_machine(
    console: Open, host: FakeHost
) -> None:
    async with console() as deck:
        host.running["web-1"] = machine("web-1", timestamp_monotonic=2000, os=FEDORA, addresses=("10.9.9.9",))
        host.appear(host.running["web-1"])
        await deck.settle()
        assert deck.cell("web-1", "os") == FEDORA.name
        assert deck.cell("web-1", "addresses") == "10.9.9.9"


async def test_hostile_names_are_shown_harmless(console: Open, host: FakeHost) -> None:
    host.stored["x"] = image("[red]x\u202e\x1b[2J")
    async with console() as deck:
        assert deck.shows("[red]x\ufffd\ufffd[2J")


@pytest.mark.promise("A lost bus is shown, retried and healed")
async def test_a_lost_bus_is_shown_and_healed(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "RETRY_SECONDS", (0.05,))
    async with console() as deck:
        host.refusals["open"] = Failure(Kind.NO_BUS, "Cannot reach the message bus.")
        host.lose()
        await deck.until_shown("Connection lost")
        assert deck.names() == ["build-9", "db-1", "web-1"], "what was last known stays"
        del host.refusals["open"]
        host.running["new"] = machine("new")
        await until(lambda: "new" in deck.names())
        await deck.settle()
        assert not deck.shows("Connection lost")
        assert deck.shows("● live")


async def test_a_service_that_restarts_is_waited_for(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "AWAY_SECONDS", 0.05)
    async with console() as deck:
        host.refusals["machines"] = Failure(Kind.NO_SERVICE, "Nobody owns the name.")
        host.tell(ServiceMoved(False))
        await deck.until_shown("The service of machines is restarting")
        assert deck.names() == ["build-9", "db-1", "web-1"]
        del host.refusals["machines"]
        await deck.until_shown("● live")


@pytest.mark.promise("A service that does not answer is told of within seconds, and waited for")
async def test_a_service_that_hangs_is_told_of(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lateness, "LATE_SECONDS", 0.05)
    answers = asyncio.Event()
    list_machines = host.machines

    async def machines() -> list[Machine]:
        await answers.wait()
        return await list_machines()

    async with console() as deck:
        monkeypatch.setattr(host, "machines", machines)
        host.running["new"] = machine("new")
        host.tell(MachineAppeared("new"))
        await deck.until_shown("◐ no answer")
        await deck.until_shown("The service of machines does not answer; below is what was last known.")
        assert all(pane.is_stale for pane in deck.app.console_screen.panes)
        answers.set()
        await deck.until_shown("● live")
        await deck.until_gone("does not answer")


async def test_a_service_that_never_answered_is_not_shown_as_live(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "AWAY_SECONDS", 0.05)
    late = Failure(Kind.TIMED_OUT, "Cannot list the machines: no answer in time.")
    host.refusals["machines"] = late
    async with console() as deck:
        await until(lambda: deck.app.store.status == Status(Link.AWAY, late), what="the first wait to end")
        await deck.until_shown("◐ no answer")
        del host.refusals["machines"]
        await deck.until_shown("● live")
        assert deck.names() == ["build-9", "db-1", "web-1"]


@pytest.mark.promise("Where the bus policy refuses, it says that root is needed: never an empty list")
async def test_a_refusal_is_never_an_empty_list(console: Open, host: FakeHost) -> None:
    hint = "This needs root: run machinedeck as root or with sudo."
    for part in ("machines", "images", "pool"):
        host.refusals[part] = Failure(Kind.NOT_ALLOWED, f"Cannot read the {part}: Access denied.", hint)
    async with console() as deck:
        assert "\n".join(deck.screen()).count("This needs root") >= 2
        assert not deck.shows("No machine runs here")


async def test_an_empty_host_says_so(console: Open, host: FakeHost) -> None:
    host.running.clear()
    host.stored.clear()
    async with console() as deck:
        assert deck.shows("No machine runs here")
        assert deck.shows("No images.")


async def test_an_error_of_the_program_is_not_kept_quiet(console: Open, host: FakeHost) -> None:
    host.stored["broken"] = None  # type: ignore[assignment]
    with pytest.raises(Exception, match="NoneType"):
        async with console() as deck:
            await deck.settle()


class Slow(Static):
    """A widget that takes its time to go."""

    async def on_unmount(self) -> None:
        await asyncio.sleep(4 * GATHER_SECONDS)


async def test_news_that_come_while_it_is_left(console: Open, host: FakeHost) -> None:
    """They would find the screen half taken down; leaving the block raises what they raise."""
    async with console() as deck:
        await deck.app.console_screen.mount(Slow())
        host.tell(OperationMoved(CLONE))
        await deck.until_shown("clone copy 25 %")
        host.tell(OperationMoved(CLONE._replace(done=2)))
        await asyncio.sleep(0)
        assert deck.app.has_news, "gathered, to be shown in a moment"
