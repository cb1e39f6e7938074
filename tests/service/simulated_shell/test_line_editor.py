"""What is typed at the prompt."""

from __future__ import annotations

import asyncio

import pytest

from tests.service.simulated_shell.guest import Guest, Room

LEFT, RIGHT, UP, DOWN, HOME, END = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[F"
ENTER = "\r"


def prompt(guest: Guest) -> str:
    """What is typed in the last line that has a prompt."""
    return next(row.partition("# ")[2] for row in reversed(guest.rows) if "root@web-1" in row)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("abc" + LEFT + LEFT + "X", "aXbc"),
        ("abc\x01X\x05Y", "XabcY"),
        ("abc" + HOME + RIGHT + "\x1b[3~", "ac"),
        ("abc\x7f\x7fX", "aX"),
        ("one two" + LEFT + LEFT + LEFT + "\x0b", "one"),
        ("one two" + LEFT + "\x15", "o"),
        ("one two  \x17X", "one X"),
        ("one two\x17\x19\x19", "one twotwo"),
        ("one two\x1bb\x1bb\x1bd", " two"),
        ("one two\x1b[1;5DX", "one Xtwo"),
        ("ab\x14", "ba"),
        ("abc" + HOME + "\x04", "bc"),
        ("a中é🙂b" + LEFT + LEFT + "\x7fX", "a中X🙂b"),
        ("e\u0301x" + LEFT + LEFT + "y", "y\u00e9x"),
        ("\x1b[200~one\ttwo\x1b[201~x", "one    twox"),
        ("echo a b" + ENTER + UP, "echo a b"),
        ("echo a" + ENTER + "echo b" + ENTER + UP + UP + DOWN, "echo b"),
        ("draft" + UP + DOWN, "draft"),
        ("\x1b[15~\x1b[?62c\x1bQ", ""),
        ("\x07\x00\x1f", ""),
    ],
)
async def test_keys(guest: Guest, keys: str, wanted: str) -> None:
    guest.type(keys)
    await guest.shows(lambda _: prompt(guest) == wanted)
    assert guest.terminal.cursor.y < 24


async def test_the_cursor_stands_where_it_should(guest: Guest) -> None:
    start = guest.terminal.cursor.x
    guest.type("a中b" + LEFT)
    await guest.shows("a中b")
    await guest.shows(lambda _: guest.terminal.cursor.x == start + 3)
    guest.type(LEFT)
    await guest.shows(lambda _: guest.terminal.cursor.x == start + 1)


@pytest.mark.parametrize("columns", [20, 37, 80])
async def test_long_lines_wrap_and_are_edited_all_over(room: Room, columns: int) -> None:
    guest = await room.shell(size=(columns, 24))
    await guest.ready()
    text = "echo " + "".join(chr(97 + number % 26) for number in range(150))
    for letter in text:
        guest.type(letter)
    start = next(number for number, row in enumerate(guest.rows) if "root@web-1" in row)

    def typed() -> str:
        rows = guest.terminal.display
        first = next(number for number, row in enumerate(rows) if "root@web-1" in row)
        return "".join(rows[first:]).partition("# ")[2].rstrip()

    await guest.shows(lambda _: typed() == text)
    guest.type(HOME + "X" + END + "Y" + "\x1b[D" * 80 + "Z")
    wanted = f"X{text}Y"
    wanted = wanted[:-80] + "Z" + wanted[-80:]
    await guest.shows(lambda _: typed() == wanted)
    assert next(number for number, row in enumerate(guest.rows) if "root@web-1" in row) == start
    guest.type("\x03")
    await guest.shows("^C")


@pytest.mark.parametrize("length", range(60, 70))
async def test_a_line_that_ends_at_the_edge(guest: Guest, length: int) -> None:
    text = "x" * length
    guest.type(text)
    await guest.shows(lambda rows: "".join(rows).count("x") == length)
    guest.type("y\x7f\x7f")
    await guest.shows(lambda rows: "".join(rows).count("x") == length - 1 and "y" not in "".join(rows[2:]))
    guest.type("\x03")
    await guest.ready()


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("journ\t", "journalctl "),
        ("cat /srv/p\t", "cat /srv/poem "),
        ("ls /sr\t", "ls /srv/"),
        ("ls /srv/\t", "ls /srv/poem "),
        ("true; un\tname", "true; unname"),
        ("echo a | jour\t", "echo a | journalctl "),
        ("cat '/srv/p\t", "cat '/srv/poem "),
        ("cd ~/\t", "cd ~/with\\ blank/"),
        ("cd ~/with\\ b\t", "cd ~/with\\ blank/"),
        ("cat /no/\t", "cat /no/"),
        ("\t", ""),
    ],
)
async def test_tab_completes(guest: Guest, typed: str, wanted: str) -> None:
    await guest.run("mkdir 'with blank'")
    guest.type(typed + "|")
    await guest.shows(lambda _: prompt(guest) == (wanted + "|").strip())


async def test_tab_twice_lists_the_choices(guest: Guest) -> None:
    guest.type("un\t\t")
    await guest.shows(lambda rows: any(row.split() == ["uname", "uniq", "unset"] for row in rows))
    guest.type("set X\x15")
    await guest.shows(lambda _: prompt(guest) == "")


async def test_a_paste_of_lines_runs_only_with_enter(guest: Guest) -> None:
    guest.type("\x1b[200~echo one\recho two\x03\x1b[A\x1b[201~")
    await guest.shows("echo two")
    assert not any(row in {"one", "two"} for row in guest.rows)
    guest.type(ENTER)
    await guest.shows(lambda rows: "one" in rows and "two" in rows)


async def test_open_quotes_ask_for_more(guest: Guest) -> None:
    guest.type("echo 'one\r")
    await guest.shows("\n>")
    guest.type("two'\r")
    await guest.shows("\none\ntwo")
    guest.type("cat |\r")
    await guest.shows(lambda rows: rows[-1] == ">" or ">" in rows)
    guest.type("\x03")
    await guest.ready()


async def test_ctrl_l_clears(guest: Guest) -> None:
    guest.type("abc\x0c")
    await guest.shows(lambda rows: rows[0].endswith("# abc") and not any(rows[1:]))


async def test_ctrl_d_on_an_empty_line_ends_the_shell(guest: Guest) -> None:
    guest.type("\x04")
    await guest.ended()
    assert "logout" in guest.text


async def test_the_prompt_shows_who_and_where(room: Room, guest: Guest) -> None:
    await guest.run("cd /srv")
    await guest.shows(lambda rows: rows[guest.terminal.cursor.y] == "root@web-1:/srv#")
    assert guest.terminal.title == "root@web-1: /srv"
    other = await room.shell("ada")
    await other.shows("ada@web-1:~$")
    assert other.terminal.modes.bracketed_paste


async def test_a_line_has_its_limit_and_history_too(guest: Guest) -> None:
    for _ in range(40):
        guest.type("y" * 500)
        await asyncio.sleep(0.01)
    guest.type("\x15echo fine\r")
    await guest.shows("\nfine")


async def test_a_resize_between_keys_keeps_the_line(guest: Guest) -> None:
    guest.type("echo abcdefghij")
    await guest.shows("abcdefghij")
    guest.resize(120, 30)
    guest.type(HOME + END + "k\r")
    await guest.shows("\nabcdefghijk")
