"""A letter or two upon each row that is seen leads there."""

from __future__ import annotations

import pytest
from textual import events

from machinedeck.ui.dialogs.jump import JumpScreen, labels
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, row
from tests.console.test_details import open_details
from tests.support.demo_deck import DemoDeck
from tests.support.fake_host import FakeHost, image


def label_of(deck: DemoDeck, pane: str, key: str) -> str:
    """The letters upon a row."""
    return deck.table(pane).labels[key]


@pytest.mark.promise("A letter or two upon each row that is seen leads there from anywhere")
@pytest.mark.parametrize("size", [(80, 24), (60, 15), (120, 40)])
async def test_to_any_row_that_is_seen(size: tuple[int, int]) -> None:
    async with deck_on_demo(size) as deck:
        await row(deck, "machines", "web-2")
        await deck.press("apostrophe")
        assert isinstance(deck.app.screen, JumpScreen)
        for pane in ("machines", "images", "pool"):
            table = deck.table(pane)
            assert (table.labels.keys() == set(table.seen_keys)) or not table.region
        label = label_of(deck, "machines", "web-1")
        assert deck.shows(f"{label} web-1")
        await deck.press(*label)
        assert deck.app.screen is deck.app.console_screen
        assert deck.table("machines").current == "web-1"
        assert not deck.table("machines").labels


async def test_to_another_pane() -> None:
    async with deck_on_demo((120, 40)) as deck:
        await row(deck, "machines", "web-2")
        await deck.press("apostrophe")
        await deck.press(*label_of(deck, "images", "db-primary"))
        assert deck.app.focused is deck.table("images")
        assert deck.table("images").current == "db-primary"


async def test_into_the_details(console: Open, host: FakeHost) -> None:
    host.properties_told = {"Name": "web-1", "Unit": "x.service"}
    async with console(size=(170, 40)) as deck:
        await deck.press("end")
        await open_details(deck, "web-1")
        await deck.press("1", "apostrophe")
        await deck.press(*label_of(deck, "details", "property Unit"))  # type: ignore[arg-type]
        assert deck.app.focused is deck.table("details")
        assert deck.table("details").current == "property Unit"


@pytest.mark.parametrize("key", ["escape", "1", "up", "enter", "f5", "exclamation_mark"])
async def test_any_other_key_stays(key: str) -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("apostrophe", key)
        assert deck.app.screen is deck.app.console_screen
        assert deck.table("machines").current == "web-2"
        assert not any(deck.table(pane).labels for pane in ("machines", "images", "pool"))
        assert list(deck.app.doing.journal) == []


async def test_the_second_letter_of_two_is_waited_for(console: Open, host: FakeHost) -> None:
    host.stored = {f"image-{number:02}": image(f"image-{number:02}") for number in range(40)}
    async with console() as deck:
        await deck.press("end", "apostrophe")
        label = deck.table("machines").labels["web-1"]
        assert len(label) == 2
        await deck.press(label[0])
        assert isinstance(deck.app.screen, JumpScreen)
        assert {one[0] for one in deck.table("machines").labels.values()} == {label[0]}
        await deck.press(label[1])
        assert deck.table("machines").current == "web-1"


async def test_typed_at_once_as_over_a_slow_line() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("apostrophe")
        label = label_of(deck, "machines", "web-1")
        await deck.press("escape")
        deck.strike("apostrophe", *label)
        await deck.settle()
        assert deck.table("machines").current == "web-1"


@pytest.mark.parametrize("count", [1, 26, 27, 100, 676])
def test_no_label_begins_another(count: int) -> None:
    made = labels(count)
    assert len(set(made)) == count
    assert not any(one != other and other.startswith(one) for one in made for other in made)


async def test_two_keys_at_once_close_it_once() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("apostrophe")
        dialog = deck.app.screen
        for _ in range(3):
            dialog.post_message(events.Key("f5", None))
        dialog.post_message(events.Key("f6", None))
        await deck.settle()
        assert deck.app.screen is deck.app.console_screen
        assert deck.app.is_running
