"""What runs before the service manager is there is taken over as if it had started it."""

from __future__ import annotations

from machined.host.simulated.units import SimulatedUnits
from tests.service.units.estates import ALPHA, Place

LATE = "systemd-nspawn@late.service"
VM = "machine-qemu\\x2d1\\x2dwindows.scope"
DAY = 24 * 3600 * 1_000_000


def test_everything_is_in_a_unit(place: Place, units: SimulatedUnits) -> None:
    for process in place.estate.processes.processes.values():
        assert units.unit_of(process.pid) == process.unit


def test_a_container_has_its_manager_beside_it(place: Place, units: SimulatedUnits) -> None:
    status = units.find(ALPHA)
    assert status
    assert status.service
    assert (status.active_state, status.sub_state, status.file_state) == ("active", "running", "enabled")
    assert place.clock.realtime() - status.times.active_enter.realtime == 2 * DAY
    main = place.estate.processes.get(status.service.main.pid)
    assert main.command.startswith("systemd-nspawn ")
    assert len(status.invocation) == 16


async def test_a_container_that_still_boots_has_a_job(place: Place, units: SimulatedUnits) -> None:
    job = units.opening["late"]
    assert list(units.opening) == ["late"]
    assert place.state(LATE) == "activating/start"
    await place.push(5)
    assert await units.is_job_pending(job)
    diary = place.follow(LATE)
    await place.push(20)
    assert not await units.is_job_pending(job)
    assert diary.taken() == ["active/running", "JobRemoved done"]


async def test_a_virtual_machine_is_a_scope(place: Place, units: SimulatedUnits) -> None:
    status = units.find(VM)
    assert status
    assert (status.sub_state, status.file_state, status.is_transient) == (
        "running",
        "transient",
        True,
    )
    assert status.group
    assert status.group.path == f"/machine.slice/{VM}"
    await units.stop_unit(VM, "fail")
    await place.push(1)
    assert "windows" not in place.estate.machines
    assert place.state(VM) == "not loaded"


def test_what_had_failed_has_failed(units: SimulatedUnits) -> None:
    status = units.find("systemd-nspawn@old.service")
    assert status
    assert (status.active_state, status.result) == ("failed", "exit-code")
    assert units.counts().failed_units == 1


def test_the_host_is_up(units: SimulatedUnits) -> None:
    states = {unit.name: f"{unit.active_state}/{unit.sub_state}" for unit in units.loaded()}
    assert states["-.slice"] == states["machine.slice"] == states["machines.target"] == "active/active"
    assert states["ssh.service"] == states["init.scope"] == "active/running"
    assert states["systemd-tmpfiles-setup.service"] == "active/exited"
