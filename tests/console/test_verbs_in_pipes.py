"""Verbs among other programs: in a pipe that is closed, on a disk that is full, at Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

MACHINEDECK = [sys.executable, "-m", "machinedeck"]
VERBS = [["--demo", "list", "--all"], ["--demo", "images", "--json"], ["doctor"]]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_who_has_read_enough_closes_the_pipe(verb: list[str]) -> None:
    with subprocess.Popen([*MACHINEDECK, *verb], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0 or verb == ["doctor"]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_an_answer_that_cannot_be_written_is_told(verb: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*MACHINEDECK, *verb], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b"machinedeck: The answer cannot be written: No space left on device.\n"
    assert done.returncode == 1


def test_an_interrupt_ends_a_verb_without_a_word(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/bus")
        listening.listen()
        command = [*MACHINEDECK, "--bus", f"unix:path={tmp_path}/bus", "list"]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as program:
            silent, _ = listening.accept()
            with silent:
                program.send_signal(signal.SIGINT)
                _, told = program.communicate()
    assert told == b""
    assert program.returncode == -signal.SIGINT


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("verb", [["--demo", "list"], ["--demo"]], ids=["verb", "console"])
def test_streams_that_are_closed(verb: list[str], closed: str) -> None:
    line = shlex.join([*MACHINEDECK, *verb])
    with subprocess.Popen(
        ["sh", "-c", f"{line} {closed}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        answer, told = program.communicate()
    assert (told, program.returncode) == (b"", 0)
    assert (b"web-1" in answer) is (" >&-" not in f" {closed}")
