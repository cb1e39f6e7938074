"""Transient scopes: made for machines, and gone with their last process."""

from __future__ import annotations

import os

import pytest

from machined.host.errors import Refused
from machined.host.simulated.processes import Process
from machined.host.simulated.units import SimulatedUnits
from machined.host.units import ScopeRequest
from machined.wire import Variant
from tests.service.units import facts
from tests.service.units.estates import Place

SCOPE = "machine-x.scope"


def spawn(place: Place) -> Process:
    return place.estate.processes.spawn(Process(0, "/usr/bin/payload", memory=1000))


def request(pid: int, *properties: tuple[str, Variant]) -> ScopeRequest:
    return ScopeRequest(SCOPE, "Container x", pid, list(properties))


async def test_a_scope_takes_a_process_in(place: Place, units: SimulatedUnits) -> None:
    diary = place.follow(SCOPE)
    process = spawn(place)
    job = await units.start_scope(request(process.pid, ("MemoryMax", Variant("t", 10**9))))
    assert await units.is_job_pending(job)
    await place.push(0.1)
    assert diary.taken() == ["UnitNew", "JobNew", "active/running", "JobRemoved done"]
    assert units.unit_of(process.pid) == SCOPE
    status = units.find(SCOPE)
    assert status
    assert status.group
    assert (status.group.path, status.group.delegate) == (f"/machine.slice/{SCOPE}", True)
    assert (status.settings.tasks_max, status.settings.memory_max) == (16384, 10**9)
    assert (status.description, status.file_state) == ("Container x", "transient")
    assert status.fragment_path == f"/run/systemd/transient/{SCOPE}"


async def test_later_properties_win(place: Place, units: SimulatedUnits) -> None:
    wanted = [("Slice", Variant("s", "my-own.slice")), ("TasksMax", Variant("t", 5))]
    await units.start_scope(request(spawn(place).pid, *wanted))
    await place.push(0.1)
    status = units.find(SCOPE)
    assert status
    assert status.group
    assert (status.group.path, status.settings.tasks_max) == (f"/my.slice/my-own.slice/{SCOPE}", 5)
    assert place.state("my-own.slice") == "active/active"


async def test_what_nspawn_asks_for_is_accepted(place: Place, units: SimulatedUnits) -> None:
    wanted = [
        ("Controller", Variant("s", ":1.7")),
        ("DevicePolicy", Variant("s", "closed")),
        ("DeviceAllow", Variant("a(ss)", [["/dev/net/tun", "rwm"]])),
        ("KillSignal", Variant("i", 37)),
        ("KillMode", Variant("s", "mixed")),
        ("CoredumpReceive", Variant("b", True)),
    ]
    await units.start_scope(request(spawn(place).pid, *wanted))
    await place.push(0.1)
    status = units.find(SCOPE)
    assert status
    assert status.group
    assert (status.group.kill_signal, status.group.kill_mode) == (37, "mixed")


async def test_a_scope_ends_with_its_last_process(place: Place, units: SimulatedUnits) -> None:
    process = spawn(place)
    await units.start_scope(request(process.pid))
    await place.push(0.1)
    diary = place.follow(SCOPE)
    place.estate.processes.end(process)
    assert diary.taken() == ["inactive/dead"]  # referenced, so it stays loaded
    await units.unref_unit(SCOPE)
    assert diary.taken() == ["UnitRemoved"]
    await units.unref_unit(SCOPE)


async def test_a_stop_ends_its_processes(place: Place, units: SimulatedUnits) -> None:
    process = spawn(place)
    await units.start_scope(request(process.pid))
    await place.push(0.1)
    await units.unref_unit(SCOPE)
    diary = place.follow(SCOPE)
    await units.stop_unit(SCOPE, "fail")
    await place.push(0.1)
    assert diary.taken() == facts.STOP
    assert process.pid not in place.estate.processes.processes


async def test_processes_of_the_real_host_are_left_alone(place: Place, units: SimulatedUnits) -> None:
    await units.start_scope(request(os.getpid()))
    await place.push(0.1)
    assert units.unit_of(os.getpid()) == SCOPE
    with pytest.raises(PermissionError):
        await units.kill_unit(SCOPE, "all", 9)
    await units.unref_unit(SCOPE)
    await units.stop_unit(SCOPE, "fail")
    await place.push(0.1)
    assert place.state(SCOPE) == "not loaded"
    assert os.getpid() not in place.estate.processes.processes


@pytest.mark.parametrize(
    ("name", "properties", "error", "text"),
    [
        (
            "y.scope",
            [("Foo", Variant("s", "x"))],
            facts.READ_ONLY,
            "Cannot set property Foo, or unknown property.",
        ),
        (
            "y.scope",
            [("PIDs", Variant("au", []))],
            facts.INVALID,
            "Failed to set unit properties: Invalid argument",
        ),
        (
            "y.scope",
            [("PIDs", Variant("au", [1]))],
            facts.INVALID,
            "Process 1 is a manager process, refusing.",
        ),
        (
            "y.scope",
            [("PIDs", Variant("au", [2**22 + 99_999]))],
            "DBus.Error.UnixProcessIdUnknown",
            "Failed to set unit properties: No such process",
        ),
        (
            "y.scope",
            [],
            "DBus.Error.FileNotFound",
            "Unit y.scope failed to load properly, please adjust/correct and reload service manager: "
            "No such file or directory",
        ),
        ("y.scope", [("Slice", Variant("s", "bad"))], facts.INVALID, "Invalid unit name 'bad'"),
        (
            "y.scope",
            [("Slice", Variant("s", "bad.service"))],
            facts.INVALID,
            "Unit name 'bad.service' is not a slice",
        ),
        ("y.scope", [("KillMode", Variant("s", "zz"))], facts.INVALID, "Invalid KillMode setting: zz"),
        ("bad name", [], facts.INVALID, "Invalid unit name or type."),
        ("foo.target", [], facts.INVALID, "Unit type target does not support transient units."),
        ("x@.scope", [], facts.INVALID, "Unit name x@.scope is missing the instance name."),
        (
            "init.scope",
            [],
            "systemd1.UnitExists",
            "Unit init.scope was already loaded or has a fragment file.",
        ),
    ],
)
async def test_what_is_wrong_is_refused_as_systemd_does(
    units: SimulatedUnits, name: str, properties: list[tuple[str, Variant]], error: str, text: str
) -> None:
    with pytest.raises(Refused) as caught:
        await units.start_transient(name, "fail", properties, ":1.1")
    assert (caught.value.name, caught.value.message) == (f"org.freedesktop.{error}", text)
    assert name == "init.scope" or units.find(name) is None
