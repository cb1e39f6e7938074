"""Terminals of machines, as tabs beside the panes."""

from __future__ import annotations

import asyncio
import os

import pytest
from textual.events import Key

from machinedeck.model.failure import Failure, Kind
from machinedeck.model.wish import Wish
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.session import ANSWERS_LIMIT
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


def typed(host: FakeHost, at: int = -1) -> bytes:
    """What arrived at the far end of a terminal."""
    os.set_blocking(host.masters[at], False)
    try:
        return os.read(host.masters[at], 65536)
    except BlockingIOError:
        return b""


async def arrived(host: FakeHost, wanted: bytes) -> None:
    """Wait until just that was typed."""
    got = bytearray()

    def is_there() -> bool:
        got.extend(typed(host))
        return len(got) >= len(wanted)

    await until(is_there)
    assert bytes(got) == wanted


async def enter(deck: Deck) -> None:
    """Open a shell in the last machine of the list."""
    await deck.press("end", "enter")
    await until(lambda: deck.app.console_screen.shells.current)
    await deck.settle()


async def test_enter_opens_a_shell(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[-1], b"root@web-1:~# ")
        await deck.until_shown("root@web-1:~#")
        assert deck.shows("F12 leave"), "the way out is always on screen"
        assert os.get_terminal_size(host.masters[-1]) == (120, 37)


