"""Selecting, copying, searching and saving in a terminal, and machines that want the clipboard."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events

from machinedeck.model.machine import Identity
from machinedeck.ui import copying
from machinedeck.ui.consent import Answer, Consents
from machinedeck.ui.widgets.terminal import TerminalView
from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter, typed
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, machine
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


LINES = (
    b"".join(b"line %d %s\r\n" % (n, b"ERROR" if n % 50 == 7 else b"fine") for n in range(200)) + b"prompt# "
)


@pytest.mark.promise(
    "The scrollback is searched as one types, by text or expression, with the matches marked"
)
async def test_searching(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        await deck.press("f12", "right_square_bracket", "slash", *"err")
        assert deck.shows("Search text: err")
        assert deck.shows("1 of 4")
        assert deck.shows("line 157 ERROR")
        await deck.press("enter", "n")
        assert deck.shows("line 107 ERROR")
        assert deck.shows("2 of 4")
        top = view.top
        y = 107 - top
        spans = view.marking.spans(107)
        assert spans == [(9, 12, "current")]
        styles = {segment.text: segment.style for segment in view.render_line(y)}
        assert styles["ERR"] != styles["OR"]
        await deck.press("N")
        assert deck.shows("line 157 ERROR")
        await deck.press("slash", *"(7|8) f", "ctrl+r")
        await deck.until_shown("Search expression: (7|8) f")
        assert deck.shows("line 198 fine")
        await deck.press("backspace", "backspace", "backspace")
        await deck.until_shown("not a regular expression")
        await deck.press("escape", "enter", "z")
        await arrived(host, b"z")
        assert view.marking.spans(107) == []


async def test_nothing_found(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, _view, _written):
        await deck.press("f12", "right_square_bracket", "slash", *"xyz")
        assert deck.shows("not found")
        await deck.press("enter", "n")
        assert deck.app.is_running


async def test_matches_are_found_in_what_comes(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        await deck.press("f12", "right_square_bracket", "slash", *"ERROR", "enter")
        os.write(host.masters[0], b"\r\nanother ERROR\r\n")
        await until(lambda: view.marking.search is not None and len(view.marking.search.matches) == 5)


async def test_saving(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "out.txt"
    monkeypatch.setattr("machinedeck.ui.saving.proposal", lambda *_: str(place))
    async with shell(console, host, monkeypatch, LINES) as (deck, _view, _written):
        await deck.press("f12", "right_square_bracket", "s", "enter")
        await deck.until_shown("Saved ")
        text = place.read_text()
        assert text.startswith("line 0 fine\nline 1 fine\n")
        assert text.endswith("line 199 fine\nprompt#\n")
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        place.write_text("mine")
        await deck.press("s", "enter")
        await deck.until_shown("Write over it?")
        await deck.press("n")
        assert place.read_text() == "mine"
        await deck.press("v", "g", "V", "s", "enter")
        await deck.until_shown("Write over it?")
        await deck.press("y")
        await until(lambda: place.read_text() == "line 0 fine\n")
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert os.listdir(tmp_path) == [place.name]


async def test_a_file_that_cannot_be_written(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("machinedeck.ui.saving.proposal", lambda *_: str(tmp_path / "no" / "out.txt"))
    async with shell(console, host, monkeypatch) as (deck, _view, _written):
        await deck.press("f12", "right_square_bracket", "s", "enter")
        await deck.until_shown("Not saved:")


# The clipboard


def wants(text: bytes) -> bytes:
    """What a machine writes to have a text in the clipboard."""
    return b"\x1b]52;c;" + base64.b64encode(text) + b"\x07"


@pytest.mark.promise("A machine writes the clipboard only after a yes, given to this very run of it")
async def test_the_clipboard_is_asked_for(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, _view, written):
        os.write(host.masters[0], wants(b"evil\x1b[201~\nrm -rf /\n"))
        await deck.until_shown("web-1 wants to write your clipboard.")
        await deck.press("y", "enter", "a")
        await arrived(host, b"y\ra")
        assert not written.sequences, "what is typed into a machine answers nothing"
        await deck.press("f12", "y")
        await deck.until_shown("web-1 wants to put 19 bytes into your clipboard:")
        assert deck.shows("rm -rf /")
        await deck.press("n")
        assert not written.sequences
        os.write(host.masters[0], wants(b"good"))
        await until(lambda: deck.app.console_screen.shells.views[0].session.clipboard)
        await deck.press("y")
        await deck.until_shown("wants to put 4 bytes")
        await deck.press("y")
        await until(lambda: written.copied)
        assert written.copied == ["good"]


async def test_an_answer_for_as_long_as_it_runs(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        os.write(host.masters[0], wants(b"one"))
        await until(lambda: view.session.clipboard)
        await deck.press("f12", "y")
        await deck.until_shown("wants to put 3 bytes")
        await deck.press("a")
        await until(lambda: written.copied == ["one"])
        await deck.press("f12")
        os.write(host.masters[0], wants(b"two"))
        await until(lambda: written.copied == ["one", "two"])
        flood = b"\x1b]52;c;?\x07" + wants(b"x" * 80_000) + b"done"
        for start in range(0, len(flood), 2000):
            os.write(host.masters[0], flood[start : start + 2000])
            await deck.pilot.pause()
        await until(lambda: len(written.copied) == 3)
        assert written.copied[2] == "x" * 74_994, "what is too long is cut, and that is told"
        await deck.until_shown("web-1: Copied 74994 of 80000 bytes")
        assert typed(host) == b"", "the clipboard is never told to a machine"
        # Started anew under its name it is another machine.
        host.vanish("web-1")
        host.appear(machine("web-1", timestamp_monotonic=2000))
        await until(lambda: "web-1" in deck.app.store.registered)
        await until(lambda: deck.app.store.registered["web-1"].timestamp_monotonic == 2000)
        await deck.press("f12", "1", "end", "enter")
        await until(lambda: len(host.masters) == 2)
        await deck.settle()
        os.write(host.masters[1], wants(b"three") + b"asked")
        await deck.until_shown("asked")
        await until(lambda: deck.app.console_screen.shells.views[1].session.clipboard)
        assert len(written.copied) == 3


def test_consent_is_bound_to_a_run() -> None:
    consents = Consents()
    first, other = Identity("web-1", "aa", 1), Identity("web-1", "aa", 2)
    consents.keep(first, Answer.ALWAYS)
    assert (consents.may(first), consents.may(other)) == (True, None)
    consents.keep(other, Answer.NEVER)
    assert consents.may(other) is False
    consents.keep(Identity("x", "", 0), Answer.ALWAYS)
    assert consents.may(Identity("x", "", 0)) is None
    consents.keep(Identity("y", "", 1), Answer.ONCE)
    assert consents.may(Identity("y", "", 1)) is None


def test_a_copy_has_a_cap() -> None:
    content, copied = copying.cut("ä" * 60_000)
    assert len(content) == 74_994
    assert content.decode() == "ä" * 37_497
    assert str(copied) == "Copied 74994 of 120000 bytes; save it to a file instead."
    assert len(copying.sequence(content, "")) <= 100_000


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


@pytest.mark.promise("Where a link leads is shown, and never opened")
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.org/a?b", "Leads to https://example.org/a?b"),
        ("mailto:root@example.org", "Leads to mailto:root@example.org"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
    ],
)
async def test_links(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    text = f"\x1b]8;;{address}\x1b\\click me\x1b]8;;\x1b\\ plain\r\nend".encode()
    async with shell(console, host, monkeypatch, text) as (deck, view, _written):
        view.post_message(events.MouseMove(view, 3, 0, 0, 0, 0, False, False, False))
        await deck.settle()
        assert deck.shows(shown) if shown else not deck.shows("Leads to")
        view.post_message(events.MouseMove(view, 11, 0, 0, 0, 0, False, False, False))
        await deck.settle()
        assert not deck.shows("Leads to")
        await deck.press("f12", "v", "g")
        assert deck.shows(shown) if shown else not deck.shows("Leads to")
