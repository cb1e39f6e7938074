"""Images: calls of a C client to our service on real hosts, beside systemd-machined on the same host and bus.

`MACHINEDECK_BENCH_SMALL=1` has a tree of a tenth of the files and no list of 10,000 measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.bench.machines import SUITE, Figures, Service, ours, p99, reference
from tests.bench.rows import Measure
from tests.lab.container import Bind
from tests.lab.host import LabHost
from tests.lab.place import project
from tests.lab.program import INSIDE, install_program, program_binds

IS_SMALL = bool(os.environ.get("MACHINEDECK_BENCH_SMALL"))
COUNTS = (10, 1000) if IS_SMALL else (10, 1000, 10_000)
FILES = 5000 if IS_SMALL else 50_000
FILE_SIZE = 20_000
"""Bytes; with 50,000 files that is a gigabyte."""
ROUNDS = 2
"""Each service is asked so many times, in turn with the other."""
PROMPT_MS = 20.0
"""What other calls may take while images are listed."""
SNAPSHOT_MS = 50.0
POOLS = {"ext4": "directory", "btrfs": "subvolume"}
"""The file systems, and what an image of many files is there."""
POOL_SIZE = "8G"


class Pair(NamedTuple):
    """The figures of both."""

    real: Figures
    own: Figures


def client(host: LabHost, *words: str) -> Figures:
    """What the C client in the host measured."""
    command = ["python3", "-m", "tests.bench.image_calls", *words]
    said: Figures = json.loads(host.run(*command, timeout=1800, PYTHONPATH=INSIDE).stdout)
    return said


def asked(host: LabHost, service: Service) -> Figures:
    """What calls took of one service."""
    found: Figures = {}
    with service(host):
        for count in COUNTS:
            found |= client(host, "list", str(count))
        found |= client(host, "os-release")
    return found


def changed(host: LabHost, service: Service, tree: str) -> Figures:
    """What it took one service to copy and remove many files."""
    with service(host):
        return client(host, "change", tree, str(FILES), str(FILE_SIZE))


def figures(kind: str, tree: str) -> Pair:
    """All figures of both services, measured in turn: files on a new disk each time.

    Else who comes later is slower: ext4 looks at each inode that was freed in the last minutes before it
    takes another (recently_deleted() in the kernel's fs/ext4/ialloc.c).
    """
    pair = Pair({}, {})
    both = list(zip((reference, ours), pair, strict=True))
    with booted(kind) as host:
        for _ in range(ROUNDS):
            for service, known in both:
                note(known, asked(host, service))
    for turn in range(ROUNDS):
        for service, known in both if turn % 2 == 0 else reversed(both):
            with booted(kind) as host:
                note(known, changed(host, service, tree))
    return pair


def note(known: Figures, found: Figures) -> None:
    """Add figures to those that are known."""
    for name, values in found.items():
        known[name] = known.get(name, []) + values


@contextlib.contextmanager
def booted(kind: str) -> Iterator[LabHost]:
    """A host with a new pool."""
    binds = [*program_binds(SUITE), Bind(project() / "tests", f"{INSIDE}/tests")]
    with LabHost(SUITE, binds=binds, pool=POOL_SIZE, pool_type=kind) as host:
        install_program(host)
        yield host


def rows(kind: str, tree: str, pair: Pair) -> list[Measure]:
    """What is promised of them, and what is good to know."""

    def row(
        name: str, member: str, goal: str, of: Callable[[list[float]], float] = statistics.median
    ) -> Measure:
        real, own = of(pair.real[member]) / 1000, of(pair.own[member]) / 1000
        return Measure("images", f"{name}, {kind}", own, "ms", "systemd-machined", real, goal)

    found = []
    for count in COUNTS:
        found.append(row(f"first list of {count:,}", f"first {count}", "<= 3"))
        found.append(row(f"unchanged list of {count:,}", f"again {count}", "<= 1"))
        slow, real = p99(pair.own[f"others {count}"]) / 1000, p99(pair.real[f"others {count}"]) / 1000
        name = f"others while {count:,} are listed, p99, {kind}"
        found.append(Measure("images", name, slow, "ms", "the limit", PROMPT_MS, "<= 1"))
        found.append(Measure("images", f"… beside it, {kind}", slow, "ms", "systemd-machined", real, ""))
    found.append(row("GetImageOSRelease", "os-release", "<= 1"))
    found.append(row("… of an image that was read just now", "os-release at once", ""))
    size = f"{FILES:,} files, {FILES * FILE_SIZE / 1e9:.1f} GB, {tree}"
    found.append(row(f"clone of {size}", "clone", "<= 1.2"))
    found.append(row(f"remove of {size}", "remove", "<= 1.2"))
    if tree == "subvolume":
        took = statistics.median(pair.own["clone"]) / 1000
        found.append(Measure("images", "snapshot", took, "ms", "the limit", SNAPSHOT_MS, "<= 1"))
    return found


def measure() -> list[Measure]:
    """Both services on each file system."""
    return [row for kind, tree in POOLS.items() for row in rows(kind, tree, figures(kind, tree))]
