"""Tabs and splits of terminals, what they are called, and what is marked on them."""

from __future__ import annotations

import os

import pytest

from machinedeck.model.wish import Wish
from machinedeck.ui.shells import Shells
from tests.console.conftest import Open
from tests.console.test_shells import arrived, enter, typed
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until


def shells(deck: Deck) -> Shells:
    """The tabs."""
    return deck.app.console_screen.shells


async def say(host: FakeHost, deck: Deck, at: int, text: bytes) -> None:
    """Have a machine write something, and wait until the emulator has it."""
    os.write(host.masters[at], text)
    terminal = shells(deck).views[at].session.terminal
    plain = text.rpartition(b"\x07")[2].decode()
    if plain:
        await until(lambda: plain in "".join(terminal.display))
    await deck.settle()


async def split(deck: Deck, key: str = "vertical_line") -> None:
    """Split the tab that is seen."""
    count = len(shells(deck).views)
    await deck.press("f12", key)
    await until(lambda: len(shells(deck).views) == count + 1)
    await deck.settle()


@pytest.mark.promise("The leave key itself, and any other, reaches the machine after “next key raw”")
async def test_next_key_raw(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "ctrl+v")
        assert deck.shows("The next key goes to web-1, F12 too")
        await deck.press("f12")
        await arrived(host, b"\x1b[24~")
        assert deck.shows("F12 leave; all other keys")
        await deck.press("f12")
        assert deck.shows("Machines 2 running")


async def test_tabs_by_number(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "up", "enter")
        await until(lambda: len(shells(deck).places) == 2)
        await deck.press("f12", "alt+1", "x")
        await arrived_at(host, 0, b"x")
        await deck.press("f12", "alt+2", "y")
        await arrived_at(host, 1, b"y")
        await deck.press("f12", "alt+7")
        assert deck.shows("Machines 2 running")


async def arrived_at(host: FakeHost, at: int, wanted: bytes) -> None:
    """Wait until just that was typed into one of several terminals."""
    got = bytearray()

    def is_there() -> bool:
        got.extend(typed(host, at))
        return len(got) >= len(wanted)

    await until(is_there)
    assert bytes(got) == wanted


@pytest.mark.parametrize(
    ("key", "sizes"), [("vertical_line", [(59, 37), (60, 37)]), ("minus", [(120, 18), (120, 18)])]
)
async def test_split(console: Open, host: FakeHost, key: str, sizes: list[tuple[int, int]]) -> None:
    async with console() as deck:
        await enter(deck)
        await split(deck, key)
        assert len(shells(deck).places) == 1
        await until(lambda: sorted(os.get_terminal_size(fd) for fd in host.masters) == sorted(sizes))
        os.write(host.masters[0], b"one half")
        os.write(host.masters[1], b"the other half")
        await deck.until_shown("the other half")
        await deck.until_shown("one half")
        await deck.press("b")
        await arrived_at(host, 1, b"b")
        await deck.press("f12", "o", "a")
        await arrived_at(host, 0, b"a")
        await deck.press("f12", "right_square_bracket", "tab", "enter", "b")
        await arrived_at(host, 1, b"b")


