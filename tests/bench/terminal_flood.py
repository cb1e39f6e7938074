"""`yes` in the terminal that is seen: how soon the console answers, what it holds, and how it stops."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.rows import Measure
from tests.bench.terminal_console import CONSOLE, open_shell, quiet
from tests.support.pty_program import PtyProgram

SECONDS = 60.0
"""How long the flood is let run in all."""

SETTLED_SECONDS = 15.0
"""When memory is looked at first: the scrollback has all its lines by then."""

ROUNDS = 20
"""How often the terminal is left and entered again during it."""

LEAVE, HINT = b"\x1b[24~", "back to"
FRAME = re.compile(rb"\x1b\[\?2026h")
"""What every picture begins with that Textual writes."""


@contextmanager
def opened(environment: dict[str, str]) -> Iterator[PtyProgram]:
    """The console with a shell."""
    with PtyProgram(CONSOLE, (120, 40), environment) as program:
        # Asked for mode 2026, a terminal that knows it says so; only then are pictures marked.
        program.wait_for("● live")
        program.send(b"\x1b[?2026;2$y")
        quiet(program, 1.0)
        open_shell(program)
        yield program


@contextmanager
def flooded(environment: dict[str, str]) -> Iterator[PtyProgram]:
    """The console with a shell in which `yes` runs."""
    with opened(environment) as program:
        program.send(b"yes a flood\r")
        program.wait(lambda one: one.screen.count("a flood") > 30)
        yield program


def memory(pid: int) -> float:
    """MiB of a process that are its own and in use (proc_pid_status(5), RssAnon)."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return int(fields["RssAnon"].split()[0]) / 1024


def console_pid(program: PtyProgram) -> int:
    """The console itself: setsid(1) became it, or is its parent."""
    pid = program.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    is_wrapped = b"setsid" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return int(children[0]) if is_wrapped and children else pid


def answer_time(program: PtyProgram, key: bytes, is_there: str, *, is_wanted: bool) -> float:
    """Milliseconds from a key to the picture that it leads to."""
    began = time.perf_counter()
    program.send(key)
    while (is_there in program.screen) != is_wanted:
        program.read(0.001)
    return (time.perf_counter() - began) * 1000


def drain(program: PtyProgram, seconds: float) -> int:
    """Read for a while; how many pictures came."""
    before, until = len(program.output), time.monotonic() + seconds
    while time.monotonic() < until:
        program.read(0.01)
    return len(FRAME.findall(program.output, before))


def answer_times(program: PtyProgram) -> list[float]:
    """Milliseconds of leaving the terminal and entering it again, time after time."""
    answers = []
    for number in range(ROUNDS):
        answers.append(answer_time(program, LEAVE, HINT, is_wanted=True))
        drain(program, 0.2 + number * 0.0137)
        answers.append(answer_time(program, LEAVE, HINT, is_wanted=False))
        drain(program, 0.2 + number * 0.0173)
    return answers


def minute() -> tuple[list[float], float, float]:
    """Times of leaving and entering during the flood, growth of memory in MiB, time of ctrl-c."""
    with flooded({}) as program:
        began, pid = time.monotonic(), console_pid(program)
        drain(program, SETTLED_SECONDS)
        first = memory(pid)
        answers = answer_times(program)
        drain(program, max(0.0, SECONDS - (time.monotonic() - began)))
        growth = memory(pid) - first
        stop = answer_time(program, b"\x03", ":~#", is_wanted=True)
        return answers, growth, stop


def frames(environment: dict[str, str]) -> float:
    """Pictures a second during the flood."""
    with flooded(environment) as program:
        drain(program, 1.0)
        return drain(program, 5.0) / 5.0


def measure() -> list[Measure]:
    """Answers, memory and pictures beside their bounds."""
    answers, growth, stop = minute()
    with opened({}) as program:
        calm = statistics.median(answer_times(program))
    p95, median = statistics.quantiles(answers, n=20)[-1], statistics.median(answers)
    far = frames({"SSH_CONNECTION": "192.0.2.1 40000 192.0.2.2 22"})
    near = frames({})
    return [
        Measure("terminal", "yes: leave or enter the terminal, p95", p95, "ms", "must, ms", 50, "<= 1"),
        Measure("terminal", "yes: leave or enter the terminal", median, "ms", "without yes", calm, "<= 1.5"),
        Measure("terminal", "yes: memory grown in a minute, and 1", growth + 1, "MiB", "MiB", 5, "<= 1"),
        Measure("terminal", "yes: ctrl-c to the prompt", stop, "ms", "must, ms", 500, "<= 1"),
        Measure("terminal", "yes: pictures a second", near, "Hz", "must, Hz", 30, "<= 1.1"),
        Measure("terminal", "yes: pictures a second over SSH", far, "Hz", "must, Hz", 10, "<= 1.1"),
    ]
