"""What goes wrong with actions, and names that mean harm: told, survived, shown harmlessly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from machinedeck.core.actions import find
from machinedeck.core.follower import Follower
from machinedeck.core.journal import FILE_NAME, Journal
from machinedeck.core.store import Store
from machinedeck.model.event import OperationMoved
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.operation import Operation
from machinedeck.model.text import clean
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, ended, row
from tests.support.console import Deck
from tests.support.fake_host import NOW, FakeHost, ServiceMoved, image, machine
from tests.support.waiting import until

TROUBLES = [
    Failure(Kind.REFUSED, "Cannot terminate web-1: Device or resource busy.", "Look what uses it."),
    Failure(Kind.TIMED_OUT, "Cannot terminate web-1: no answer in time.", "Look again in a while."),
    Failure(Kind.NO_SERVICE, "Cannot terminate web-1: nobody serves machines.", "See: systemctl status"),
    Failure(Kind.NO_BUS, "Cannot terminate web-1: the connection ended."),
    Failure(Kind.NOT_THERE, "web-1 is not the machine it was.", "Nothing was done."),
]

HOSTILE = {
    "markup": "[bold red]x[/bold red]",
    "open markup": "[/]",
    "link": "[@click=app.exit]x[/]",
    "ansi": "x\x1b[2J\x1b]0;title\x07",
    "lines": "a\nb\r\nc",
    "bidi": "x\u202eevil\u2066",
    "zero width": "x\u200b\u200d\ufe0fy",
    "long": "x" * 10_000,
    "wide": "漢字" * 40,
    "quote": "a'; reboot #",
}


@pytest.mark.promise("An action that fails says what happened and what to do next; the journal keeps it")
@pytest.mark.parametrize("failure", TROUBLES, ids=lambda failure: failure.kind)
async def test_what_fails_is_told_with_what_to_do_next(
    console: Open, host: FakeHost, failure: Failure
) -> None:
    host.refusals["terminate"] = failure
    async with console() as deck:
        await deck.press("end", "t", "y")
        told = [one for one in deck.app._notifications if one.severity == "error"]
        assert [one.message for one in told] == [str(failure)]
        assert told[0].timeout >= 30
        assert [deed.result for deed in deck.app.doing.journal] == [str(failure)]
        await deck.press("J")
        assert deck.shows(str(failure)[:40])


async def test_a_service_that_restarts_meanwhile_loses_no_dialog(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "t")
        host.tell(ServiceMoved(is_there=False))
        await deck.settle()
        assert deck.shows("Terminate web-1?")
        host.tell(ServiceMoved(is_there=True))
        await deck.settle()
        await deck.press("y")
        assert ("terminate", "web-1") in host.calls


async def test_one_that_comes_back_under_the_same_name_is_told_of(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "t")
        host.vanish("web-1")
        host.appear(machine("web-1", timestamp_monotonic=2000))
        await deck.until_shown("web-1 was started anew.")
        host.vanish("web-1")
        await deck.until_shown("web-1 has ended.")


@pytest.mark.promise("A journal that cannot be written is told of; what is done goes on")
async def test_a_journal_that_cannot_be_written(host: FakeHost, tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file in its place")
    journal = Journal(tmp_path / "folder")
    app = MachinedeckApp(Follower(host, Store()), Options(), clock=lambda: NOW, journal=journal)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, pilot, host)
        await deck.settle()
        await deck.press("end", "t", "y")
        assert ("terminate", "web-1") in host.calls
        assert any("The journal cannot be written" in one.message for one in app._notifications)
        await deck.press("J")
        title = next(at for at, line in enumerate(deck.screen()) if "What was done from here" in line)
        # Said by the journal's screen itself, not by the notice, which still stands below
        assert any("The journal cannot be written" in line for line in deck.screen()[:title])
        await deck.press("escape")
        deck.app.clear_notifications()
        await deck.press("home", "down", "t", "y")
        assert ("terminate", "db-1") in host.calls
        await until(lambda: not deck.app.acting.going_on)
        assert not any("journal" in one.message for one in deck.app._notifications), "it is told once"


async def test_a_journal_that_fails_again_is_told_of_again(host: FakeHost, tmp_path: Path) -> None:
    host.running = {name: machine(name) for name in ("m-1", "m-2", "m-3", "m-4")}
    folder = tmp_path / "folder"
    app = MachinedeckApp(Follower(host, Store()), Options(), clock=lambda: NOW, journal=Journal(folder))
    told = []
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, pilot, host)
        await deck.settle()
        for name, subject in dict(deck.app.store.registered).items():
            match name:
                case "m-1":
                    folder.write_text("a file in its place")
                case "m-2":
                    folder.unlink()
                case "m-3":
                    shutil.rmtree(folder)
                    folder.write_text("a file in its place")
            deck.app.clear_notifications()
            await deck.app.acting._do(find("terminate"), [subject], {})
            await deck.settle()
            told.append(any("journal" in one.message for one in app._notifications))
    assert told == [True, False, True, False]


async def test_the_file_has_a_line_for_the_beginning_and_one_for_the_end(
    host: FakeHost, tmp_path: Path
) -> None:
    journal = Journal(tmp_path)
    app = MachinedeckApp(
        Follower(host, Store()), Options(), clock=lambda: NOW, journal=journal, operator="anna as root"
    )
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, pilot, host)
        await deck.settle()
        await deck.press("end", "t", "y")
        file = tmp_path / FILE_NAME
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert [line["result"] for line in lines] == ["", "done"]
        assert {line["operator"] for line in lines} == {"anna as root"}
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("Names that mean harm are shown harmlessly in every dialog")
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_names_in_dialogs(console: Open, host: FakeHost, name: str) -> None:
    # The other texts are cleaned where they come in, see `model.machine`
    host.running = {name: machine(name, service=clean(name), unit=clean(name))}
    host.stored = {name: image(name, type=clean(name))}
    async with console(size=(80, 24)) as deck:
        await deck.settle()
        host.tell(OperationMoved(Operation(9, "copy-to", name, 1, 4)))
        deck.app.store.set_doing(name, "restarting")
        deck.app.doing.binds.note(find("bind"), host.running[name], {"from": "/srv", "to": f"/{name}"})
        deeds = (["a"], ["t"], ["K"], ["c"], ["2", "a"], ["2", "delete"], ["2", "c"], ["colon"], ["J"])
        tools = (["W"], ["Y"], ["B"], ["apostrophe"], ["2", "Y"])
        for keys in (*deeds, *tools):
            await deck.press(*keys)
            screen = deck.screen()
            assert len(screen) == 24
            text = "\n".join(screen)
            assert not {"\x1b", "\r", "\u202e", "\u2066", "\x07"} & set(text)
            assert deck.app.is_running
            await deck.press("escape", "1")
        await deck.press("t", "y")
        await until(lambda: bool(list(deck.app.doing.journal)), what="the deed")
        await deck.press("J")
        assert "\x1b" not in "\n".join(deck.screen())


async def test_a_name_that_cannot_be_typed_has_a_word_in_its_place(console: Open, host: FakeHost) -> None:
    host.stored = {"x\u202ey": image("x\u202ey")}
    async with console() as deck:
        await until(lambda: "x\u202ey" in deck.names("images"))
        await deck.press("2", "home", "delete")
        assert deck.shows("To do it, type remove")


async def test_where_no_systemd_runs_inside_the_way_in_is_told() -> None:
    async with deck_on_demo((120, 40)) as deck:
        await row(deck, "machines", "statsd-relay")
        await deck.press("enter")
        await ended(deck, "nsenter -a -t $(machinectl show -pLeader --value statsd-relay)")
