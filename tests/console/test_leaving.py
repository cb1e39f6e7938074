"""However the console ends, the operator's terminal is as it was. On real terminals, as a real process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinedeck.model.text import UNKNOWN
from tests.bench.terminal_console import quiet
from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1
from tests.support.pty_program import PtyProgram

LEAVING = pytest.mark.promise("However it ends, the operator's terminal is left as it was", where="bare host")
MACHINEDECK = [sys.executable, "-m", "machinedeck"]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A bus on which somebody serves two machines."""
    with private_daemon(tmp_path) as address:
        ready, end = threading.Event(), asyncio.Event()
        loop = asyncio.new_event_loop()

        async def serve() -> None:
            connection = await Machine1(2).serve(address)
            ready.set()
            await end.wait()
            await connection.close()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        assert ready.wait(10)
        yield address
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def console(address: str) -> Iterator[PtyProgram]:
    """A console on it, with its first picture drawn."""
    with PtyProgram([*MACHINEDECK, "--bus", address]) as program:
        program.wait_for("machine-01")
        program.wait_for("● live")
        assert program.terminal.modes.is_alternate
        yield program


@LEAVING
def test_quit(console: PtyProgram) -> None:
    console.send(b"q")
    assert console.wait_end() == 0
    console.assert_left_as_found()


@LEAVING
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals(console: PtyProgram, number: signal.Signals) -> None:
    console.process.send_signal(number)
    assert console.wait_end() == 128 + number
    console.assert_left_as_found()


@LEAVING
def test_a_crash() -> None:
    with PtyProgram([sys.executable, "-m", "tests.support.crashing"]) as program:
        program.wait_for("web-1")
        program.wait(lambda program: program.process.poll() is not None)
        program.wait(lambda program: b"ZeroDivisionError" in program.output)
        assert program.process.returncode != 0
        program.assert_left_as_found()


@LEAVING
def test_suspend_and_come_back(address: str) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with PtyProgram(shell, environment={"PS1": "prompt> ", "BUS": address}) as program:
        program.wait_for("prompt>")
        attributes = program.attributes
        program.send(f'"{sys.executable}" -m machinedeck --bus "$BUS"\r'.encode())
        program.wait_for("● live")
        quiet(program, 1.0)  # what is still being read would be drawn when it is there
        program.send(b"\x1a")
        program.wait_for("Stopped")
        program.wait_for("prompt>")
        modes = program.terminal.modes
        assert not modes.is_alternate
        assert modes.mouse == ""
        assert program.terminal.cursor.is_visible
        program.send(b"fg\r")
        program.wait_for("● live")
        program.wait_for("machine-01")
        for text in ("─ Machines", "─ Images", "─ Pool", "q quit"):  # all is drawn anew
            program.wait_for(text)
        assert program.terminal.modes.is_alternate
        program.send(b"q")
        # What is typed before the prompt is thrown away when the terminal is restored.
        program.wait(lambda program: program.screen.rstrip().endswith("prompt>"))
        program.send(b"exit\r")
        assert program.wait_end() == 0
        program.attributes = attributes
        program.assert_left_as_found()


@pytest.mark.promise("A dropped line ends the console and its shells", where="bare host")
def test_a_dropped_line(console: PtyProgram) -> None:
    console.hang_up()
    console.process.wait(20)


@pytest.mark.promise("A dropped line ends the console and its shells", where="bare host")
@pytest.mark.parametrize("time", range(5))
def test_everything_at_once(console: PtyProgram, time: int) -> None:
    # As systemd stops a unit whose terminal goes with it: SIGTERM, SIGCONT, and the hangup.
    console.process.send_signal(signal.SIGTERM)
    console.process.send_signal(signal.SIGCONT)
    console.hang_up()
    console.process.wait(20)


def test_a_terminal_that_goes_without_a_signal(console: PtyProgram, tmp_path: Path) -> None:
    # As under nohup(1): the hangup signal never arrives, and reading only says that the end is there.
    console.process.send_signal(signal.SIGSTOP)
    console.process.send_signal(signal.SIGCONT)
    console.wait_for("● live")
    console.hang_up()
    console.process.wait(20)


@pytest.mark.promise("Over SSH there are no animations and fewer pictures a second", where="bare host")
def test_ssh(address: str) -> None:
    code = "import machinedeck.__main__ as m, sys; sys.argv[1:] = ['--bus', sys.argv[1]]; m.main()"
    report = "; from textual import constants as c; print('fps', c.MAX_FPS, c.TEXTUAL_ANIMATIONS)"
    far = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    with PtyProgram([sys.executable, "-c", code + report, address], environment=far) as program:
        program.wait_for("● live")
        program.send(b"q")
        program.wait_end()
        assert "fps 15 none" in program.screen


@pytest.mark.promise("A non-UTF-8 locale gets plain ASCII by itself", where="bare host")
@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1", ""])
def test_no_utf8(address: str, locale: str) -> None:
    with PtyProgram([*MACHINEDECK, "--bus", address], environment={"LANG": locale}) as program:
        program.wait_for("* running")
        program.send(b"q")
        program.wait_end()
        assert program.output.isascii()


@pytest.mark.promise("A non-UTF-8 locale gets plain ASCII by itself", where="bare host")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf8"])
@pytest.mark.parametrize("verb", ["list", "images", "doctor"])
def test_verbs_without_utf8(verb: str, encoding: str, address: str) -> None:
    where = [] if verb == "doctor" else ["--demo"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "DBUS_SYSTEM_BUS_ADDRESS": address}
    ended = subprocess.run(
        [*MACHINEDECK, *where, verb], env=environment, capture_output=True, timeout=60, check=False
    )
    assert ended.stderr == b""
    if encoding != "utf8":
        assert ended.stdout.isascii()
    elif verb == "images":
        assert UNKNOWN in ended.stdout.decode(), "there is something to write otherwise"


@pytest.mark.promise("TERM=dumb prints the table of `machinedeck list`", where="bare host")
@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal(address: str, term: str) -> None:
    with PtyProgram([*MACHINEDECK, "--bus", address], environment={"TERM": term}) as program:
        assert program.wait_end() == 0
        assert "MACHINE     CLASS      SERVICE         OS      VERSION  ADDRESSES" in program.screen
        assert b"\x1b" not in program.output
