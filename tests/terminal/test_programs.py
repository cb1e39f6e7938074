"""Real programs on a real pseudo-terminal, seen through the emulator."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from machinedeck.term import Terminal, encode_key, encode_paste
from tests.terminal.test_pump import Guest

pytestmark = pytest.mark.usefixtures("no_task_left")


class Session(Guest):
    """A program whose output a terminal shows, and that gets the terminal's answers."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = Terminal(80, 24, answer=self.pump.write)
        self.pump.resize(80, 24)

    def on_data(self, data: bytes) -> None:
        self.terminal.feed(data)
        super().on_data(data)

    def press(self, *keys: str) -> None:
        """Send keys by their names."""
        for key in keys:
            character = key if len(key) == 1 else None
            self.pump.write(encode_key(key, character, self.terminal.modes))

    def type(self, text: str) -> None:
        """Send text as typed."""
        self.pump.write(text.encode())

    async def shows(self, wanted: str | Callable[[list[str]], bool]) -> list[str]:
        """Wait until the screen shows something; the rows then."""

        def is_there() -> bool:
            rows = [row.rstrip() for row in self.terminal.display]
            return wanted(rows) if callable(wanted) else any(wanted in row for row in rows)

        try:
            await self.until(is_there)
        except TimeoutError:
            pytest.fail("\n".join(["not shown:", str(wanted), *self.terminal.display]))
        return [row.rstrip() for row in self.terminal.display]


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    made = Session()
    yield made
    await made.finish()


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers"
    path.write_text("".join(f"number {number}\n" for number in range(1, 201)))
    return path


async def test_bash(session: Session) -> None:
    await session.run("bash", "--norc", "-i")
    await session.shows("$")
    assert session.terminal.modes.bracketed_paste
    session.pump.write(encode_paste("echo one\necho two", session.terminal.modes))
    await session.shows("echo two")
    assert not any(row.startswith("one") for row in session.terminal.display)
    session.press("enter")
    rows = await session.shows(lambda rows: "two" in rows)
    assert "one" in rows
    session.type("printf '%s\\n' {1..100}\r")
    # Keys that come before the prompt does are echoed as they are
    await session.shows(lambda rows: "100" in rows and [row for row in rows if row][-1] == "$")
    assert session.terminal.scrollback_length > 70
    session.press("up", "home")
    session.type("x")
    await session.shows("xprintf")
    session.press("ctrl+c")
    # What is typed before the new prompt may be thrown away with the line (termios(3), NOFLSH).
    await session.shows(lambda rows: any("^C" in row for row in rows[:-1]))
    session.type("exit\r")
    await session.until(lambda: session.ends == 1)


@needs("less")
async def test_less(session: Session, numbers: Path) -> None:
    await session.run("bash", "-c", f"echo before; less {numbers}; echo after")
    rows = await session.shows("numbers")
    assert rows[:2] == ["number 1", "number 2"]
    assert session.terminal.modes.is_alternate
    assert session.terminal.scrollback_length == 0
    session.press("space")
    rows = await session.shows(lambda rows: rows[0] == "number 24")
    assert rows[22] == "number 46"
    session.press("up")
    await session.shows(lambda rows: rows[0] == "number 23")
    session.press("end")
    await session.shows(lambda rows: rows[22] == "number 200")
    session.type("/number 77\r")
    rows = await session.shows(lambda rows: any("not found" in row for row in rows))
    session.press("enter")
    session.type("g/number 77\r")
    await session.shows(lambda rows: rows[0] == "number 77")
    assert session.terminal.cell(0, 0).reverse
    session.type("q")
    rows = await session.shows("after")
    assert rows[:2] == ["before", "after"]
    assert not session.terminal.modes.is_alternate


