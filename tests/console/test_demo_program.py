"""The demo as a program, on real terminals: how it begins, goes on and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.pty_program import PtyProgram

PYTHON = [sys.executable, "-m", "machinedeck"]
CONSOLE = [*PYTHON, "--demo"]


def is_over(pid: int) -> bool:
    """Whether a process ended; whoever inherited it may not have reaped it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def service_of(console: PtyProgram) -> int:
    """The process id of the service of a console."""
    tasks = Path(f"/proc/{console.process.pid}/task").iterdir()
    (pid,) = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    return pid


def see_and_leave(console: PtyProgram) -> None:
    """See that a console shows a demo, and that it ends with all that belongs to it when it is left."""
    console.wait_for("● live")
    assert "DEMO" in console.screen
    pid = service_of(console)
    console.send(b"q")
    assert console.wait_end() == 0
    assert is_over(pid)
    console.assert_left_as_found()


def wait_until(is_so: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not in {seconds} s"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.promise("The demo's service never outlives its console", where="bare host")
def test_however_the_console_ends_its_service_does(number: signal.Signals) -> None:
    with PtyProgram(CONSOLE) as console:
        console.wait_for("● live")
        pid = service_of(console)
        console.process.send_signal(number)
        console.wait_end()
        wait_until(lambda: is_over(pid), 20)


@pytest.mark.promise("The demo's service never outlives its console", where="bare host")
def test_a_console_that_is_left_has_ended_its_service() -> None:
    with PtyProgram(CONSOLE) as console:
        see_and_leave(console)


@pytest.mark.promise("A service of our own that ends is started anew", where="bare host")
def test_a_console_goes_on_with_another_service() -> None:
    with PtyProgram(CONSOLE) as console:
        console.wait_for("● live")
        first = service_of(console)
        os.kill(first, signal.SIGKILL)
        console.wait_for("Connection lost")
        console.wait(lambda console: "● live" in console.screen and "lost" not in console.screen)
        assert service_of(console) != first
        assert is_over(first)


@pytest.mark.promise(
    "Nobody gets into a demo silently: the first-run screen offers it on a key", where="bare host"
)
def test_from_the_first_run_to_the_demo(tmp_path: Path) -> None:
    nowhere = [*CONSOLE[:-1], "--bus", f"unix:path={tmp_path}/none"]
    with PtyProgram(nowhere) as console:
        console.wait_for("d look around")
        assert "DEMO" not in console.screen
        console.send(b"d")
        see_and_leave(console)


@pytest.mark.promise("In a demo every screen has the word DEMO and a frame of its colour", where="bare host")
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_a_captive_terminal_shows_that_it_is_a_demo(locale: str) -> None:
    with PtyProgram(CONSOLE, size=(80, 24), environment={"LANG": locale}) as console:
        console.wait_for(" live")
        console.send(b"G\r")
        console.wait_for("all other keys go to")
        console.wait_for("Type 'help'")
        side = "|" if locale == "C" else "┃"

        def is_framed(program: PtyProgram) -> bool:
            lines = program.screen.splitlines()
            is_whole = len(lines) == 24 and lines[0].startswith(" DEMO ")
            return is_whole and all(line[:1] == side == line[-1:] for line in lines[2:-1])

        console.wait(is_framed)


@pytest.mark.parametrize("line", ["--demo list --json", "list --json --demo", "--bus demo list --json"])
def test_verbs_of_the_demo(line: str) -> None:
    done = subprocess.run([*PYTHON, *line.split()], capture_output=True, text=True, check=True, timeout=30)
    assert {"db-primary", "web-1"} <= {record["machine"] for record in json.loads(done.stdout)}


def test_a_dumb_terminal_gets_the_table() -> None:
    with PtyProgram(CONSOLE, environment={"TERM": "dumb"}) as console:
        assert console.wait_end() == 0
        assert "db-primary" in console.screen


def test_the_service_by_hand(tmp_path: Path) -> None:
    address = f"unix:path={tmp_path}/bus"
    options = ["--listen", address, "--demo", "--seed", "3"]
    command = [*PYTHON, "service", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline().strip() == address
        run = Path(f"/proc/{service.pid}/cmdline").read_text().split("\0")[:-1]
        assert run == [sys.executable, "-I", "-m", "machined", *options]
        listed = subprocess.run(
            [*PYTHON, "--bus", address, "list"], capture_output=True, text=True, check=True, timeout=30
        )
        assert "db-primary" in listed.stdout
        service.terminate()
        assert service.wait(20) == 0


def test_the_service_reads_its_own_options() -> None:
    asked = subprocess.run(
        [*PYTHON, "service", "--help"], check=False, capture_output=True, text=True, timeout=30
    )
    assert (asked.returncode, "--listen" in asked.stdout) == (0, True)
    wrong = subprocess.run(
        [*PYTHON, "service", "--nonsense"], check=False, capture_output=True, text=True, timeout=30
    )
    assert wrong.returncode == 2
    assert "--nonsense" in wrong.stderr
