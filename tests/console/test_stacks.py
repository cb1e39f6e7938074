"""A console that hangs says where, on SIGUSR1."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.pty_program import PtyProgram

BUSY = """
import asyncio, os, time
import machinedeck.ui.acting as acting, machinedeck.__main__ as main

def holds_up(self, *_):
    open(os.environ["HOME"] + "/holds", "w").close()
    while not os.path.exists(os.environ["HOME"] + "/go-on"):
        time.sleep(0.01)

acting.Acting.refusal = holds_up
main.main()
"""


@pytest.mark.promise("A console that hangs writes down where when SIGUSR1 comes", where="bare host")
def test_a_console_that_hangs_says_where(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUSY, "--demo"]
    file = tmp_path / ".local/state/machinedeck/stacks.txt"
    with PtyProgram(command, environment={"HOME": str(tmp_path)}) as console:
        console.wait_for("● live")
        console.send(b"t")
        console.wait(lambda _: (tmp_path / "holds").exists())
        console.process.send_signal(signal.SIGUSR1)
        console.wait(lambda _: file.exists() and "focus on" in file.read_text())
        told = file.read_text()
        (tmp_path / "go-on").touch()
        console.wait_for("leave it alone")
        console.send(b"n")
        console.wait(lambda program: "leave it alone" not in program.screen)
        console.send(b"q")
        assert console.wait_end() == 0
    assert "in holds_up" in told
    assert "--- thread textual-output" in told
    assert re.search(r"--- tasks \(1\): follow\n(  File .*\n)+.* in _pause", told), told
    assert "painting is held up 0 times" in told
    assert "the thread that writes to the terminal is alive, 0 texts wait for it" in told
    assert os.stat(file).st_mode & 0o777 == 0o600


def test_where_the_state_cannot_be_written_it_is_said_where_it_is(tmp_path: Path) -> None:
    (tmp_path / ".local").touch()
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    with PtyProgram([sys.executable, "-m", "machinedeck", "--demo"], environment=environment) as console:
        console.wait_for("● live")
        console.process.send_signal(signal.SIGUSR1)
        console.wait_for("What it is busy with was written to")
        console.send(b"q")
        assert console.wait_end() == 0
    (file,) = tmp_path.glob("machinedeck-*")
    assert "focus on" in file.read_text()
    assert os.stat(file).st_mode & 0o777 == 0o600


def test_where_nothing_of_the_operators_may_be_written(tmp_path: Path) -> None:
    without_home = {"HOME": "", "XDG_STATE_HOME": "", "TMPDIR": str(tmp_path)}
    with PtyProgram([sys.executable, "-m", "machinedeck", "--demo"], environment=without_home) as console:
        console.wait_for("● live")
        console.process.send_signal(signal.SIGUSR1)
        console.wait(lambda _: list(tmp_path.glob("machinedeck-*")))
        console.send(b"q")
        assert console.wait_end() == 0
