"""Places in a terminal that is looked at while its machine writes on: caret, mouse, matches, lines."""

from __future__ import annotations

import os

import pytest
from textual import events

from machinedeck.term import PumpOverflowError
from machinedeck.term.scrollback import Scrollback
from machinedeck.term.selecting import Spot
from machinedeck.ui.widgets.terminal import TerminalView
from tests.console.conftest import Open
from tests.console.test_copying import drag, shell
from tests.console.test_shells import arrived, typed
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

LINES = b"".join(b"line %d word\r\n" % number for number in range(200)) + b"prompt# "
LIMIT = 100
"""How many lines are kept in these tests."""


def lines(first: int, count: int, text: str = "more") -> bytes:
    """Lines that a machine writes on."""
    return b"".join(f"{text} {number}\r\n".encode() for number in range(first, first + count))


def keep_few(view: TerminalView) -> None:
    """Let the scrollback be full soon."""
    screen = view.session.terminal.screen
    few = Scrollback(LIMIT)
    few.extend(screen.scrollback)
    screen.scrollback = few


def mouse(view: TerminalView, kind: type[events.MouseEvent], x: int, y: int) -> None:
    """The mouse does something with the left button held."""
    view.post_message(kind(view, x, y, 0, 0, 1, False, False, False))


GONE = [b"\x1b[3J", b"\x1b[3J\x1b[2J", b"\x1b[?1049h"]


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("key", ["dollar_sign", "w", "V", "n"])
async def test_a_caret_in_lines_that_the_machine_takes_away(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, gone: bytes, key: str
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        await deck.press("f12", "right_square_bracket", "slash", *"word", "enter", "v", *["up"] * 20)
        view.session.terminal.feed(gone)  # a key comes before the picture of it
        await deck.press(key)
        assert deck.app.is_running
        caret = view.marking.caret
        assert caret is not None
        assert caret.line < len(view.marking.history)
        os.write(host.masters[0], b"here\x1b]2;seen\x07")
        await until(lambda: view.session.terminal.title == "seen")
        await deck.until_shown("here")


@pytest.mark.parametrize("gone", GONE)
async def test_a_picture_that_is_scrolled_back_when_the_machine_takes_the_lines_away(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, gone: bytes
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        await deck.press("f12", "right_square_bracket", "home")
        assert view.back > 100
        os.write(host.masters[0], gone + b"\x1b[Hhere\x1b]2;seen\x07")
        await until(lambda: view.session.terminal.title == "seen")
        await deck.until_shown("here")
        assert view.back == 0


@pytest.mark.parametrize("gone", GONE)
async def test_a_drag_over_lines_that_the_machine_takes_away(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, gone: bytes
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, written):
        mouse(view, events.MouseDown, 5, 30)
        mouse(view, events.MouseMove, 2, 20)
        await deck.settle()
        assert view.marking.selection is not None
        os.write(host.masters[0], gone + b"\x1b[Hhere\x1b]2;seen\x07")
        await until(lambda: view.session.terminal.title == "seen")
        await deck.until_shown("here")
        mouse(view, events.MouseMove, 3, 10)
        await deck.settle()
        assert view.marking.selection is None, "the drag has ended"
        mouse(view, events.MouseUp, 3, 10)
        await deck.settle()
        assert not written.copied


async def test_a_drag_stays_on_its_text_while_lines_come(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, written):
        keep_few(view)
        os.write(host.masters[0], b"\r\n" + lines(0, 40) + b"end")
        await deck.until_shown("end")
        await deck.press("f12", "right_square_bracket", "pageup")
        y = next(y for y in range(view.size.height) if "line 190" in view.render_line(y).text)
        mouse(view, events.MouseDown, 0, y)
        mouse(view, events.MouseMove, 7, y)
        await deck.settle()
        os.write(host.masters[0], b"\r\n" + lines(40, 7) + b"after")
        await until(lambda: view.session.terminal.display[-1].startswith("after"))
        await deck.settle()
        y = next(y for y in range(view.size.height) if "line 190" in view.render_line(y).text)
        mouse(view, events.MouseMove, 6, y)
        mouse(view, events.MouseUp, 6, y)
        await until(lambda: written.copied)
        assert written.copied == ["line 19"]


async def test_matches_are_gone_through_while_lines_come(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch, LINES) as (deck, view, _written):
        keep_few(view)
        await deck.press("f12", "right_square_bracket", "slash", *"line", "enter")
        seen = []
        for number in range(5):
            # Between two pictures: old lines go, and no match of before is known by its number any more.
            view.session.terminal.feed(b"\r\n" + lines(10 * number, 9))
            await deck.press("n")
            reached = view.marking.reached
            assert reached is not None
            seen.append(view.marking.history.text(reached.line).rstrip())
        assert seen == [f"line {number} word" for number in range(198, 193, -1)]


async def test_what_the_mouse_does_outside_is_told_of_the_nearest_cell(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a program would take a button for pressed that was let go outside."""
    async with shell(console, host, monkeypatch, b"\x1b[?1002;1006h\r\nready") as (deck, view, _written):
        columns, rows = view.session.terminal.columns, view.session.terminal.lines
        await drag(view, (1, 1), (columns + 3, rows + 5), (columns + 9, rows + 9))
        last = b"%d;%d" % (columns, rows)
        await arrived(host, b"\x1b[<0;2;2M\x1b[<32;" + last + b"M\x1b[<0;" + last + b"m")
        await drag(view, (1, 1), (-3, -1))
        await arrived(host, b"\x1b[<0;2;2M\x1b[<32;1;1M\x1b[<0;1;1m")
        assert deck.app.is_running


async def test_what_is_pasted_after_the_leave_key_is_not_for_the_machine(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, _written):
        view.is_left = True  # as it is from the key on until the console has the focus
        view.post_message(events.Paste("secret"))
        await deck.until_shown("What was pasted went nowhere")
        view.is_left = False
        await deck.press("x")
        await arrived(host, b"x")


async def test_a_machine_that_reads_nothing_is_not_told_of_the_focus(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: bytes) -> None:
        raise PumpOverflowError("too much waits")

    async with shell(console, host, monkeypatch, b"\x1b[?1004h\r\nready") as (deck, view, _written):
        typed(host)
        monkeypatch.setattr(view.session, "write", full)
        view.on_blur()
        view.on_focus()
        assert deck.app.is_running
        assert view.session.terminal.modes.focus_events
        assert view.marking.caret is None
        assert Spot(0, 0) == view._spot(events.MouseMove(view, -1, -1, 0, 0, 0, False, False, False))
