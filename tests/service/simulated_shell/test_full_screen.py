"""Programs that fill the screen."""

from __future__ import annotations

import asyncio

from tests.service.simulated_shell.guest import Guest, Room


async def test_top_shows_processes_and_gives_the_screen_back(room: Room, guest: Guest) -> None:
    guest.type("top\r")
    rows = await guest.shows("systemd-j")
    assert rows[0].startswith("top - 22:13:20 up 2 days")
    assert guest.terminal.modes.is_alternate
    assert not guest.terminal.cursor.is_visible
    heading = next(number for number, row in enumerate(rows) if "PID USER" in row)
    assert guest.terminal.cell(5, heading).reverse
    assert any(row.endswith("top") for row in rows[heading:])
    guest.type("q")
    await guest.ready()
    assert not guest.terminal.modes.is_alternate
    assert guest.terminal.cursor.is_visible
    assert "PID USER" not in guest.text


async def test_top_follows_the_clock(room: Room, guest: Guest) -> None:
    guest.type("top\r")
    await guest.shows("top - 22:13:20")
    other = await room.shell()
    other.type("sleep 100\r")
    await other.shows("sleep 100")
    await asyncio.sleep(0.05)
    assert not any(row.endswith("sleep") for row in guest.rows)
    await room.advance(2)
    await guest.shows(
        lambda rows: rows[0].startswith("top - 22:13:22") and any(row.endswith("sleep") for row in rows)
    )
    other.type("\x03")
    await other.ready()
    await room.advance(2)
    await guest.shows(lambda rows: not any(row.endswith("sleep") for row in rows))


async def test_top_sorts(room: Room, guest: Guest) -> None:
    def pids(rows: list[str]) -> list[int]:
        heading = next(number for number, row in enumerate(rows) if "PID USER" in row)
        return [
            int(row.split()[0])
            for row in rows[heading + 1 :]
            if row.split()[:1] and row.split()[0].isdecimal()
        ]

    guest.type("top\r")
    await guest.shows("PID USER")
    guest.type("M")
    await guest.shows(lambda rows: pids(rows)[:2] == [2, 1])
    guest.type("N")
    await guest.shows(lambda rows: pids(rows) == sorted(pids(rows), reverse=True))
    guest.type("\x03")
    await guest.ready()


async def test_top_takes_a_new_size_with_the_next_second(room: Room, guest: Guest) -> None:
    guest.type("top\r")
    await guest.shows("q quit")
    for size in ((60, 10), (120, 30), (9, 3), (1, 1), (80, 24)):
        guest.resize(*size)
        await room.advance(1)
        await asyncio.sleep(0.01)
    rows = await guest.shows(lambda rows: rows[23].startswith(" q quit"))
    assert rows[0].startswith("top - ")
    guest.type("q")
    await guest.ready()


async def test_top_in_a_pipe_writes_once(guest: Guest) -> None:
    assert (await guest.run("top | head -1"))[0].startswith("top - 22:13:20")


async def test_less_turns_pages(guest: Guest) -> None:
    await guest.run("seq 200 > /tmp/numbers")
    guest.type("less /tmp/numbers\r")
    rows = await guest.shows("lines 1-23/200")
    assert rows[:2] == ["1", "2"]
    guest.type(" ")
    await guest.shows(lambda rows: rows[0] == "24")
    guest.type("\x1b[A")
    await guest.shows(lambda rows: rows[0] == "23")
    guest.type("b\x1b[B")
    await guest.shows(lambda rows: rows[0] == "2")
    guest.type("G")
    await guest.shows(lambda rows: rows[22] == "200" and "(END)" in rows[23])
    guest.type("g/77\r")
    await guest.shows(lambda rows: rows[0] == "77")
    assert guest.terminal.cell(0, 0).reverse
    guest.type("n")
    await guest.shows(lambda rows: rows[0] == "177")
    guest.type("n")
    await guest.shows("Pattern not found")
    guest.type("N")
    await guest.shows(lambda rows: rows[0] == "77")
    guest.type("q")
    await guest.ready()
    assert not guest.terminal.modes.is_alternate


