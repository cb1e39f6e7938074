"""From the screen to the lines that Textual writes, and what the scrollback weighs."""

from __future__ import annotations

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pyte
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip

from machinedeck.term import Terminal
from machinedeck.term.history import History
from machinedeck.term.marking import Marking
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.picture import TerminalPicture
from tests.bench import workloads
from tests.bench.rows import Measure

SIZE = (200, 50)
FRAMES = 60
LINES = 10_000
LENGTH = 125


class Bare(App[None]):
    """A picture of a terminal and nothing else."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal

    def compose(self) -> ComposeResult:
        """The picture."""
        shown = cast(Session, SimpleNamespace(terminal=self.terminal, has_ended=False))
        yield TerminalPicture(shown, Marking(History(self.terminal)))


def pictures() -> Iterator[bytes]:
    """Frames in which every line is another one, some with colours, as a log that runs through."""
    lines = workloads.log().split(b"\r\n")
    for number in range(FRAMES):
        part = lines[number * 50 : number * 50 + 50]
        yield b"\x1b[H\x1b[2J" + b"\r\n".join(
            b"\x1b[3%dm%s\x1b[0m%s" % (at % 8, line[:20], line[20:]) if at % 5 == 0 else line
            for at, line in enumerate(part)
        )


async def frame_times() -> tuple[list[float], list[float]]:
    """Milliseconds for all lines of a frame, and for one."""
    terminal = Terminal(*SIZE)
    app = Bare(terminal)
    everything, one = [], []
    async with app.run_test(size=SIZE) as pilot:
        view = app.query_one(TerminalPicture)
        await pilot.pause()
        for picture in pictures():
            terminal.feed(picture)
            began = time.process_time()
            for y in range(SIZE[1]):
                view.render_line(y)
            everything.append((time.process_time() - began) * 1000)
            terminal.feed(b"\x1b[25;1H" + picture[-90:-20])
            began = time.process_time()
            view.render_line(24)
            one.append((time.process_time() - began) * 1000)
    return everything, one


def pyte_frame() -> float:
    """Milliseconds for the same frame out of pyte's cells: runs of equal looks, a segment each."""
    screen = pyte.Screen(*SIZE)
    stream = pyte.ByteStream(screen)
    styles: dict[tuple[object, ...], Style] = {}
    times = []
    for picture in pictures():
        stream.feed(picture)
        began = time.process_time()
        for y in range(SIZE[1]):
            segments, text, before = [], "", None
            row = screen.buffer[y]
            for x in range(SIZE[0]):
                cell = row[x]
                if cell[1:] != before:
                    if text:
                        segments.append(Segment(text, styles.setdefault(before or (), Style(bold=False))))
                    text, before = "", cell[1:]
                text += cell.data
            segments.append(Segment(text, styles.setdefault(before or (), Style(bold=False))))
            Strip(segments, SIZE[0])
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def weight(make: Callable[[], tuple[object, Callable[[bytes], object]]]) -> float:
    """Megabytes that a terminal takes with all its scrollback full."""
    block = [b"%06d %s\r\n" % (number, b"x" * (LENGTH - 7)) for number in range(LINES + SIZE[1])]
    tracemalloc.start()
    kept, feed = make()
    for line in block:
        feed(line)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size / 1e6


def made_terminal() -> tuple[object, Callable[[bytes], object]]:
    """Ours."""
    terminal = Terminal(*SIZE)
    return terminal, terminal.feed


def made_pyte() -> tuple[object, Callable[[bytes], object]]:
    """pyte's with scrollback."""
    screen = pyte.HistoryScreen(*SIZE, history=LINES, ratio=0.5)
    return screen, pyte.ByteStream(screen).feed


def measure() -> list[Measure]:
    """Medians."""
    everything, one = asyncio.run(frame_times())
    values = [
        ("strips, 200x50, all lines changed", statistics.median(everything), "ms", 0.6, 0.4),
        ("strips, 200x50, one line changed", statistics.median(one), "ms", 0.05, 0.03),
        ("memory of 10,000 lines of 125 characters", weight(made_terminal), "MB", 10, 8),
    ]
    measures = []
    for name, value, unit, must, aim in values:
        measures.append(Measure("terminal", name, value, unit, f"must, {unit}", must, "<= 1"))
        measures.append(Measure("terminal", name, value, unit, f"aim, {unit}", aim, ""))
    name, value = values[0][:2]
    measures.append(Measure("terminal", name, value, "ms", "out of pyte's cells, ms", pyte_frame(), ""))
    name, value = values[2][:2]
    measures.append(Measure("terminal", name, value, "MB", "pyte.HistoryScreen, MB", weight(made_pyte), ""))
    return measures