async def test_a_shell_that_opens_while_a_dialog_closes(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual gives what is to be done after the next picture to the dialog, which takes it with it."""
    monkeypatch.setattr(Dialog, "_invoke_later", lambda *_: None)
    async with console() as deck:
        machine = deck.app.store.registered["web-1"]
        await deck.press("question_mark")
        deck.app.open_terminal(deck.app.wish("web-1"), machine)
        await until(lambda: deck.app.console_screen.shells.views, what="the tab")
        await deck.settle()
        await deck.press("escape")
        os.write(host.masters[-1], b"root@web-1:~# ")
        await deck.until_shown("root@web-1:~#")


@pytest.mark.promise("Every key goes to the machine but the one leave key")
@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("q", b"q"),
        ("1", b"1"),
        ("tab", b"\t"),
        ("shift+tab", b"\x1b[Z"),
        ("escape", b"\x1b"),
        ("ctrl+c", b"\x03"),
        ("ctrl+q", b"\x11"),
        ("ctrl+p", b"\x10"),
        ("ctrl+z", b"\x1a"),
        ("ctrl+l", b"\x0c"),
        ("up", b"\x1b[A"),
        ("pageup", b"\x1b[5~"),
        ("f1", b"\x1bOP"),
        ("enter", b"\r"),
        ("left_square_bracket", b"["),
    ],
)
async def test_every_key_goes_to_the_machine(console: Open, host: FakeHost, key: str, data: bytes) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press(key)
        await arrived(host, data)
        assert deck.app.is_running


async def test_the_leave_key_leads_out_and_back(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12")
        assert deck.shows("Machines 2 running")
        await deck.press("f12", "x")
        await arrived(host, b"x")


async def test_another_leave_key(console: Open, host: FakeHost) -> None:
    async with console(leave_key="ctrl+g") as deck:
        await enter(deck)
        assert deck.shows("Ctrl-G leave")
        await deck.press("f12")
        await arrived(host, b"\x1b[24~")
        await deck.press("ctrl+g")
        assert deck.shows("Machines 2 running")


async def test_several_tabs(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"first")
        await deck.until_shown("first")
        await deck.press("f12")
        await enter(deck)
        os.write(host.masters[0], b" and hidden")
        os.write(host.masters[1], b"second")
        await deck.until_shown("second")
        await deck.until_shown("Host │ web-1 #1 • │ web-1 #2")
        await deck.press("f12", "right_square_bracket")
        await deck.until_shown("first and hidden")


async def test_a_tab_that_is_only_looked_at_takes_no_keys(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"".join(b"line %d\r\n" % number for number in range(100)))
        await deck.until_shown("line 99")
        await deck.press("f12", "right_square_bracket", "home")
        assert deck.shows("line 0")
        await deck.press("end")
        assert deck.shows("line 99")
        await deck.press("pageup")
        assert not deck.shows("line 99")
        assert typed(host) == b""
        await deck.press("enter", "y")
        await arrived(host, b"y")
        assert deck.shows("line 99")


async def test_a_picture_that_is_scrolled_back_holds_still(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"".join(b"line %d\r\n" % number for number in range(100)))
        await deck.until_shown("line 99")
        await deck.press("f12", "right_square_bracket", "pageup")
        before = deck.screen()[2:30]
        os.write(host.masters[0], b"".join(b"more %d\r\n" % number for number in range(10)))
        view = deck.app.console_screen.shells.current
        assert view is not None
        await until(lambda: "more 9" in "".join(view.session.terminal.display))
        await deck.pilot.pause(0.1)
        assert deck.screen()[2:30] == before


async def test_paste_is_wrapped_where_the_program_wants_it(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"\x1b[?2004hready")
        await deck.until_shown("ready")
        view = deck.app.console_screen.shells.current
        assert view is not None
        from textual.events import Paste

        view.post_message(Paste("two\nlines\x1b[201~"))
        await arrived(host, b"\x1b[200~two\rlines\x1b[201~")


async def test_a_shell_that_ended_stays_readable(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"last words\r\n")
        await deck.until_shown("last words")
        os.close(host.masters.pop())
        await deck.until_shown("web-1 ✗")
        assert deck.shows("last words")
        assert deck.shows("Enter close")
        await deck.press("r")
        await until(lambda: host.calls.count(("shell", "web-1", "root")) == 2)
        await until(lambda: deck.app.console_screen.shells.open_count == 1)
        assert len(deck.app.console_screen.shells.views) == 1


async def test_enter_closes_what_ended(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.close(host.masters.pop())
        await deck.until_shown("web-1 ✗")
        await deck.press("enter")
        await deck.until_shown("Machines 2 running")
        assert not deck.app.console_screen.shells.views


async def test_a_refused_shell_says_why(console: Open, host: FakeHost) -> None:
    host.refusals["shell"] = Failure(Kind.NOT_ALLOWED, "Cannot open a shell in web-1.", "This needs root.")
    async with console() as deck:
        await deck.press("end", "enter")
        await deck.until_shown("This needs root.")


async def test_quitting_with_open_shells_asks(console: Open) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "q")
        assert deck.shows("end the open shell?")
        await deck.press("n")
        assert deck.app.is_running
        await deck.press("q", "y")
        await until(lambda: not deck.app.is_running)


async def test_a_flood_does_not_stop_the_keys(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.set_blocking(host.masters[0], False)
        flood = b"all work and no play\r\n" * 1000
        for _ in range(50):
            try:
                os.write(host.masters[0], flood)
            except BlockingIOError:
                await deck.pilot.pause(0.01)
        await deck.press("f12")
        assert deck.shows("Machines 2 running")


async def test_the_size_follows_the_window(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.pilot.resize_terminal(100, 30)
        await until(lambda: os.get_terminal_size(host.masters[0]) == (100, 27))


async def test_a_click_on_a_tab_goes_there(console: Open) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.pilot.click("#tabs", offset=(2, 0))
        assert deck.shows("Machines 2 running")
        await deck.pilot.click("#tabs", offset=(9, 0))
        assert deck.app.console_screen.shells.current is not None


async def test_shells_opened_right_after_each_other(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys arrive together, and the host takes its time: each goes to its own row."""
    may_open, open_terminal = asyncio.Event(), host.open_terminal

    async def open_in_time(wish: Wish) -> int:
        await may_open.wait()
        return await open_terminal(wish)

    monkeypatch.setattr(host, "open_terminal", open_in_time)
    async with console() as deck:
        for key in ("end", "enter", "up", "enter"):
            deck.app.post_message(Key(key, None))
        await deck.settle()
        may_open.set()
        await until(lambda: len(deck.app.console_screen.shells.views) == 2)
        assert [call[1] for call in host.calls if call[0] == "shell"] == ["web-1", "db-1"]


async def test_a_click_into_a_shell_that_ended_types_nothing_there(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "enter")
        await until(lambda: host.masters)
        host.hang_up()
        await deck.until_shown("Ended.")
        await deck.pilot.click("TerminalView")
        assert not deck.app.console_screen.shells.views[0].is_captive
        await deck.press("enter")
        assert deck.app.console_screen.shells.views == []


async def test_a_click_into_a_shell_that_is_looked_at_says_where_keys_go(
    console: Open, host: FakeHost
) -> None:
    async with console() as deck:
        await deck.press("end", "enter")
        await until(lambda: host.masters)
        await deck.until_shown("all other keys go to")
        await deck.press("f12", "right_square_bracket")
        assert not deck.shows("all other keys go to")
        await deck.pilot.click("TerminalView")
        await deck.until_shown("all other keys go to")


async def test_a_machine_that_asks_but_reads_nothing_is_answered_no_more(
    console: Open, host: FakeHost
) -> None:
    """What is typed would wait behind all the answers."""
    async with console() as deck:
        await enter(deck)
        view = deck.app.console_screen.shells.current
        assert view is not None
        session = view.session
        session.terminal.feed(b"\x1b[c" * 20_000)
        assert ANSWERS_LIMIT <= session._pump.waiting < ANSWERS_LIMIT + 100
        await deck.press("y")
        got = bytearray()

        def is_there() -> bool:
            got.extend(typed(host))
            return got.endswith(b"y")

        await until(is_there)
        session.terminal.feed(b"\x1b[5n")
        await arrived(host, b"\x1b[0n")
