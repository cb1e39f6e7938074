"""How many megabytes a second `feed()` takes in, in chunks of 64 KiB, beside plain pyte; processor time."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable

import pyte

from machinedeck.term import Terminal
from tests.bench import workloads
from tests.bench.rows import Measure

CHUNK = 65536
TIMES = 5
PYTE_BYTES = 200_000
"""What pyte gets of each workload: it is too slow for all of it."""

PYTE_CHUNK = 1024

SIZES = ((80, 24), (200, 50))
WORKLOADS: list[tuple[str, Callable[[], bytes], float, float]] = [
    ("seq", workloads.numbers, 15, 25),
    ("log lines", workloads.log, 15, 25),
    ("ls -lR in colour", workloads.listing, 15, 25),
    ("true colour", workloads.true_colour, 3, 4),
    ("vim, htop, less, mc", workloads.mixed, 6, 8),
    ("CJK and emoji", workloads.wide, 3, 4),
]
"""Name, bytes, the megabytes a second that must be reached, and those that are aimed at."""


def speed(feed: Callable[[bytes], object], data: bytes) -> float:
    """Megabytes in a second of processor time."""
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    began = time.process_time()
    for chunk in chunks:
        feed(chunk)
    return len(data) / 1e6 / (time.process_time() - began)


def pyte_speed(kind: type[pyte.Screen], size: tuple[int, int], data: bytes) -> float:
    """That of plain pyte. Where it raises, the rest of a chunk is lost, so these are small."""
    stream = pyte.ByteStream(kind(*size))

    def feed(chunk: bytes) -> None:
        for start in range(0, len(chunk), PYTE_CHUNK):
            with contextlib.suppress(TypeError, IndexError):
                stream.feed(chunk[start : start + PYTE_CHUNK])

    return speed(feed, data[:PYTE_BYTES])


def measure() -> list[Measure]:
    """Medians for each workload and size."""
    measures = []
    for name, make, must, aim in WORKLOADS:
        data = make()
        for size in SIZES:
            value = statistics.median(speed(Terminal(*size).feed, data) for _ in range(TIMES))
            what = f"{name}, {size[0]}x{size[1]}"
            beside = [
                ("must, MB/s", must, ">= 1"),
                ("aim, MB/s", aim, ""),
                ("pyte.Screen, MB/s", pyte_speed(pyte.Screen, size, data), ""),
                ("pyte.HistoryScreen, MB/s", pyte_speed(pyte.HistoryScreen, size, data), ""),
            ]
            measures += [Measure("terminal", what, value, "MB/s", *reference) for reference in beside]
    return measures