async def test_a_click_goes_to_the_other_half(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await split(deck)
        await deck.pilot.click("#shells", offset=(3, 3))
        await deck.press("a")
        await arrived_at(host, 0, b"a")
        assert shells(deck).current is shells(deck).views[0]


async def test_the_half_that_stays_has_all_the_room(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await split(deck)
        await deck.press("f12", "right_square_bracket", "x")
        assert len(shells(deck).views) == 1
        await until(lambda: os.get_terminal_size(host.masters[0]) == (120, 37))
        await deck.press("x")
        assert deck.shows("Machines 2 running")


async def test_a_third_shell_gets_a_tab(console: Open) -> None:
    async with console() as deck:
        await enter(deck)
        await split(deck)
        await split(deck)
        assert [len(tab.views) for tab in shells(deck).places] == [2, 1]


async def test_reopening_one_half(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await split(deck)
        os.close(host.masters.pop())
        await deck.until_shown("Ended.")
        await deck.press("r")
        await until(lambda: shells(deck).open_count == 2)
        assert [len(tab.views) for tab in shells(deck).places] == [2]


@pytest.mark.promise("Tabs behind show what came, rang or ended while they were not seen")
async def test_marks_of_tabs_behind(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12")
        await enter_another(deck, "db-1")
        assert deck.shows("│ web-1 │ db-1")
        await say(host, deck, 0, b"news")
        await deck.until_shown("│ web-1 • │ db-1")
        await say(host, deck, 0, b"\x07")
        await deck.until_shown("│ web-1 ! │ db-1")
        await deck.press("f12", "alt+1")
        await deck.until_shown("│ web-1 │ db-1")
        os.close(host.masters.pop())
        await deck.until_shown("db-1 ✗")


async def enter_another(deck: Deck, name: str) -> None:
    """Open a shell in another machine."""
    count = len(shells(deck).views)
    await deck.press("up" if name == "db-1" else "end", "enter")
    await until(lambda: len(shells(deck).views) == count + 1)
    await deck.settle()


@pytest.mark.promise("Nothing that came while a tab was hidden is lost")
async def test_nothing_is_lost_behind(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12")
        for start in range(0, 2000, 100):
            os.write(host.masters[0], b"".join(b"line %d\r\n" % n for n in range(start, start + 100)))
            await deck.pilot.pause()
        terminal = shells(deck).views[0].session.terminal
        await until(lambda: "line 1999" in "".join(terminal.display))
        text = ["".join(run.text for run in terminal.runs(at)).rstrip() for at in range(2001)]
        assert text[:2000] == [f"line {n}" for n in range(2000)]
        await deck.press("f12")
        await deck.until_shown("line 1999")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (b"\x1b]0;vim notes.txt\x07", "web-1: vim notes.txt "),
        (b"\x1b]2;root@web-1: vim notes\x07", "web-1: vim notes "),
        (b"\x1b]2;root@web-1: ~/src\x07", "│ web-1  "),
        (b"\x1b]2;a very long title that goes on and on\x07", "web-1: a very long title t… "),
        (b"\x1b]2;[bold]db-1[/]\x07", "web-1: [bold]db-1[/] "),
    ],
)
async def test_titles(console: Open, host: FakeHost, title: bytes, shown: str) -> None:
    async with console() as deck:
        await enter(deck)
        await say(host, deck, 0, title + b"ready")
        await deck.until_shown(shown)


async def test_renaming(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "right_square_bracket", "comma", *"build", "enter")
        await deck.until_shown("│ build ")
        await deck.press("comma", *["backspace"] * 5, "enter")
        await deck.until_shown("│ web-1 ")


@pytest.mark.promise(
    "A shell is opened as any user, with a command, variables and TERM, or as a login prompt"
)
async def test_a_shell_as_one_likes(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "O")
        assert deck.shows("A shell in web-1")
        await deck.press(*["backspace"] * 4, *"bob", "tab", *"top", "tab", *"A=1", "tab", "f2", "enter")
        await until(lambda: host.wishes)
        assert host.wishes == [Wish("web-1", user="bob", command="top", variables=("A=1",), term="xterm")]
        assert host.wishes[0].environment == ["TERM=xterm", "A=1"]
        assert host.wishes[0].program == ["/bin/sh", "-c", "top"]
        await deck.until_shown("│ bob@web-1 ")


async def test_a_wrong_environment_is_told(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "O", "tab", "tab", *"oops", "enter")
        await deck.until_shown("'oops' is no variable: say NAME=VALUE.")
        await deck.press("escape")
        assert not host.wishes


async def test_a_login_prompt(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "L")
        await deck.until_shown("web-1 login")
        assert host.wishes == [Wish("web-1", is_login=True)]
        os.write(host.masters[0], b"web-1 login: ")
        await deck.until_shown("web-1 login:")
        host.vanish("web-1")
        await deck.until_shown("Ended: the machine ended.")


async def test_no_login_prompt_where_nothing_runs(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("home", "L")
        await deck.until_shown("build-9 is not running. Start it first.")
        await deck.press("O")
        assert not host.wishes


@pytest.mark.promise("A shell that ended shows its exit code where the machine tells it")
@pytest.mark.parametrize(
    "told",
    [
        b"\x1b]133;D;3\x07",
        b"\x1b]3008;start=1;type=shell;user=root\x1b\\\x1b]3008;end=1;exit=failure;status=3\x1b\\",
    ],
)
async def test_exit_code(console: Open, host: FakeHost, told: bytes) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], told + b"bye")
        await deck.until_shown("bye")
        os.close(host.masters.pop())
        await deck.until_shown("Ended: exit code 3.")
        assert deck.shows("web-1 ✗3")


async def test_the_user_of_a_context(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        os.write(host.masters[0], b"\x1b]3008;start=7;type=shell;user=al\\x2eice\x1b\\hello")
        await deck.until_shown("│ al.ice@web-1 ")


@pytest.mark.promise("Nothing a machine says can do anything to the screen")
@pytest.mark.parametrize(
    "told",
    [b"al\\x1bice", b"prod-db-9 " * 30, b"a" * 33, b"x" * 4000, b"root@db-1 ", "älice".encode()],
    ids=["control", "blanks", "long", "very long", "another machine", "other letters"],
)
async def test_what_is_no_users_name_is_none(console: Open, host: FakeHost, told: bytes) -> None:
    async with console() as deck:
        await enter(deck)
        context = b"\x1b]3008;start=7;type=shell;user="
        os.write(host.masters[0], context + b"alice\x1b\\first")
        await deck.until_shown("│ alice@web-1 ")
        os.write(host.masters[0], context + told + b"\x1b\\second")
        await deck.until_shown("second")
        await deck.until_shown("│ web-1 ")


async def test_reopening_keeps_what_was_wished(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "O", *["backspace"] * 4, *"bob", "enter")
        await until(lambda: host.masters)
        await deck.settle()
        os.close(host.masters.pop())
        await deck.until_shown("Ended.")
        await deck.press("r")
        await until(lambda: len(host.wishes) == 2)
        assert host.wishes[0] == host.wishes[1]


async def test_another_shell_of_the_same_machine(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("f12", "right_square_bracket", "c")
        await until(lambda: len(shells(deck).places) == 2)
        assert [wish.machine for wish in host.wishes] == ["web-1", "web-1"]


async def test_a_shell_of_a_machine_that_is_gone_is_not_opened_again(console: Open, host: FakeHost) -> None:
    host.running["temp"] = machine("temp")
    async with console() as deck:
        await until(lambda: "temp" in deck.names())
        await deck.press("home", "down", "down", "enter")
        await until(lambda: host.masters)
        await deck.settle()
        host.vanish("temp")
        os.close(host.masters.pop())
        await deck.until_shown("Ended.")
        await deck.press("r")
        await deck.until_shown("temp is not running.")


async def test_help_and_palette(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "question_mark")
        assert deck.shows("leave the terminal, and back to it")
        await deck.press("q")
        await deck.press("colon", *"login", "enter")
        await until(lambda: host.wishes)
        assert host.wishes[0].is_login


async def test_keys_typed_into_a_terminal_open_no_dialog(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await enter(deck)
        await deck.press("O", "L", "colon", "question_mark", "y", "ctrl+v", "alt+1")
        await arrived(host, b"OL:?y\x16\x1b1")
        assert len(host.wishes) == 1
