"""The way to the operator's terminal: nothing is lost on it, on real terminals."""

from __future__ import annotations

import os
import pty
import sys
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from machinedeck.ui.outlet import MOST, Outlet
from tests.support.pty_program import PtyProgram


@pytest.fixture
def terminal() -> Iterator[tuple[int, Outlet]]:
    """Our side of a terminal that does not wait, and the outlet to it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(slave, False)
    with os.fdopen(slave, "w", encoding="utf-8", errors="backslashreplace") as file:
        yield master, Outlet(file)
    os.close(master)


def test_a_slow_terminal_that_does_not_wait_gets_all(terminal: tuple[int, Outlet]) -> None:
    master, outlet = terminal
    text = "".join(f"line {number} ─╮\n" for number in range(20_000))
    writer = threading.Thread(target=lambda: (outlet.write(text), outlet.flush()))
    writer.start()
    read = b""
    while len(read) < len(text.encode()):
        read += os.read(master, 4096)
    writer.join(10)
    assert read == text.encode()
    assert len(read) > 4 * MOST


def test_it_waits_to_be_told_that_all_is_there(terminal: tuple[int, Outlet]) -> None:
    master, outlet = terminal
    os.set_blocking(master, False)
    outlet.write("half a picture")
    with pytest.raises(BlockingIOError):
        os.read(master, 100)
    outlet.write(", and the rest")
    outlet.flush()
    assert os.read(master, 100) == b"half a picture, and the rest"


def test_what_cannot_be_written_is_spelt(terminal: tuple[int, Outlet]) -> None:
    master, outlet = terminal
    outlet.write("a\udcffb")
    outlet.flush()
    assert os.read(master, 100) == rb"a\udcffb"


def test_a_terminal_that_is_gone_is_an_error() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as file:
        outlet = Outlet(file)
        assert outlet.isatty()
        assert outlet.fileno() == slave
        os.close(master)
        outlet.write("anybody there?")
        with pytest.raises(OSError, match="Input/output error"):
            outlet.flush()


def read_all(console: PtyProgram) -> None:
    """Read until nothing comes for half a second: the last key has been taken then, and its picture drawn."""
    before = -1
    while len(console.output) > before:
        before = len(console.output)
        console.read(0.5)


@pytest.mark.promise(
    "A terminal that takes nothing for a while is drawn on again, whatever it is set to", where="bare host"
)
def test_the_console_on_a_terminal_that_takes_nothing_for_a_while() -> None:
    with PtyProgram([sys.executable, "-m", "machinedeck", "--demo"], size=(200, 50)) as console:
        console.wait_for("● live")
        os.set_blocking(console.slave, False)  # its own as well: it has the same open file description
        for key in [b"?", b"\x1b"] * 20:
            console.send(key)
            time.sleep(0.1)  # nobody reads: the terminal is full long before the last
        read_all(console)
        assert "● live" in console.screen
        console.send(b"J")
        console.wait_for("Nothing was done from here yet.")
        console.send(b"\x1b")
        console.wait(lambda program: "Nothing was done from here yet." not in program.screen)
        console.send(b"q")
        assert console.wait_end() == 0
