"""What comes at an awkward moment: nothing is done to anything else than was named, and nothing is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from machined.contract import machine_path
from machinedeck.model.event import OperationEnded, OperationMoved
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import ImageIdentity
from machinedeck.model.machine import Identity, Machine
from machinedeck.model.operation import Operation
from machinedeck.ui import notices
from machinedeck.ui.dialogs.confirm import Confirm
from machinedeck.ui.dialogs.typed_name import TypedName
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, image, machine
from tests.support.waiting import until

NAMED = pytest.mark.promise("Nothing is done to anything else than what was named, whatever comes meanwhile")
TYPED = {"-": "minus", "/": "slash", ".": "full_stop"}


async def write(deck: Deck, text: str) -> None:
    """Type a text."""
    await deck.press(*(TYPED.get(character, character) for character in text))


async def told(deck: Deck, text: str) -> None:
    """Wait for a notice."""
    await until(lambda: any(text in one.message for one in deck.app._notifications), what=text)


def images_are_others(host: FakeHost) -> None:
    """Have the list of images read anew: the end of any work does."""
    host.tell(OperationEnded(99))


@NAMED
async def test_the_palette_does_what_its_line_names(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[str] = []

    async def mark_read_only(identity: ImageIdentity, _is_read_only: bool) -> None:
        marked.append(identity.name)

    monkeypatch.setattr(host, "mark_read_only", mark_read_only, raising=False)
    host.running.clear()
    host.stored = {name: image(name) for name in ("aaa", "bbb", "ccc")}
    async with console() as deck:
        await deck.press("2", "home", "down", "colon")
        await write(deck, "read-only")
        assert deck.shows("Read-only: bbb.")
        del host.stored["bbb"]
        images_are_others(host)
        await until(lambda: deck.table("images").current == "ccc", what="bbb to go")
        await deck.press("enter")
        await until(lambda: marked, what="the call")
        assert marked == ["bbb"]


@NAMED
async def test_the_palette_acts_on_what_was_marked(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("1", "home")
        deck.table("machines").cursor = deck.names().index("db-1")
        await deck.press("space", "colon")
        await write(deck, "terminate")
        assert deck.shows("Terminate: db-1.")
        host.vanish("db-1")
        await until(lambda: "db-1" not in deck.app.store.registered, what="it to end")
        await deck.press("enter")
        await deck.settle()
        assert not deck.shows("Terminate web-1?")


@NAMED
async def test_another_work_is_not_cancelled(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        for number, name in enumerate(("aaa", "bbb", "ccc"), 1):
            host.tell(OperationMoved(Operation(number, "clone", name, 10, 100)))
        await deck.settle()
        await deck.press("W", "down")
        host.tell(OperationEnded(1))
        await deck.until_gone("aaa")
        await deck.press("x")
        await until(lambda: ("cancel", "2") in host.calls, what="the second to be cancelled")
        host.tell(OperationEnded(2))
        await deck.until_gone("bbb")
        await deck.press("x")
        await deck.settle()
        assert [call for call in host.calls if call[0] == "cancel"] == [("cancel", "2")]
        await deck.press("down", "x")
        await until(lambda: ("cancel", "3") in host.calls, what="the third, once it is chosen")


@NAMED
async def test_clean_takes_only_what_it_named(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[str] = []

    async def clean(what: str) -> tuple[()]:
        cleaned.append(what)
        return ()

    monkeypatch.setattr(host, "clean", clean, raising=False)
    async with console() as deck:
        await deck.press("3", "c", "space", "enter")
        assert isinstance(deck.app.screen, TypedName)
        host.stored["precious"] = image("precious")
        images_are_others(host)
        await deck.until_shown("Others would go now.")
        await write(deck, "clean")
        await deck.press("enter")
        await told(deck, "Nothing was done: look again.")
        assert cleaned == []


@NAMED
async def test_the_way_to_a_machine_that_a_filter_hides(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("slash", "d", "b", "enter", "colon")
        await write(deck, "web-1")
        await deck.until_shown("Go to the machine web-1")
        await deck.press("enter")
        await deck.settle()
        assert deck.table("machines").current == "web-1"


@NAMED
async def test_the_way_to_a_machine_that_is_gone(console: Open, host: FakeHost) -> None:
    del host.stored["db-1"]
    async with console() as deck:
        await deck.press("colon")
        await write(deck, "db-1")
        await deck.until_shown("Go to the machine db-1")
        host.vanish("db-1")
        await until(lambda: "db-1" not in deck.app.store.registered, what="it to end")
        await deck.press("enter")
        await told(deck, "db-1 is not listed any more.")


async def test_what_stands_over_the_first_screen_as_the_service_comes(console: Open, host: FakeHost) -> None:
    host.refusals["open"] = Failure(Kind.NO_SERVICE, "Nobody on this bus serves org.freedesktop.machine1.")
    async with console() as deck:
        await deck.until_shown("No machines to show yet")
        await deck.press("question_mark")
        host.refusals.clear()
        deck.app._follower.retry()
        await until(lambda: deck.app.store.registered, what="the service")
        await deck.press("escape")
        await until(lambda: deck.app.screen is deck.app.console_screen, what="the lists")
        assert deck.app.screen_stack == [deck.app.console_screen]


async def test_login_prompts_go_on_while_their_machine_does(console: Open, host: FakeHost) -> None:
    known, all_properties = asyncio.Event(), host.properties

    async def slow(one: Machine) -> Machine:
        await known.wait()
        return await all_properties(one)

    host.properties = slow  # type: ignore[method-assign]
    async with console() as deck:
        deck.table("machines").cursor = deck.names().index("db-1")
        await deck.press("L")
        shells = deck.app.console_screen.shells
        await until(lambda: shells.views, what="the terminal")
        known.set()
        await until(lambda: deck.app.store.registered["db-1"].timestamp_monotonic, what="what it is")
        await deck.settle()
        assert not shells.views[0].session.has_ended
        host.vanish("db-1")
        await until(lambda: shells.views[0].session.has_ended, what="its end")


async def test_the_host_has_login_prompts_and_shells(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = host.machines

    async def machines() -> list[Machine]:
        return [*await listed(), Machine(".host", kind="host", path=machine_path(".host"))]

    monkeypatch.setattr(host, "machines", machines)
    async with console() as deck:
        await deck.press("1", "end", "L")
        shells = deck.app.console_screen.shells
        await until(lambda: shells.views, what="the terminal")
        host.appear(machine("new"))
        await until(lambda: "new" in deck.app.store.registered, what="news")
        await deck.settle()
        assert not shells.views[0].session.has_ended
        await deck.press("f12", "vertical_line")
        await until(lambda: len(host.wishes) == 2, what="another beside it")
        await deck.press("f12", "1", "end", "O", "enter")
        await until(lambda: len(host.wishes) == 3, what="a shell of its own")


async def test_a_machine_that_ends_while_its_shell_is_asked_for(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        deck.table("machines").cursor = deck.names().index("db-1")
        await deck.press("O")
        host.vanish("db-1")
        await until(lambda: "db-1" not in deck.app.store.registered, what="it to end")
        await deck.press("enter")
        await told(deck, "db-1 is not running any more.")
        assert host.wishes == []


async def test_what_was_bound_elsewhere_can_be_typed(console: Open, host: FakeHost, tmp_path: Path) -> None:
    host.roots = {"db-1": tmp_path}
    async with console() as deck:
        deck.table("machines").cursor = deck.names().index("db-1")
        await deck.press("M")
        await write(deck, "/srv")
        await deck.until_shown("/srv")
        await deck.press("escape")
        assert deck.app.screen is deck.app.console_screen


async def test_a_dialog_closes_once_and_nothing_else(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        deck.table("machines").cursor = deck.names().index("db-1")
        await deck.press("t")
        dialog = deck.app.screen
        assert isinstance(dialog, Confirm)
        deck.app.push_screen(Confirm("Another?", yes="yes", no="no"))
        await deck.settle()
        dialog.dismiss(True)
        await deck.settle()
        assert deck.shows("Another?"), "only what is on top closes"
        await deck.press("n")
        assert deck.app.screen is dialog
        dialog.dismiss(False)
        dialog.dismiss(True)
        await deck.settle()
        assert deck.app.screen is deck.app.console_screen
        assert ("terminate", "db-1") not in host.calls


async def test_a_mistake_in_a_name_stays_told(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("2", "home", "delete")
        await write(deck, "build")
        await deck.press("enter")
        await deck.until_shown("That is not build-9. Nothing was done.")
        host.appear(machine("mail"))
        await until(lambda: "mail" in deck.app.store.registered)
        await deck.settle()
        assert deck.shows("That is not build-9. Nothing was done.")
        del host.stored["build-9"]
        images_are_others(host)
        await deck.until_shown("The image build-9 is gone. That is not build-9.")


@pytest.mark.parametrize("pane", ["1", "2", "3"])
async def test_notices_make_way(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, pane: str
) -> None:
    monkeypatch.setattr(notices, "NEW_SECONDS", 0.0)
    async with console(size=(80, 24)) as deck:
        await deck.press(pane, "home", "space")
        deck.app.notify("It went wrong.", severity="error", markup=False, timeout=600)
        await deck.until_shown("It went wrong.")
        await deck.press("escape")
        await deck.until_gone("It went wrong.")
        assert pane == "3" or deck.shows("1 marked"), "what it covered is left as it was"
        await deck.press("escape")
        assert not deck.shows("1 marked")
        deck.app.notify("It went wrong.", severity="error", markup=False, timeout=600)
        await deck.until_shown("It went wrong.")
        await deck.press("a")
        await deck.until_gone("It went wrong.")


async def test_what_is_said_with_a_dialog_stays(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("1", "asterisk", "t")
        await deck.until_shown("Terminate db-1, web-1?")
        assert deck.shows("build-9 is not running.")


async def test_whoever_quits_while_something_goes_on_is_asked(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = asyncio.Event()

    async def terminate(_identity: Identity) -> None:
        await ends.wait()

    monkeypatch.setattr(host, "terminate", terminate)
    async with console() as deck:
        await deck.press("1", "end", "t", "y")
        await until(lambda: deck.app.acting.going_on, what="the action to begin")
        await deck.press("q")
        await deck.until_shown("Quit, and not learn how what goes on ends?")
        await deck.press("n")
        ends.set()
        await told(deck, "web-1 is told to end.")
        await until(lambda: not deck.app.acting.going_on)
        await deck.press("q")
        await until(lambda: not deck.app.is_running, what="the end")
