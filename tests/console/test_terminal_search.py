"""Searching in a terminal, saving what it shows, and where its links lead."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from textual import events

from tests.console.conftest import Open
from tests.console.test_copying import shell
from tests.console.test_shells import arrived
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

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


async def test_what_is_pasted_is_searched_for(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        await deck.press("f12", "right_square_bracket", "slash", "7")
        view.post_message(events.Paste(" ERR\x1bOR\nsecond line"))
        await deck.until_shown("Search text: 7ERROR")
        await deck.press("ctrl+u")
        view.post_message(events.Paste("7 ERROR"))
        await deck.until_shown("Search text: 7 ERROR")
        assert deck.shows("1 of 4")


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


@pytest.mark.promise("Whatever path is typed, what is wrong with it is told")
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("~nosuchuser/x", "There is no such user"),
        ("/", "This is a folder"),
        (".", "This is a folder"),
        ("..", "This is a folder"),
        ("/tmp/a\0b", "This is no path"),
        ("/tmp/\ud800", "This is no path"),
        ("/" + "x" * 300, "File name too long"),
    ],
)
async def test_a_path_that_is_none(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, path: str, why: str
) -> None:
    monkeypatch.setattr("machinedeck.ui.saving.proposal", lambda *_: path)
    async with shell(console, host, monkeypatch) as (deck, _view, _written):
        await deck.press("f12", "right_square_bracket", "s", "enter")
        await deck.until_shown("Not saved:")
        assert deck.shows(why)
        assert deck.app.is_running


# The clipboard


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
