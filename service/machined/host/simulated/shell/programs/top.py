"""The program `top`: processes on the whole screen, again and again."""

from __future__ import annotations

from collections.abc import Callable

from machined.host.simulated.shell.call import Call, Program
from machined.host.simulated.shell.fullscreen import FullScreen, full_screen
from machined.host.simulated.shell.keys import Key
from machined.host.simulated.shell.layout import cut, printable
from machined.host.simulated.shell.programs.dates import moment
from machined.host.simulated.shell.programs.facts import load_averages, up_text, used_memory
from machined.host.simulated.shell.programs.processes import Row, rows_of
from machined.host.simulated.system_files import CPUS, MEMORY

SECONDS = 2.0
"""Between two pictures."""

_ORDERS: dict[str, Callable[[Row], float]] = {
    "P": lambda row: -row.cpu,
    "M": lambda row: -row.process.memory,
    "T": lambda row: -row.seconds,
    "N": lambda row: -row.pid,
}
_HEADING = "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND"
_HELP = " q quit   P by CPU   M by memory   T by time   N by pid   up, down: scroll"


async def top(call: Call) -> int:
    """Show the processes until `q`."""
    if not call.is_on_terminal:
        await call.print(*_summary(call), "", _HEADING, *map(_line, _sorted(call, "P")))
        return 0
    order, first = "P", 0
    async with full_screen(call.shell.terminal, call.system.clock) as screen:
        while True:
            if not screen.is_behind:
                first = await _draw(call, screen, order, first)
            key = await screen.next_event(SECONDS)
            if key is None:
                continue
            if key.text == "q" or key.name in {"ctrl-c", "ctrl-d"}:
                return 0
            order = key.text if key.text in _ORDERS else order
            first += _scrolled(key, screen)


def _scrolled(key: Key, screen: FullScreen) -> int:
    """How many lines a key scrolls."""
    page = max(1, screen.size.lines - 8)
    steps = {"down": 1, "up": -1, "pagedown": page, "pageup": -page, "home": -1_000_000, "end": 1_000_000}
    return steps.get(key.name, 0)


async def _draw(call: Call, screen: FullScreen, order: str, first: int) -> int:
    """Draw a picture; the number of the first process in it."""
    columns, lines = screen.size
    rows = _sorted(call, order)
    room = max(0, lines - 7)
    first = max(0, min(first, len(rows) - room))
    picture = [cut(line, columns) for line in _summary(call)] + [""]
    picture.append(screen.bar(_HEADING))
    for row in rows[first : first + room]:
        text = cut(_line(row), columns)
        picture.append(f"\x1b[1m{text}" if row.state == "R" else text)
    picture = picture[: max(0, lines - 1)]
    picture += [""] * (lines - 1 - len(picture))
    await screen.show([*picture, f"\x1b[2m{cut(_HELP, columns)}"])
    return first


def _sorted(call: Call, order: str) -> list[Row]:
    return sorted(rows_of(call.system), key=lambda row: (_ORDERS[order](row), row.pid))


def _summary(call: Call) -> list[str]:
    """The lines above the list."""
    system = call.system
    now = moment(system.clock.realtime() / 1e6)
    rows = rows_of(system)
    running = sum(row.state == "R" for row in rows)
    busy = min(100.0, sum(row.cpu for row in rows) / CPUS)
    used = used_memory(system)
    mebi = 1024**2
    return [
        f"top - {now:%H:%M:%S} up {up_text(system.uptime)},  1 user,  load average: {load_averages(system)}",
        f"Tasks: {len(rows):>3} total, {running:>3} running, {len(rows) - running:>3} sleeping,   0 stopped",
        f"%Cpu(s): {busy * 0.8:>4.1f} us, {busy * 0.2:>4.1f} sy,  0.0 ni, {100 - busy:>5.1f} id,  0.0 wa",
        f"MiB Mem :  {MEMORY / mebi:>8.1f} total, {(MEMORY - used) / mebi:>8.1f} free, "
        f"{used / mebi:>8.1f} used",
        "MiB Swap:       0.0 total,       0.0 free,       0.0 used",
    ]


def _line(row: Row) -> str:
    resident = row.process.memory // 1024
    hundredths = int(row.seconds * 100)
    time = f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"
    return (
        f"{row.pid:>7} {row.user:<8}  20   0 {_size(resident * 3):>7} {_size(resident):>6}"
        f" {_size(resident // 2):>6} {row.state} {row.cpu:>5.1f} {row.memory:>5.1f} {time:>9}"
        f" {printable(row.process.name)}"
    )


def _size(kibibytes: int) -> str:
    """A size that fits into its column, as top(1) scales it."""
    if kibibytes < 1_000_000:
        return str(kibibytes)
    return f"{kibibytes / 1024**2:.1f}g" if kibibytes >= 10_000_000 else f"{kibibytes / 1024:.0f}m"


PROGRAMS = [Program("top", "watch processes", top)]
