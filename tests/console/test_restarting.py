"""A restart is one thing: its row says so from the first moment to the last, and what went wrong is told."""

from __future__ import annotations

import pytest

from machinedeck.core.actions import find
from machinedeck.core.store import Change
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine, State
from tests.console.conftest import Open
from tests.console.test_acting import PATIENCE, deck_on_demo, ended, last_deed, row
from tests.support.demo_deck import DemoDeck
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until


async def restart(deck: DemoDeck) -> None:
    await row(deck, "machines", "web-2")
    await deck.press("R", "y")
    await until(lambda: deck.app.store.doing == {"web-2": "restarting"}, what="the restart to begin")
    await deck.settle()


@pytest.mark.promise("A restart waits until the machine is really gone, and its row says so all the while")
async def test_the_row_says_so_all_the_while() -> None:
    async with deck_on_demo() as deck:
        await restart(deck)
        await deck.press("2")  # wherever one goes meanwhile
        seen, states = set(), set()

        def look(_change: Change) -> None:
            machine = deck.app.store.row("web-2")
            assert machine is not None, "it is not in the list"
            states.add(machine.state)

        deck.app.store.listen(look)
        for _ in range(PATIENCE):
            if not deck.app.store.doing:
                break
            seen.add(deck.cell("web-2", "state"))
            await deck.host.clock.advance(0.2)
            await deck.settle()
        assert seen == {"↻ restarting"}
        assert State.STOPPED in states, "it was gone for a while"
        await ended(deck, "web-2 is up again.")
        assert deck.cell("web-2", "state") == "● running"
        assert last_deed(deck)[0] == "restart"


async def test_meanwhile_it_is_neither_started_nor_restarted() -> None:
    async with deck_on_demo() as deck:
        await restart(deck)
        await deck.press("R")
        await deck.until_told("web-2 is restarting already.")
        deck.app.clear_notifications()
        await row(deck, "images", "web-2")
        await deck.press("s")
        await deck.until_told("web-2 is restarting already.")
        gone = Machine("web-2", State.STOPPED)
        assert find("start").refusal(gone, deck.app.store) == "web-2 is restarting already."
        assert [deed.action for deed in deck.app.doing.journal] == ["restart"]
        await ended(deck, "web-2 is up again.")


async def test_whoever_quits_meanwhile_is_asked() -> None:
    async with deck_on_demo() as deck:
        await restart(deck)
        await deck.press("q")
        await deck.until_shown("Quit, and leave web-2 stopped?")
        await deck.press("n")
        await ended(deck, "web-2 is up again.")
        await deck.press("q")
        assert not deck.app.is_running or not deck.shows("leave web-2 stopped")


async def test_a_filter_finds_what_is_restarting() -> None:
    async with deck_on_demo() as deck:
        await restart(deck)
        await deck.press("1", "slash", *"state", "colon", *"restarting", "enter")
        assert "web-2" in deck.names()
        assert "web-1" not in deck.names()
        await ended(deck, "web-2 is up again.")
        assert "web-2" not in deck.names()


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("stop", "web-2 was not restarted: it did not end. No."),
        ("start", "web-2 was stopped, but is not up again. No."),
    ],
)
async def test_which_half_failed_is_told(member: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with deck_on_demo() as deck:

        async def fail(_unit: str) -> None:
            raise Failure(Kind.REFUSED, "No.", "See elsewhere.")

        monkeypatch.setattr(deck.app._host.machine_acting._systemd1, member, fail)  # type: ignore[attr-defined]
        await restart(deck) if member == "start" else await deck.press("1")
        if member == "stop":
            await row(deck, "machines", "web-2")
            await deck.press("R", "y")
        await ended(deck, f"{told} See elsewhere.")
        assert last_deed(deck)[2] == f"{told} See elsewhere."
        assert not deck.app.store.doing
        assert deck.cell("web-2", "state") == ("● running" if member == "stop" else "○ stopped")


@pytest.mark.promise("The cursor stays on its machine, whatever begins and ends meanwhile")
@pytest.mark.parametrize("by", ["name", "state"])
async def test_the_cursor_stays_when_a_restart_begins_and_ends(
    console: Open, host: FakeHost, by: str
) -> None:
    host.running |= {f"m-{number}": machine(f"m-{number}") for number in range(8)}
    async with console() as deck:
        table = deck.table("machines")
        while table.sorted_by != by:
            await deck.press("greater_than_sign")
        table.cursor = deck.names().index("m-5")
        deck.app.store.set_doing("m-2", "restarting")
        host.appear(machine("a-new-one"))
        await deck.until_shown("a-new-one")
        assert table.current == "m-5"
        deck.app.store.set_doing("m-2", "")
        await deck.settle()
        assert table.current == "m-5"
        deck.app.store.set_doing("m-5", "restarting")
        await deck.settle()
        assert table.current == "m-5"
        deck.app.store.set_doing("m-5", "")
        await deck.settle()
        assert table.current == "m-5"


async def test_one_without_an_image_stays_in_the_list_too(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        deck.app.store.set_doing("guest", "restarting")
        await deck.settle()
        assert deck.cell("guest", "state") == "↻ restarting"
        deck.app.store.set_doing("guest", "")
        await deck.settle()
        assert "guest" not in deck.names()
