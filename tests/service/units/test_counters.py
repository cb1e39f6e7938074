"""What units use is summed from their processes; CPU time is load over the clock."""

from __future__ import annotations

import pytest

from machined.host.simulated.units import SimulatedUnits
from machined.host.unit_settings import UNLIMITED
from machined.host.unit_status import ControlGroup
from machined.wire import Variant
from tests.service.units.estates import ALPHA, BETA, Place

SECOND = 1_000_000_000
JOURNAL_LOAD = 0.25


def group_of(units: SimulatedUnits, unit: str) -> ControlGroup:
    status = units.find(unit)
    assert status
    assert status.group
    return status.group


async def test_cpu_time_is_load_over_time(place: Place, units: SimulatedUnits) -> None:
    before = group_of(units, ALPHA).cpu
    await place.push(100)
    assert group_of(units, ALPHA).cpu - before == pytest.approx(100 * JOURNAL_LOAD * SECOND)


async def test_a_quota_limits_it(place: Place, units: SimulatedUnits) -> None:
    await units.set_properties(ALPHA, True, [("CPUQuotaPerSecUSec", Variant("t", 50_000))])
    before = group_of(units, ALPHA).cpu
    await place.push(100)
    assert group_of(units, ALPHA).cpu - before == pytest.approx(100 * 0.05 * SECOND)


async def test_what_ended_processes_used_stays_counted(place: Place, units: SimulatedUnits) -> None:
    slice_before = group_of(units, "machine.slice").cpu
    before = group_of(units, ALPHA).cpu
    await place.push(10)
    await units.stop_unit(ALPHA, "fail")
    await place.push(5)
    used = group_of(units, ALPHA).cpu - before
    assert 10 * JOURNAL_LOAD * SECOND <= used <= 15 * JOURNAL_LOAD * SECOND
    assert group_of(units, "machine.slice").cpu - slice_before >= used


async def test_a_new_run_is_counted_anew(place: Place, units: SimulatedUnits) -> None:
    assert group_of(units, ALPHA).cpu > SECOND
    await units.stop_unit(ALPHA, "fail")
    await place.push(5)
    await units.start_unit(ALPHA, "fail")
    await place.push(0.4)
    assert group_of(units, ALPHA).cpu < SECOND


async def test_memory_and_tasks_are_those_of_the_processes(place: Place, units: SimulatedUnits) -> None:
    processes = place.estate.processes.of_unit(ALPHA)
    group = group_of(units, ALPHA)
    assert (group.memory, group.tasks) == (sum(one.memory for one in processes), len(processes))
    peak = group.memory
    processes[-1].memory = 0
    assert group_of(units, ALPHA).memory < group_of(units, ALPHA).memory_peak == peak
    await units.set_properties(ALPHA, True, [("MemoryMax", Variant("t", 4096))])
    assert group_of(units, ALPHA).memory == 4096


async def test_slices_hold_what_is_in_them(units: SimulatedUnits) -> None:
    machines, whole = group_of(units, "machine.slice"), group_of(units, "-.slice")
    assert machines.memory > group_of(units, ALPHA).memory
    assert whole.tasks > machines.tasks > group_of(units, ALPHA).tasks
    listed = {process.pid for process in units.processes("machine.slice")}
    assert listed >= {process.pid for process in units.processes(ALPHA)}
    assert len(listed) == machines.tasks


async def test_what_rests_uses_nothing(place: Place, units: SimulatedUnits) -> None:
    await units.ref_unit(BETA, ":1.1")
    group = group_of(units, BETA)
    assert (group.path, group.memory, group.tasks, group.cpu) == ("", UNLIMITED, UNLIMITED, UNLIMITED)


async def test_processes_are_listed_by_control_group(place: Place, units: SimulatedUnits) -> None:
    groups = [process.group.removeprefix(f"/machine.slice/{ALPHA}/") for process in units.processes(ALPHA)]
    assert groups[0] == "payload/init.scope"
    assert groups[-1] == "supervisor"
    assert all(group.startswith("payload/system.slice/") for group in groups[1:-1])
