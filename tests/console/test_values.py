"""Any value that is known goes to the operator's clipboard, whole, on a key."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from machinedeck.core.copied_values import values_of
from machinedeck.core.store import Store
from machinedeck.model.image import Pool
from machinedeck.ui.dialogs.values import ValuesDialog
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, row
from tests.console.test_details import open_details
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, image, machine


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def catch(deck: Deck) -> list[str]:
    """What is put into the clipboard from now on."""
    caught: list[str] = []

    def write(sequence: str) -> None:
        match = re.fullmatch(r"\x1b\]52;c;(.*)\x07", sequence)
        assert match is not None
        caught.append(base64.b64decode(match[1]).decode())

    deck.app.write_to_terminal = write  # type: ignore[method-assign]
    return caught


@pytest.mark.promise("Any value of a machine, an image or the pool is copied to the clipboard on a key")
async def test_a_value_of_a_machine() -> None:
    async with deck_on_demo() as deck:
        caught = catch(deck)
        await row(deck, "machines", "web-2")
        await deck.press("Y")
        assert isinstance(deck.app.screen, ValuesDialog)
        for text in ("10.43.0.12", "systemd-nspawn@web-2.service", "machinectl shell web-2"):
            assert deck.shows(text)
        await deck.press("enter")
        await deck.until_told("name: Copied 5 bytes.")
        await deck.press("Y", "down", "enter")
        await deck.press("Y", "escape")
        assert caught == ["web-2", "10.43.0.12"]
        assert list(deck.app.doing.journal) == []


@pytest.mark.parametrize(
    ("pane", "name", "first"), [("images", "scratch", "scratch"), ("pool", "", "/var/lib/machines")]
)
async def test_a_value_of_an_image_and_of_the_pool(pane: str, name: str, first: str) -> None:
    async with deck_on_demo() as deck:
        caught = catch(deck)
        await row(deck, pane, name)
        await deck.press("Y", "enter")
        assert caught == [first]


async def test_the_names_of_all_that_are_marked() -> None:
    async with deck_on_demo() as deck:
        caught = catch(deck)
        for name in ("web-1", "web-2"):
            await row(deck, "machines", name)
            await deck.press("space")
        await deck.press("Y", "enter")
        await deck.press("Y", "down", "enter")
        assert caught == ["web-1\nweb-2", "10.43.0.11\n10.43.0.12"]


async def test_a_property_in_the_details_is_copied_whole(console: Open, host: FakeHost) -> None:
    host.properties_told = {"RootDirectory": "/" + "x" * 900, "Unit": "a\x1b[2J"}
    async with console() as deck:
        caught = catch(deck)
        await deck.press("end")
        await open_details(deck, "web-1")
        table = deck.table("details")
        for name in ("RootDirectory", "Unit"):
            table.cursor = list(table.rows.keys).index(f"property {name}")
            await deck.press("Y")
        assert caught == ["/" + "x" * 900, "a\N{REPLACEMENT CHARACTER}[2J"]
        assert deck.shows("Y copy")


async def test_in_a_terminal_the_key_is_no_tool() -> None:
    async with deck_on_demo() as deck:
        await deck.open_shell("web-2")
        await deck.press("Y")
        assert deck.app.screen is deck.app.console_screen


async def test_what_is_not_known_is_left_out() -> None:
    store = Store()
    store.set_machines([machine("web-1", os=None, addresses=None, leader=0)])
    values = dict(values_of([store.registered["web-1"]], store))
    assert not {"OS", "address", "leader", "memory"} & values.keys()
    assert values["id"] == "00112233445566778899aabbccddeeff"
    assert dict(values_of([image("old\x1b")], store))["name"] == "old\N{REPLACEMENT CHARACTER}"
    assert values_of([Pool("/pool", None, None)], store) == [("path", "/pool")]
    assert values_of([], store) == []
    assert Path(dict(values_of([image("old")], store))["object"]).name == "old"
