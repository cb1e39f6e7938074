"""Pictures of what an operator does to the lists, and of details."""

from __future__ import annotations

from machinedeck.ui.screens.console import LEAST_FOR_DETAILS
from tests.snapshots.conftest import Picture
from tests.snapshots.test_pictures import ALL, SMALL, USUAL, sizes
from tests.support.demo_deck import DemoDeck


@sizes(SMALL, USUAL)
def test_filter_being_typed(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("slash", *"os:debian !db")
        assert deck.shows("/os:debian !db▏")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_filter_that_fits_nothing(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("slash", *"[red]", "enter")
        assert deck.shows("Nothing fits /[red]")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_sorted_grouped_and_marked(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press(*["greater_than_sign"] * 3, "f", "f", "home", "space", "space")
        assert deck.shows("MEMORY▼")
        assert deck.shows("by state")
        assert deck.shows("2 marked")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_hidden_images(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("2", "full_stop")
        assert deck.shows("hidden")

    picture(size, steps)


@sizes(*ALL)
def test_details_of_a_machine(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("db-primary")
        await deck.press("i")
        await deck.until_shown("processes ·")
        assert deck.shows("Details db-primary")
        assert deck.table("machines").display == (size[0] >= LEAST_FOR_DETAILS)

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_details_of_an_image(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("2", "down", "i")
        await deck.until_shown("CreationTimestamp")

    picture(size, steps)