async def test_less_reads_no_further_than_it_must(guest: Guest) -> None:
    guest.type("yes | less\r")
    await guest.shows("(standard input) lines 1-23")
    guest.type(" ")
    await guest.shows("lines 24-46")
    guest.type("G")
    await asyncio.sleep(0.05)
    guest.type("q")
    await guest.ready()


async def test_less_takes_a_new_size(room: Room, guest: Guest) -> None:
    guest.type("seq 100 | less\r")
    await guest.shows("lines 1-23")
    guest.resize(40, 10)
    await room.advance(1)
    await guest.shows(lambda rows: rows[9].startswith("(standard input) lines 1-9"))
    guest.type("q")
    await guest.ready()


async def test_less_of_nothing(guest: Guest) -> None:
    assert await guest.run("less /no") == ["less: /no: No such file or directory", "status=1"]
    assert await guest.run("less") == ["less: missing filename", "status=2"]
    assert await guest.run("less /srv/poem | head -1") == ["one fish", "status=0"]


async def test_nano_edits_and_saves(guest: Guest) -> None:
    guest.type("nano /srv/poem\r")
    await guest.shows("[ Read 4 lines ]")
    guest.type("\x1b[B\x05, green fish\r中é\x1b[A\x1b[A\x01Z\x7f\x1b[3~O")
    await guest.shows(lambda rows: rows[1:4] == ["One fish", "two fish, green fish", "中é"])
    assert "Modified" in guest.rows[0]
    guest.type("\x0f")
    await guest.shows("File Name to Write: /srv/poem")
    guest.type("\r")
    await guest.shows("[ Wrote 5 lines ]")
    guest.type("\x0b\x18")
    await guest.shows("Save modified buffer?")
    guest.type("n\r")
    await guest.ready()
    assert await guest.run("cat /srv/poem") == [
        "One fish", "two fish, green fish", "中é", "red fish", "blue fish", "status=0"
    ]  # fmt: skip


async def test_nano_makes_a_file_and_cuts_and_finds(guest: Guest) -> None:
    guest.type("nano /tmp/new\r")
    await guest.shows("[ New File ]")
    guest.type("one\rtwo\rthree\x1b[A\x0b\x15\x15\x17")
    await guest.shows("Search:")
    guest.type("thr\r")
    await guest.shows(lambda _: guest.terminal.cursor.y == 4 and guest.terminal.cursor.x == 0)
    guest.type("\x18y\r")
    await guest.shows("File Name to Write: /tmp/new")
    guest.type("\r")
    await guest.ready()
    assert await guest.run("cat /tmp/new") == ["one", "two", "two", "three", "status=0"]


async def test_nano_says_what_cannot_be_written(room: Room) -> None:
    guest = await room.shell("ada")
    await guest.ready()
    guest.type("nano /etc/passwd\r")
    await guest.shows("[ File is unwritable ]")
    guest.type("x\x0f\r")
    await guest.shows("[ Error writing /etc/passwd: Permission denied ]")
    guest.type("\x18n\r")
    await guest.ready()


async def test_nano_shows_long_lines_from_where_the_cursor_is(guest: Guest) -> None:
    guest.type("nano\r")
    await guest.shows("New Buffer")
    guest.type("中x" * 60)
    await guest.shows(lambda rows: rows[1].endswith("中x") and guest.terminal.cursor.x < 80)
    guest.type("\x01")
    await guest.shows(lambda rows: rows[1].startswith("中x中x") and guest.terminal.cursor.x == 0)
    guest.type("\x18n\r")
    await guest.ready()


async def test_the_colours_are_colours(guest: Guest) -> None:
    guest.type("clear; colors\r")
    rows = await guest.shows("signs")
    assert guest.terminal.cell(0, 0).bold
    backgrounds = {str(guest.terminal.cell(x, y).bg) for y in range(len(rows)) for x in range(80)}
    assert len(backgrounds) > 256
