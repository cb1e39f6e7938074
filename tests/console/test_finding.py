"""Finding things: the palette has every action and every object, and says why something cannot be done."""

from __future__ import annotations

from tests.console.conftest import Open
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def test_the_palette_has_the_actions_of_all_panes(console: Open, host: FakeHost) -> None:
    """Whichever pane has the keys: what is looked for may be done to what is chosen in another."""
    async with console() as deck:
        await deck.press("2", "home", "1", "home", "colon", *"remove")
        assert deck.shows("Remove: build-9. Delete it")
        await deck.press("enter")
        await deck.until_shown("Remove build-9?")
        await deck.press("escape", "3", "colon", *"restart")
        assert deck.shows("Restart: build-9. build-9 is not running.")


async def test_the_palette_says_why_something_cannot_be_done(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("1", "home", "colon", *"terminate")
        assert deck.shows("Terminate: build-9. build-9 is not running.")
        await deck.press("enter")
        await until(lambda: deck.app._notifications, what="the reason")
        assert [one.message for one in deck.app._notifications] == ["build-9 is not running."]


async def test_the_palette_leads_to_every_object(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("1", "home", "colon", *"image", "space", *"web", "enter")
        await until(lambda: deck.table("images").current == "web-1")
        assert deck.app.focused is deck.table("images")


async def test_after_a_filter_that_nothing_fits_the_cursor_is_where_it_was(
    console: Open, host: FakeHost
) -> None:
    async with console() as deck:
        await deck.press("end")
        assert deck.table("machines").current == "web-1"
        await deck.press("slash", *"zzz")
        assert deck.names() == []
        await deck.press("escape")
        assert deck.table("machines").current == "web-1"
        await deck.press("home", "slash", *"web", "escape")
        assert deck.table("machines").current == "web-1", "what was found stays under the cursor"
