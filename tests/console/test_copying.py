"""Selecting and copying in a terminal."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events

from machinedeck.ui import copying
from machinedeck.ui.widgets.terminal import TerminalView
from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter, typed
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

TEXT = b"alpha beta gamma\r\npath /usr/bin/env here\r\nlast error: none\r\nprompt# "


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


class Written:
    """What was written to the operator's terminal of our own accord."""

    def __init__(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sequences: list[str] = []
        monkeypatch.setattr(deck.app, "write_to_terminal", self.sequences.append)

    @property
    def copied(self) -> list[str]:
        """The texts that were put into the clipboard."""
        found = [re.fullmatch("\x1b]52;c;(.*)\x07", one) for one in self.sequences]
        return [base64.b64decode(match[1]).decode() for match in found if match]


@asynccontextmanager
async def shell(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, text: bytes = TEXT
) -> AsyncIterator[tuple[Deck, TerminalView, Written]]:
    """A console in a shell in which a text stands."""
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], text)
        view = deck.app.console_screen.shells.current
        assert view is not None
        await until(
            lambda: text.rpartition(b"\n")[2].decode().strip() in "".join(view.session.terminal.display)
        )
        await deck.settle()
        yield deck, view, Written(deck, monkeypatch)


@pytest.mark.promise("Text is selected and copied by keys and by mouse: by words, lines and blocks")
@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        (("g", "v", "w", "w", "h", "h", "y"), "alpha beta"),
        (("g", "v", "dollar_sign", "y"), "alpha beta gamma"),
        (("k", "V", "y"), "last error: none\n"),
        (
            ("g", "l", "l", "ctrl+v", "down", "down", "right", "right", "y"),
            "pha\nth\nst",
        ),
        (("k", "k", "0", "w", "space", "w", "h", "h", "enter"), "/usr/bin/env"),
        (("g", "v", "G", "o", "w", "y"), None),
        (("g", "v", "j", "escape", "v", "right", "y"), "pa"),
    ],
)
async def test_copying_by_keys(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], copied: str | None
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        await deck.press("f12", "v")
        assert deck.shows("y copy")
        await deck.press(*keys)
        assert len(written.copied) == 1
        if copied is not None:
            assert [line.rstrip() for line in written.copied[0].split("\n")] == copied.split("\n")
            assert deck.shows(f"Copied {len(written.copied[0])} bytes.")
        assert view.is_captive, "what is typed goes to the machine again"
        await deck.press("z")
        await arrived(host, b"z")


async def test_leaving_the_caret(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        await deck.press("f12", "v", "up", "x", "t", "1", "q")
        assert view.is_captive
        assert typed(host) == b"", "keys of the console are not typed, and do nothing to the shell"
        await deck.press("f12", "right_square_bracket", "v", "q")
        assert not view.is_captive, "who only looked goes on looking"
        assert written.sequences == []


async def drag(view: TerminalView, *spots: tuple[int, int], **held: bool) -> None:
    """Press at the first cell, move over the others, let go at the last."""
    held = {"shift": False, "meta": False, "ctrl": False} | held

    def event(kind: type[events.MouseEvent], x: int, y: int) -> events.MouseEvent:
        return kind(view, x, y, 0, 0, 1, held["shift"], held["meta"], held["ctrl"])

    view.post_message(event(events.MouseDown, *spots[0]))
    for spot in spots[1:]:
        view.post_message(event(events.MouseMove, *spot))
    view.post_message(event(events.MouseUp, *spots[-1]))


@pytest.mark.parametrize(
    ("spots", "held", "copied"),
    [
        (((6, 0), (9, 0)), {}, "beta"),
        (((9, 0), (6, 0)), {}, "beta"),
        (((11, 0), (3, 1)), {}, "gamma\npath"),
        (((0, 0), (3, 1)), {"meta": True}, "alph\npath"),
        (((0, 0), (3, 1)), {"ctrl": True}, "alph\npath"),
    ],
)
async def test_copying_by_mouse(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, spots, held, copied: str
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        await drag(view, *spots, **held)
        await until(lambda: written.copied)
        assert written.copied == [copied]
        assert view.marking.selection is not None
        await deck.press("z")
        assert view.marking.selection is None
        await arrived(host, b"z")


async def test_words_and_lines_by_clicks(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("machinedeck.ui.widgets.terminal_mouse.CLICK_SECONDS", 60)
    async with shell(console, host, monkeypatch) as (_deck, view, written):
        for _ in range(3):
            await drag(view, (8, 1))
        await until(lambda: len(written.copied) == 2)
        assert written.copied == ["/usr/bin/env", "path /usr/bin/env here\n"]


async def test_the_mouse_of_a_program(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shell(console, host, monkeypatch, b"\x1b[?1002;1006h" + TEXT) as (_deck, view, written):
        await drag(view, (1, 1), (4, 2))
        await arrived(host, b"\x1b[<0;2;2M\x1b[<32;5;3M\x1b[<0;5;3m")
        assert not written.copied
        await drag(view, (6, 0), (9, 0), shift=True)
        await until(lambda: written.copied)
        assert written.copied == ["beta"]
        assert typed(host) == b""


def test_a_copy_has_a_cap() -> None:
    content, copied = copying.cut("ä" * 60_000)
    assert len(content) == 74_994
    assert content.decode() == "ä" * 37_497
    assert str(copied) == "Copied 74994 of 120000 bytes; save it to a file instead."
    assert len(copying.sequence(content, "")) <= 100_000


async def test_a_tmux_that_ends_as_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended:
        """A program that ended while it was still waited for: there is nothing to kill any more."""

        async def communicate(self, content: bytes) -> None:
            raise TimeoutError

        def kill(self) -> None:
            raise ProcessLookupError

        async def wait(self) -> int:
            return 0

    async def start(*_: object, **__: object) -> Ended:
        return Ended()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    assert await copying.give_to_tmux(b"hello")


def test_a_copy_through_tmux_and_screen() -> None:
    plain = copying.sequence(b"hello", "")
    assert plain == "\x1b]52;c;aGVsbG8=\x07"
    assert copying.sequence(b"hello", "tmux") == "\x1bPtmux;\x1b\x1b]52;c;aGVsbG8=\x07\x1b\\"
    pieces = copying.sequence(b"x" * 1000, "screen").split("\x1b\\")[:-1]
    assert all(piece.startswith("\x1bP") and len(piece) <= 242 for piece in pieces)
    assert "".join(piece[2:] for piece in pieces) == copying.sequence(b"x" * 1000, "")


@pytest.mark.parametrize(
    ("environment", "through"),
    [
        ({"TERM": "xterm"}, ""),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "screen-256color"}, "tmux"),
        ({"STY": "1.pts"}, "screen"),
        ({"TERM": "screen.xterm"}, "screen"),
        ({"TMUX": ""}, ""),
    ],
)
def test_what_stands_between(environment: dict[str, str], through: str) -> None:
    assert copying.multiplexer(environment) == through


# Links
