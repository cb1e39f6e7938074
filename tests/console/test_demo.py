"""Where the host is made up, whatever is on the screen says so; and nobody gets there unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from textual.color import Color
from textual.screen import Screen

import machinedeck.ui
from machinedeck.model.failure import Failure, Kind
from machinedeck.ui import start
from machinedeck.ui.app import DEMO_COLOUR
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.dialogs.list_dialog import ListDialog
from machinedeck.ui.screens.console import Console
from machinedeck.ui.widgets.frame import Frame
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

PROMISE = pytest.mark.promise("In a demo every screen has the word DEMO and a frame of its colour")
SIZES = [(60, 15), (80, 24), (120, 40)]
NOBODY = Failure(Kind.NO_SERVICE, "Nobody on this bus serves org.freedesktop.machine1.")


@pytest.fixture
def demo(host: FakeHost) -> FakeHost:
    """The same host, made up."""
    host.is_demo = True
    host.name, host.mode = "made-up estate", "seed 1"
    return host


def has_framed(deck: Deck) -> bool:
    """Whether the screen's outermost columns or a dialog have a border in the demo's colour."""
    borders = [
        colour
        for widget in deck.app.screen.walk_children()
        if widget.is_attached and widget.display and widget.region
        for kind, colour in (widget.styles.border_left, widget.styles.border_right)
        if kind
    ]
    wanted = Color.parse(DEMO_COLOUR)
    return any(colour.rgb == wanted.rgb for colour in borders)


async def panes(deck: Deck) -> None:
    await deck.press("2")


async def question(deck: Deck) -> None:
    await deck.press("end", "t")
    assert deck.shows("Terminate web-1?")


async def captive_terminal(deck: Deck) -> None:
    await deck.press("end", "enter")
    await deck.until_shown("all other keys go to web-1")


async def question_of_leaving(deck: Deck) -> None:
    await captive_terminal(deck)
    await deck.press("f12", "q")
    await deck.until_shown("end the open shell?")


async def lost(deck: Deck) -> None:
    deck.host.refusals["open"] = Failure(Kind.OWN_SERVICE, "The service ended.")
    deck.host.lose()
    await deck.until_shown("Connection lost")


@PROMISE
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize("steps", [panes, question, captive_terminal, question_of_leaving, lost])
async def test_every_screen_says_so(
    console: Open, demo: FakeHost, size: tuple[int, int], is_ascii: bool, steps: Callable
) -> None:
    async with console(size=size, is_ascii=is_ascii) as deck:
        await steps(deck)
        assert deck.shows("DEMO")
        assert has_framed(deck)
        top = deck.app.console_screen.query_one("#header").render_line(0)
        assert top.text.startswith(" DEMO ")


@PROMISE
@pytest.mark.parametrize("size", SIZES)
async def test_so_does_the_first_run(console: Open, demo: FakeHost, size: tuple[int, int]) -> None:
    demo.refusals["open"] = Failure(Kind.OWN_SERVICE, "The service ended at once, with exit code 1.")
    async with console(size=size) as deck:
        await deck.until_shown("with exit code 1")
        assert deck.shows("DEMO")
        assert has_framed(deck)
        assert not deck.shows("d look around")
        await deck.press("d")
        assert deck.app.is_running
        assert not deck.app.wants_demo


@PROMISE
async def test_so_does_the_sentence_where_there_is_no_room(console: Open, demo: FakeHost) -> None:
    async with console(size=(30, 5)) as deck:
        assert deck.shows("DEMO. Too small")


@PROMISE
async def test_every_screen_there_is_has_a_frame() -> None:
    folder = Path(machinedeck.ui.__file__).parent
    for path in (*folder.glob("screens/*.py"), *folder.glob("dialogs/*.py")):
        module = import_module(f"machinedeck.ui.{path.parent.name}.{path.stem}")
        screens = [
            one
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Screen) and one.__module__ == module.__name__
        ]
        for screen in screens:
            has_no_text = screen in {Dialog, ListDialog} or issubclass(Console, screen)
            assert has_no_text or module.Frame is Frame, f"{screen} has texts in no Frame"


async def test_a_real_host_is_called_no_demo(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "t")
        assert not deck.shows("DEMO")
        assert not has_framed(deck)


async def test_the_frame_takes_no_row(console: Open, host: FakeHost, demo: FakeHost) -> None:
    async with console(size=(80, 24)) as deck:
        made_up = {pane: deck.table(pane).size for pane in ("machines", "images", "pool")}
    host.is_demo = False
    async with console(size=(80, 24)) as deck:
        assert {pane: deck.table(pane).size for pane in made_up} == made_up


@pytest.mark.promise("Nobody gets into a demo silently: the first-run screen offers it on a key")
@pytest.mark.parametrize("size", SIZES)
async def test_the_first_run_offers_it(console: Open, host: FakeHost, size: tuple[int, int]) -> None:
    host.refusals["open"] = NOBODY
    async with console(size=size) as deck:
        await deck.until_shown("d look around in a made-up estate (demo: nothing in it")
        assert not deck.app.wants_demo
        await deck.press("d")
        await until(lambda: not deck.app.is_running)
        assert deck.app.wants_demo


async def test_elsewhere_the_key_does_nothing(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("d")
        assert deck.app.is_running
        assert not deck.app.wants_demo


async def test_images_of_a_made_up_host_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "DEMO_IMAGES_SECONDS", 0.01)
    asked: list[None] = []
    polling = asyncio.create_task(start._poll_images(lambda: asked.append(None)))
    await until(lambda: len(asked) > 2)
    polling.cancel()
    await asyncio.wait([polling])
