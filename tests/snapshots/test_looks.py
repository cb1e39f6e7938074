"""Pictures of the six main screens on a light terminal, and without colours (https://no-color.org)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from machinedeck.ui.dialogs.menu import ActionMenu
from machinedeck.ui.dialogs.palette import Help
from machinedeck.ui.options import Options
from machinedeck.ui.screens.journal import JournalScreen
from tests.snapshots.conftest import Picture, Steps, still_journal
from tests.snapshots.test_pictures import SMALL
from tests.support.demo_deck import DemoDeck

Take = Callable[[Steps], None]


@pytest.fixture(params=["light", "no-colour"])
def take(picture: Picture, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Take:
    """Takes a picture in one of these looks."""
    if request.param == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    options = Options(is_light=request.param == "light", is_calm=True)
    return lambda steps: picture(SMALL, steps, options=options)


def test_lists(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("down", "space")
        assert deck.shows("1 marked")

    take(steps)


def test_details(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("db-primary")
        await deck.press("i")
        await deck.until_shown("processes ·")

    take(steps)


def test_menu(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("qemu-5-gateway")
        await deck.press("a")
        assert isinstance(deck.app.screen, ActionMenu)

    take(steps)


def test_shell(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls --color /")
        await deck.run("colors")

    take(steps)


def test_journal(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("e")
        await deck.until_told("web-2 is started at boot.")
        await deck.press("J")
        assert isinstance(deck.app.screen, JournalScreen)
        still_journal(deck)

    take(steps)


def test_help(take: Take) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("question_mark")
        assert isinstance(deck.app.screen, Help)

    take(steps)
