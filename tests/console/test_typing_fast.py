"""Keys that arrive together, as a slow line delivers them, arrive where and as they were meant."""

from __future__ import annotations

from textual import events

from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def test_leaving_and_coming_back_at_once(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        for key, character in (("f12", None), ("f12", None), ("x", "x"), ("y", "y")):
            deck.app.post_message(events.Key(key, character))
        await arrived(host, b"xy")
        assert deck.app.console_screen.shells.current is not None


async def test_keys_after_leaving_are_the_consoles(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        for key, character in (("f12", None), ("2", "2")):
            deck.app.post_message(events.Key(key, character))
        await until(lambda: deck.app.focused is deck.table("images"))
