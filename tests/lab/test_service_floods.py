"""Floods of calls that want no reply, which no message bus bounds: others are answered as ever meanwhile."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import layered
from tests.lab.lives import INNER
from tests.lab.own_service import own
from tests.lab.siege import CONTROL
from tests.lab.test_service_hostile import CALM, P95
from tests.lab.unit_processes import UnitProcesses

__all__ = ["own"]

pytestmark = pytest.mark.lab()

FLOOD = 30_000
MACHINE = "asked"
LONGEST = 1000.0
"""Milliseconds that no call of others may take; before calls were counted one took 13 s."""


@pytest.fixture(scope="module")
def machine(own: LabHost) -> Iterator[str]:
    """A machine with a network of its own."""
    with layered(own, MACHINE, network=True):
        yield MACHINE


@pytest.mark.promise(
    "A flood of calls that want no reply holds up nobody else: 95 of 100 take less than 20 ms"
)
@pytest.mark.parametrize(
    ("member", "has_name"),
    [("GetMachineOSRelease", True), ("GetMachineAddresses", True), ("ListImages", False)],
)
def test_others_do_not_wait_for_a_flood(own: LabHost, machine: str, member: str, has_name: bool) -> None:
    processes = UnitProcesses(own)
    before = processes.memory()[0]
    hammering, flooding = ((INNER / f"{name}.py").read_text() for name in ("hammering", "flooding"))
    with own.running("python3", "-I", "-c", hammering, machine) as others:
        assert others.stdin is not None
        assert others.stdout is not None
        assert others.stdout.readline() == "begun\n"
        words = [member, str(FLOOD), *([machine] if has_name else [])]
        assert own.run("python3", "-I", "-c", flooding, *words, timeout=300).stdout == "sent\n"
        others.stdin.close()
        times, refused = json.loads(others.stdout.readline())
    p95 = {name: statistics.quantiles(values, n=20)[-1] for name, values in times.items()}
    longest = {name: max(values) for name, values in times.items()}
    print({name: (len(times[name]), round(p95[name], 1), round(longest[name])) for name in times})
    assert refused == []
    assert all(len(values) > 10 for values in times.values())
    slowness = max(1.0, p95[CONTROL] / CALM)
    assert max(p95.values()) < P95 * slowness, p95
    # What keeps a call of the bus itself waiting for long keeps one of ours, once or twice
    assert max(longest.values()) < LONGEST * slowness + 2 * longest[CONTROL], longest
    assert processes.memory()[0] < before + 16
