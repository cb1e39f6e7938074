"""Calls of a C client to our service on a real host, beside systemd-machined on the same host and bus."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests.bench.rows import Measure
from tests.lab.container import Bind
from tests.lab.host import LabHost
from tests.lab.images import layered, machine_addresses
from tests.lab.place import project, wait_until
from tests.lab.program import INSIDE, install_program, program_binds

SUITE = "trixie"
ROUNDS = 2
"""Each service is asked so many times, in turn with the other."""
PASSES = 150
MACHINES = 1000
CALLS = 100_000
MEMORY_MB = 60.0
MACHINE = "swift"

Figures = dict[str, list[float]]
Service = Callable[[LabHost], AbstractContextManager[object]]


@contextlib.contextmanager
def reference(host: LabHost) -> Iterator[None]:
    """systemd-machined serves."""
    host.ask("systemctl", "restart", "systemd-machined")
    yield


def ours(host: LabHost) -> AbstractContextManager[object]:
    """We serve in its place."""
    from tests.lab.own_service import own_service

    return own_service(host)


def client(host: LabHost, *words: str) -> Figures:
    """What the C client in the host measured."""
    command = ["python3", "-m", "tests.bench.crowd", *words]
    said = host.run(*command, timeout=900, PYTHONPATH=INSIDE).stdout
    return {
        name: values if isinstance(values, list) else [values] for name, values in json.loads(said).items()
    }


def asked(host: LabHost, service: Service) -> Figures:
    """What calls took of a container that runs systemd and has a network of its own."""
    with service(host), layered(host, MACHINE, boot=True):
        wait_until(lambda: bool(machine_addresses(host, MACHINE)), f"{MACHINE} has an address")
        return client(host, "calls", MACHINE, str(PASSES))


def crowded(host: LabHost, service: Service) -> Figures:
    """What it took to register many machines, and what they cost."""
    with service(host):
        return client(host, "crowd", str(MACHINES), str(CALLS))


def figures(host: LabHost, services: list[Service]) -> list[Figures]:
    """All figures of each service, measured in turn on one host."""
    found: list[Figures] = [{} for _ in services]
    for _ in range(ROUNDS):
        for service, known in zip(services, found, strict=True):
            for name, values in asked(host, service).items():
                known[name] = known.get(name, []) + values
    for service, known in zip(services, found, strict=True):
        known.update(crowded(host, service))
    return found


def p99(values: list[float]) -> float:
    """What 99 of 100 stay below."""
    return statistics.quantiles(values, n=100)[-1]


def rows(own: Figures, real: Figures) -> list[Measure]:
    """What is promised of them, and what is good to know."""

    def row(
        name: str, member: str, goal: str, of: Callable[[list[float]], float] = statistics.median
    ) -> Measure:
        return Measure("machines", name, of(own[member]), "us", "systemd-machined", of(real[member]), goal)

    found = [row(member, member, "<= 3") for member in ("Ping", "GetMachine")]
    found.append(row("GetAll of a machine", "GetAll", "<= 3"))
    for member in ("GetMachineOSRelease", "GetMachineAddresses"):
        found += [row(f"{member}, p50", member, "<= 1"), row(f"{member}, p99", member, "<= 1", p99)]
    crowd = f"{MACHINES:,} machines"
    found += [
        row(f"ListMachines with {crowd}", "ListMachines", "<= 2"),
        row(f"registering {crowd}, each", "RegisterMachine", "<= 2", statistics.fmean),
        row("CreateMachine with its scope", "CreateMachine", ""),
        row(f"a call while there are {crowd}", "asking", ""),
    ]
    first, full, before, after = (
        own[f"memory {when}"][0] for when in ("at first", "with all", "before", "afterwards")
    )
    there = real["memory afterwards"][0]
    later = f"memory after {CALLS:,} calls"
    limit = "the limit, in MB"
    return [
        *found,
        Measure(
            "machines", "memory at first", first, "MB", "systemd-machined", real["memory at first"][0], ""
        ),
        Measure("machines", f"memory with {crowd}", full, "MB", limit, MEMORY_MB, "<= 1"),
        Measure("machines", later, after, "MB", limit, MEMORY_MB, "<= 1"),
        Measure("machines", "… is flat", after, "MB", "after a tenth of them", before, "<= 1.05"),
        Measure("machines", "… beside the reference", after, "MB", "systemd-machined", there, ""),
    ]


def measure() -> list[Measure]:
    """One host, both services."""
    binds = [*program_binds(SUITE), Bind(project() / "tests", f"{INSIDE}/tests")]
    with LabHost(SUITE, binds=binds) as host:
        install_program(host)
        real, own = figures(host, [reference, ours])
    return rows(own, real)
