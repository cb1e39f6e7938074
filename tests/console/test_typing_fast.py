"""Keys that arrive together, as a slow line delivers them, arrive where and as they were meant."""

from __future__ import annotations

import time

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from machinedeck.term import Terminal, encode_key
from machinedeck.ui.keyboard import KeyParser
from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


def sent(parser: XTermParser, data: str) -> bytes:
    """What a machine gets of keys that arrive at once, and nothing after them for a while."""
    modes = Terminal(80, 24).modes
    messages = [*parser.feed(data)]
    for _ in range(30):
        messages += parser.tick()
        time.sleep(0.01)
    keys = [message for message in messages if isinstance(message, events.Key)]
    return b"".join(encode_key(key.key, key.character, modes) for key in keys)


@pytest.mark.parametrize("data", ["\x1b:wq\r", "\x1b.", "\x1bf", "\x1b/x\r", "a\x1b:1\r", "\x1b"])
def test_an_escape_before_anything_is_kept(data: str) -> None:
    assert sent(KeyParser(), data) == data.encode()


def test_the_framework_alone_loses_it() -> None:
    assert sent(XTermParser(), "\x1b:wq\r") == b":wq\r"


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
