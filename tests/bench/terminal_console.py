"""The console on a terminal of its own: what it writes there, and how soon a key shows beside a flood."""

from __future__ import annotations

import statistics
import sys
import time

from tests.bench.rows import Measure
from tests.support.pty_program import PtyProgram

CONSOLE = [sys.executable, "-m", "machinedeck", "--demo"]
CHARACTERS = "abcdefghijklmnopqrst"
IDLE_SECONDS = 3.0
KEYS = 60


def quiet(program: PtyProgram, seconds: float = 0.4) -> None:
    """Read until nothing came for a while."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        program.read(0.02)
        if len(program.output) != seen:
            seen, since = len(program.output), time.monotonic()


def open_shell(program: PtyProgram) -> None:
    """Open a shell in the machine that the list stands on."""
    program.send(b"\r")
    program.wait_for("leave")
    program.wait_for(":~#")
    quiet(program, 0.3)


def leave(program: PtyProgram) -> None:
    """Leave the terminal that keys go to."""
    program.send(b"\x1b[24~")
    program.wait_for("Enter")


def bytes_written() -> tuple[float, float]:
    """For one character that is echoed (median), and in an idle second."""
    with PtyProgram(CONSOLE, (120, 40)) as program:
        program.wait_for("● live")
        quiet(program, 1.0)
        open_shell(program)
        costs = []
        for character in CHARACTERS:
            before = len(program.output)
            program.send(character.encode())
            program.wait(lambda one, before=before: len(one.output) > before)
            quiet(program, 0.15)
            costs.append(len(program.output) - before)
        quiet(program, 1.0)
        before, until = len(program.output), time.monotonic() + IDLE_SECONDS
        while time.monotonic() < until:
            program.read(0.05)
        return statistics.median(costs), (len(program.output) - before) / IDLE_SECONDS


def echo_times() -> list[float]:
    """Milliseconds from a key to its echo on the screen while another tab floods."""
    times = []
    with PtyProgram(CONSOLE, (120, 40)) as program:
        program.wait_for("● live")
        quiet(program, 1.0)
        open_shell(program)
        leave(program)
        quiet(program)
        open_shell(program)
        leave(program)
        program.send(b"[\r")
        quiet(program)
        program.send(b"yes a flood\r")
        program.wait(lambda one: one.screen.count("a flood") > 5)
        leave(program)
        program.send(b"]\r")
        program.wait(lambda one: "a flood" not in one.screen and ":~#" in one.screen)
        time.sleep(0.5)
        program.read()
        for number in range(KEYS):
            character = CHARACTERS[number % len(CHARACTERS)].encode()
            before = program.terminal.cursor, program.screen
            began = time.perf_counter()
            program.send(character)
            while (program.terminal.cursor, program.screen) == before:
                program.read(0.001)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.05 + number * 0.0013)
            program.read(0.001)
    return times


def measure() -> list[Measure]:
    """Bytes and times, beside their bounds."""
    echo, idle = bytes_written()
    p95 = statistics.quantiles(echo_times(), n=20)[-1]
    return [
        Measure("terminal", "bytes for one character echoed", echo, "B", "must, B", 200, "<= 1"),
        Measure("terminal", "bytes for one character echoed", echo, "B", "aim, B", 120, ""),
        Measure("terminal", "bytes in an idle second, and one", idle + 1, "B", "none, and one", 1, "<= 1"),
        Measure("terminal", "key to echo beside a flood, p95", p95, "ms", "must, ms", 50, "<= 1"),
        Measure("terminal", "key to echo beside a flood, p95", p95, "ms", "aim, ms", 30, ""),
    ]
