"""Images: calls of a C client to our service on real hosts, beside systemd-machined on the same host and bus.

`MACHINEDECK_BENCH_SMALL=1` has a tree of a tenth of the files and no list of 10,000 measured.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
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
POOLS = {"ext4": None, "btrfs": "6G"}
"""The file systems, and the size of the pool where it is one of its own."""
TREES = {"ext4": ("directory",), "btrfs": ("subvolume",)}


class Pair(NamedTuple):
    """The figures of both."""

    real: Figures
    own: Figures


def client(host: LabHost, *words: str) -> Figures:
    """What the C client in the host measured."""
    command = ["python3", "-m", "tests.bench.image_calls", *words]
    said: Figures = json.loads(host.run(*command, timeout=1800, PYTHONPATH=INSIDE).stdout)
    return said


def asked(host: LabHost, service: Service, tree: str) -> Figures:
    """What calls took of one service."""
    found: Figures = {}
    with service(host):
        for count in COUNTS:
            found |= client(host, "list", str(count))
        found |= client(host, "os-release")
        found |= client(host, "change", tree, str(FILES), str(FILE_SIZE))
    return found


def figures(host: LabHost, tree: str) -> Pair:
    """All figures of both services, measured in turn on one host."""
    pair = Pair({}, {})
    for _ in range(ROUNDS):
        for service, known in zip((reference, ours), pair, strict=True):
            for name, values in asked(host, service, tree).items():
                known[name] = known.get(name, []) + values
    return pair


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
    """A host for each file system, both services in each."""
    found = []
    binds = [*program_binds(SUITE), Bind(project() / "tests", f"{INSIDE}/tests")]
    for kind, size in POOLS.items():
        with LabHost(SUITE, binds=binds, pool=size) as host:
            install_program(host)
            for tree in TREES[kind]:
                found += rows(kind, tree, figures(host, tree))
    return found
