"""Pictures of what leads to actions and tells of them: menu, forms, questions, journal, a light terminal."""

from __future__ import annotations

import pytest

from machinedeck.core.config import Config
from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.form import Form
from machinedeck.ui.dialogs.menu import ActionMenu
from machinedeck.ui.dialogs.typed_name import TypedName
from machinedeck.ui.options import Options
from machinedeck.ui.screens.journal import JournalScreen
from tests.snapshots.conftest import Picture, still_journal
from tests.support.console import Deck
from tests.support.demo_deck import DemoDeck
from tests.support.fake_host import NOW, FakeHost, image, machine

TINY, SMALL, USUAL, LARGE = (60, 15), (80, 24), (120, 40), (200, 50)
ALL = (TINY, SMALL, USUAL, LARGE)


def sizes(*wanted: tuple[int, int]) -> pytest.MarkDecorator:
    """Takes a picture at each of these sizes."""
    return pytest.mark.parametrize("size", wanted, ids=lambda size: f"{size[0]}x{size[1]}")


@sizes(*ALL)
def test_menu(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("a")
        assert isinstance(deck.app.screen, ActionMenu)
        assert deck.shows("or its key")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_menu_of_a_virtual_machine(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("qemu-5-gateway")
        await deck.press("a")
        assert deck.shows("qemu-5-gateway is a virtual machine")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
@pytest.mark.parametrize("key", ["c", "l", "K"])
def test_form(picture: Picture, size: tuple[int, int], key: str) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press(key)
        assert isinstance(deck.app.screen, Form)
        await deck.press("x")
        assert deck.shows("Esc leave it alone")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_typed_name(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("3", "c", "enter")
        assert isinstance(deck.app.screen, TypedName)
        await deck.press("x", "enter")
        assert deck.shows("That is not clean.")

    picture(size, steps)


@sizes(*ALL)
def test_journal(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("e")
        await deck.until_told("web-2 is started at boot.")
        await deck.press("J")
        assert isinstance(deck.app.screen, JournalScreen)
        still_journal(deck)

    picture(size, steps)


@sizes(SMALL, USUAL)
@pytest.mark.parametrize("theme", ["light", "read-only", "no-colour"])
def test_other_looks(
    plain_picture: Picture, size: tuple[int, int], theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if theme == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    host = FakeHost(
        running={name: machine(name) for name in ("db-1", "web-1")},
        stored={name: image(name) for name in ("db-1", "web-1", "build-9")},
        is_read_only=theme == "read-only",
    )
    options = Options(is_light=theme == "light", is_calm=True)
    app = MachinedeckApp(Follower(host, Store()), options, clock=lambda: NOW, config=Config())

    async def steps(deck: Deck) -> None:
        await deck.until_shown("running")
        await deck.press("end", "a")
        assert deck.shows("web-1")

    plain_picture(size, steps, app)
