"""Programs that show and signal processes."""

from __future__ import annotations

import re
import signal as signals
from typing import NamedTuple

from machined.host.simulated.processes import Process
from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.layout import cut, printable
from machined.host.simulated.shell.programs.dates import moment
from machined.host.simulated.shell.system import System
from machined.host.simulated.system_files import MEMORY


class Row(NamedTuple):
    """What is shown of a process."""

    process: Process
    pid: int
    parent: int
    user: str
    cpu: float
    """Percent of one CPU."""
    memory: float
    """Percent of the host's."""
    seconds: int
    """CPU time."""
    started: int
    """Seconds since the epoch."""
    tty: str
    state: str
    command: str


def rows_of(system: System) -> list[Row]:
    """The processes that can be seen."""
    return [_row(system, process) for process in system.processes()]


def _row(system: System, process: Process) -> Row:
    age = max(0, system.clock.monotonic() - process.started)
    return Row(
        process=process,
        pid=system.pid(process),
        parent=system.parent_pid(process),
        user=process.user if len(process.user) <= 8 else f"{process.user[:7]}+",
        cpu=process.load * 100,
        memory=process.memory * 100 / MEMORY,
        seconds=int(age * process.load / 1e6),
        started=(system.clock.realtime() - age) // 1_000_000,
        tty=process.tty or "?",
        state="R" if process.load > 0.5 else "S",
        command=printable(process.command),
    )


async def ps(call: Call) -> int:
    """List processes."""
    letters = "".join(call.arguments).replace("-", "")
    if set(letters) - set("auxefwlAHj"):
        raise UsageError("unsupported option")
    rows = rows_of(call.system)
    if "u" in letters:
        lines = ["USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"]
        lines += [_aux_line(call, row) for row in rows]
    elif "f" in letters:
        lines = ["UID          PID    PPID  C STIME TTY          TIME CMD"]
        lines += [
            f"{row.user:<8} {row.pid:>7} {row.parent:>7} {int(row.cpu):>2} {_start(call, row)}"
            f" {row.tty:<8} {_clock_time(row.seconds)} {row.command}"
            for row in rows
        ]
    else:
        has_all = bool(set(letters) & set("eAax"))
        lines = ["    PID TTY          TIME CMD"]
        lines += [
            f"{row.pid:>7} {row.tty:<8} {_clock_time(row.seconds)} {row.process.name}"
            for row in rows
            if has_all or row.tty == call.shell.tty
        ]
    if call.is_on_terminal:
        columns = call.shell.terminal.size.columns
        lines = [cut(line, columns) for line in lines]
    await call.print(*lines)
    return 0


def _aux_line(call: Call, row: Row) -> str:
    resident = row.process.memory // 1024
    minutes = f"{row.seconds // 60}:{row.seconds % 60:02}"
    state = row.state + ("s" if row.pid == 1 or row.tty != "?" else "")
    return (
        f"{row.user:<8} {row.pid:>7} {row.cpu:>4.1f} {row.memory:>4.1f} {resident * 3:>6} {resident:>5}"
        f" {row.tty:<8} {state:<4} {_start(call, row)} {minutes:>6} {row.command}"
    )


def _start(call: Call, row: Row) -> str:
    """When a process was started: the time today, else the day."""
    at = moment(row.started)
    is_recent = call.shell.files.now - row.started < 86400
    return f"{at:%H:%M}" if is_recent else f"{at:%b%d}"


def _clock_time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


async def kill(call: Call) -> int:
    """Send a signal to processes."""
    arguments = list(call.arguments)
    if arguments[:1] == ["-l"]:
        await call.print(" ".join(one.name[3:] for one in sorted(signals.Signals)))
        return 0
    number = int(signals.SIGTERM)
    if arguments and (match := re.fullmatch(r"-(?:s)?([A-Za-z0-9+]+)?", arguments[0])):
        arguments.pop(0)
        number = _signal_number(match[1] or (arguments.pop(0) if arguments else ""))
    if not arguments:
        raise UsageError("usage: kill [-s SIGNAL | -SIGNAL] PID...")
    status = 0
    for text in arguments:
        process = call.system.find(int(text)) if text.isdecimal() and len(text) < 10 else None
        if not text.isdecimal():
            status = await call.complain(f"{text}: arguments must be process ids")
        elif process is None:
            status = await call.complain(f"({text}) - No such process")
        elif not (call.shell.account.is_root or process.user == call.shell.account.name):
            status = await call.complain(f"({text}) - Operation not permitted")
        elif not number:
            continue
        else:
            call.system.signal(process, number)
    return status


def _signal_number(text: str) -> int:
    """The number of a signal by its number or name (kill(1)).

    Raises:
        UsageError: There is none.
    """
    if text.isdecimal() and len(text) < 4 and int(text) <= 64:
        return int(text)
    name = text.upper().removeprefix("SIG")
    if match := re.fullmatch(r"RTMIN(?:\+(\d{1,2}))?", name):
        return min(64, int(signals.SIGRTMIN) + int(match[1] or 0))
    found = signals.Signals.__members__.get(f"SIG{name}")
    if found is None:
        raise UsageError(f"{text}: invalid signal specification")
    return int(found)


PROGRAMS = [
    Program("ps", "list processes", ps, "[aux | -ef]"),
    Program("kill", "signal processes", kill, "[-SIGNAL] PID...", is_builtin=True),
]