@needs("vim.tiny")
async def test_vim(session: Session, numbers: Path) -> None:
    await session.run("vim.tiny", "-u", "NONE", str(numbers))
    await session.shows("number 23")
    session.type("ihello \x1b")
    await session.shows("hello number 1")
    session.type("G")
    rows = await session.shows("number 200")
    assert rows[0] == "number 178"
    session.type("gg")
    await session.shows(lambda rows: rows[0] == "hello number 1")
    session.type("5dd")
    rows = await session.shows(lambda rows: rows[0] == "number 6")
    assert rows[1] == "number 7"
    session.type("u")
    await session.shows(lambda rows: rows[0] == "hello number 1")
    session.press("down", "down", "right")
    await session.until(lambda: (session.terminal.cursor.x, session.terminal.cursor.y) == (1, 2))
    session.terminal.resize(60, 12)
    session.pump.resize(60, 12)
    rows = await session.shows(lambda rows: "number 12" in rows[10:11])
    assert [row.split()[-1] for row in rows[:11]] == [str(number) for number in range(2, 13)]
    assert rows[session.terminal.cursor.y] == "number 3"
    session.type(":q!\r")
    await session.until(lambda: session.ends == 1)
    assert not session.terminal.modes.is_alternate


@needs("top")
async def test_top(session: Session) -> None:
    await session.run("top", "-d", "30")
    rows = await session.shows(lambda rows: any("PID" in row and "COMMAND" in row for row in rows))
    assert rows[0].startswith("top - ")
    header = next(number for number, row in enumerate(rows) if "PID" in row)
    assert session.terminal.cell(5, header).reverse
    assert re.search(r"^ *\d+ ", rows[header + 1])
    session.type("q")
    await session.until(lambda: session.ends == 1)


@needs("tmux")
async def test_tmux(session: Session, tmp_path: Path) -> None:
    config = tmp_path / "tmux.conf"
    config.write_text("set -g assume-paste-time 0\n")  # keys that come at once are keys all the same
    socket = str(tmp_path / "socket")
    await session.run("tmux", "-u", "-S", socket, "-f", str(config), "new-session", "bash --norc")
    try:
        rows = await session.shows(lambda rows: rows[0] and rows[23].startswith("[0]"))
        assert session.terminal.cell(0, 23).bg == 2
        session.type("echo one\r")
        await session.shows(lambda rows: "one" in rows)
        session.type("\x02%")
        rows = await session.shows(lambda rows: rows[5][40:41] == "│")
        assert all(row[40:41] == "│" for row in rows[:23])
        session.type("echo two\r")
        await session.shows(lambda rows: any(row[41:].rstrip() == "two" for row in rows))
        session.type("seq 100\r")
        rows = await session.shows(lambda rows: any(row[41:].rstrip() == "100" for row in rows))
        assert "one" in [row[:40].rstrip() for row in rows]
        session.terminal.resize(100, 30)
        session.pump.resize(100, 30)
        await session.shows(lambda rows: len(rows) == 30 and rows[29].startswith("[0]"))
    finally:
        killer = await asyncio.create_subprocess_exec("tmux", "-S", socket, "kill-server")
        await killer.wait()
    await session.until(lambda: session.ends == 1)
    await session.shows("[server exited]")


@needs("tput")
@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("tput cup 2 3; printf x; tput rep 120 5; printf y", "xxxx"),
        ("tput smacs; printf lqk; tput rmacs; printf lqk", "┌─┐lqk"),
        ("printf abc; tput cub 2; tput ech 1; printf '\\033[1Cd'", "a d"),
        ("printf a; tput ht; printf b; tput cbt; tput cbt; printf c", "c       b"),
        ("printf abc; tput cr; tput ich 2; printf xy", "xyabc"),
        ("tput cup 3 0; printf end; tput cup 0 0; tput indn 2; tput cup 1 3; printf ' up'", "end up"),
    ],
)
async def test_the_terminfo_entry_that_we_claim_holds(session: Session, script: str, wanted: str) -> None:
    await session.run("bash", "-c", f"{script}; sleep 0.1")
    await session.shows(wanted)
