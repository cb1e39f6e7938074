"""Keys that arrive together, as a slow line delivers them, arrive where and as they were meant."""

from __future__ import annotations

import asyncio

import pytest
from textual import events

from machinedeck.ui import order
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.palette import Help
from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter, typed
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

PATIENCE = order.PATIENCE_SECONDS
"""How long it is outside of these tests."""


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


def type_at_once(deck: Deck, *keys: str) -> None:
    """Have keys arrive together."""
    for key in keys:
        deck.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.promise(
    "Keys that arrive together are taken in the order they were typed, in and out of terminals"
)
@pytest.mark.parametrize("times", [1, 5])
async def test_out_to_the_panes_and_back(console: Open, host: FakeHost, times: int) -> None:
    async with console() as deck:
        await enter(deck)
        text = [*"abc", "f12", "2", "1", "f12", *"def", "f12", "2", "3", "f12", *"ghi"] * times
        type_at_once(deck, *text)
        await arrived(host, b"abcdefghi" * times)
        await deck.settle()
        view = deck.app.console_screen.shells.current
        assert view is not None
        assert view.is_captive


async def test_the_last_pane_that_was_meant_has_the_keys(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        type_at_once(deck, "a", "f12", "1", "f12", "b", "f12", "3", "1", "2")
        await arrived(host, b"ab")
        await until(lambda: deck.app.focused is deck.table("images"))


async def test_a_key_by_itself_in_between(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        type_at_once(deck, "a", "f12", "ctrl+v", "f12", "b", "f12", "1", "f12", "c")
        await arrived(host, b"a\x1b[24~bc")


async def test_between_the_halves_of_a_split(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "vertical_line")
        await until(lambda: len(host.masters) == 2)
        await deck.settle()
        type_at_once(deck, "r", *"1", "f12", "o", "l", "f12", "o", "r", "f12", "o", "l")
        got = {0: bytearray(), 1: bytearray()}

        def are_there() -> bool:
            for at, text in got.items():
                text.extend(typed(host, at))
            return len(got[0]) + len(got[1]) >= 5

        await until(are_there)
        assert (bytes(got[0]), bytes(got[1])) == (b"ll", b"r1r")


async def test_a_paste_between_keys(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        type_at_once(deck, "f12", "2", "f12")
        deck.app.post_message(events.Paste("pasted"))
        type_at_once(deck, "x")
        await arrived(host, b"pastedx")


async def test_a_command_looked_for_at_once(console: Open) -> None:
    async with console() as deck:
        await enter(deck)
        type_at_once(deck, "f12", "colon", *"help", "enter")
        await until(lambda: isinstance(deck.app.screen, Help))


async def test_a_key_that_takes_its_time_holds_nobody_up_for_long(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "PATIENCE_SECONDS", PATIENCE)
    async with console() as deck:
        await enter(deck)
        await deck.press("f12")
        goes_on = asyncio.Event()
        deck.app.console_screen.call_later(goes_on.wait)
        type_at_once(deck, "2", "3")
        await until(lambda: deck.app.is_typing)
        await until(lambda: not deck.app.is_typing, what="the next key to be handed on")
        goes_on.set()
        await until(lambda: deck.app.focused is deck.table("pool"))


async def test_an_error_of_the_program_between_two_keys_is_not_silent(
    console: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: MachinedeckApp) -> None:
        raise LookupError("a mistake")

    async def play() -> None:
        async with console() as deck:
            monkeypatch.setattr(MachinedeckApp, "_arrive", fail)
            type_at_once(deck, "2")
            await until(lambda: deck.app.return_code)

    with pytest.raises(LookupError, match="a mistake"):
        await play()
