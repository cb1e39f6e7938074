"""The service of a container as it starts, ends and starts again, in the order a real host showed."""

from __future__ import annotations

import signal as signals

import pytest

from machined.host.simulated.units import SimulatedUnits
from machined.host.unit_status import JobType
from tests.service.units import facts
from tests.service.units.estates import ALPHA, BETA, Place

POWER_OFF = signals.SIGRTMIN + 4


async def started(place: Place, unit: str = BETA) -> None:
    """Start a unit, and wait until its container has booted."""
    await place.units.start_unit(unit, "fail")
    await place.push(5)


async def test_a_start_ends_with_a_registered_container(place: Place, units: SimulatedUnits) -> None:
    diary = place.follow(BETA)
    job = await units.start_unit(BETA, "fail")
    assert job == f"/org/freedesktop/systemd1/job/{units.jobs()[-1].id}"
    assert await units.is_job_pending(job)
    await place.push(0.2)
    assert place.state(BETA) == "activating/start"
    assert await units.is_active(BETA)
    assert "beta" not in place.register.machines
    await place.push(0.5)
    assert not await units.is_job_pending(job)
    assert diary.taken() == facts.START
    registration = place.register.machines["beta"]
    leader = place.estate.machines["beta"].leader
    assert registration[2:6] == ("systemd-nspawn", "container", leader.pid, "/var/lib/machines/beta")
    assert leader.unit == BETA


async def test_a_container_tells_when_it_is_up(place: Place, units: SimulatedUnits) -> None:
    await units.start_unit(BETA, "fail")
    await place.push(0.4)
    texts = []
    for _ in range(2):
        status = units.find(BETA)
        assert status
        assert status.service
        texts.append(status.service.status_text)
        await place.push(5)
    assert texts == ["Container running.", "Container running: Ready."]


async def test_a_stop_is_an_orderly_shutdown(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    diary = place.follow(BETA)
    await units.stop_unit(BETA, "fail")
    await place.push(1)
    assert place.state(BETA) == "deactivating/stop-sigterm"
    assert "beta" in place.estate.machines
    await place.push(2)
    assert diary.taken() == facts.STOP
    assert not await units.is_active(BETA)
    assert "beta" not in place.register.machines
    assert not place.estate.processes.of_unit(BETA)


async def test_an_enabled_unit_stays_loaded(place: Place, units: SimulatedUnits) -> None:
    await units.stop_unit(ALPHA, "fail")
    await place.push(4)
    assert place.state(ALPHA) == "inactive/dead"
    diary = place.follow(ALPHA)
    await units.start_unit(ALPHA, "fail")
    await place.push(1)
    assert diary.taken() == facts.START_OF_LOADED


async def test_a_start_of_what_runs_does_nothing(place: Place, units: SimulatedUnits) -> None:
    diary = place.follow(ALPHA)
    leader = place.estate.machines["alpha"].leader
    await units.start_unit(ALPHA, "fail")
    await place.push(1)
    assert diary.taken() == facts.START_OF_ACTIVE
    assert place.estate.machines["alpha"].leader is leader


async def test_a_restart_is_one_job(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    diary = place.follow(BETA)
    before = units.find(BETA)
    await units.enqueue(BETA, JobType.RESTART, "fail")
    await place.push(5)
    assert diary.taken() == facts.RESTART
    after = units.find(BETA)
    assert before
    assert after
    assert before.invocation != after.invocation


async def test_a_reboot_from_inside_starts_it_again(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    old = place.register.machines["beta"].leader
    diary = place.follow(BETA)
    place.signal_leader("beta", signals.SIGINT)
    await place.push(6)
    assert diary.taken() == facts.REBOOT
    assert place.register.machines["beta"].leader not in {old, 0}
    status = units.find(BETA)
    assert status
    assert status.service
    assert status.service.restarts == 1


async def test_a_power_off_from_inside_needs_no_job(place: Place) -> None:
    await started(place)
    diary = place.follow(BETA)
    place.signal_leader("beta", POWER_OFF)
    await place.push(4)
    assert diary.taken() == facts.POWER_OFF
    assert "beta" not in place.register.machines


async def test_a_stop_during_a_reboot_wins(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    place.signal_leader("beta", signals.SIGINT)
    await place.push(1)
    await units.stop_unit(BETA, "fail")
    await place.push(5)
    assert place.state(BETA) == "not loaded"
    assert "beta" not in place.estate.machines


@pytest.mark.parametrize("mode", ["replace", "replace-irreversibly"])
async def test_a_stop_at_any_moment_of_a_restart_wins(place: Place, units: SimulatedUnits, mode: str) -> None:
    for wanted in ("activating/auto-restart", "activating/auto-restart-queued"):
        await units.start_unit(BETA, "replace")
        await place.push(3)
        assert place.state(BETA) == "active/running"
        place.signal_leader("beta", signals.SIGINT)
        for _ in range(600):
            if place.state(BETA) == wanted:
                break
            await place.push(0.01)
        assert place.state(BETA) == wanted
        diary = place.follow(BETA)
        await units.stop_unit(BETA, mode)
        await place.push(5)
        assert "JobRemoved done" in diary.taken()
        assert place.state(BETA) == "not loaded"


async def test_a_killed_leader_is_a_failure(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    diary = place.follow(BETA)
    place.signal_leader("beta", signals.SIGKILL)
    await place.push(1)
    assert diary.taken() == facts.LEADER_KILLED
    status = units.find(BETA)
    assert status
    assert status.service
    assert (status.result, status.service.main.exit_code, status.service.main.exit_status) == (
        "exit-code",
        1,
        1,
    )


async def test_killing_all_is_another_failure(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    diary = place.follow(BETA)
    await units.kill_unit(BETA, "all", signals.SIGKILL)
    await place.push(1)
    assert diary.taken() == facts.ALL_KILLED
    status = units.find(BETA)
    assert status
    assert status.service
    assert (status.result, status.service.main.exit_code, status.service.main.exit_status) == ("signal", 2, 9)
    assert "beta" not in place.estate.machines
    await units.reset_failed(BETA)
    assert diary.taken() == facts.RESET_FAILED


async def test_killing_the_main_process_takes_the_container_along(
    place: Place, units: SimulatedUnits
) -> None:
    await started(place)
    await units.kill_unit(BETA, "main", signals.SIGKILL)
    await place.push(1)
    assert place.state(BETA) == "failed/failed"
    assert not place.estate.processes.of_unit(BETA)


async def test_without_an_image_the_start_fails(place: Place, units: SimulatedUnits) -> None:
    unit = "systemd-nspawn@missing.service"
    diary = place.follow(unit)
    await units.start_unit(unit, "fail")
    await place.push(1)
    assert diary.taken() == facts.MISSING_IMAGE
    said = [entry.message for entry in place.estate.journal.of_unit(unit)]
    assert "No image for machine 'missing'." in said
    assert f"{unit}: Failed with result 'exit-code'." in said


async def test_without_an_init_the_start_fails(place: Place, units: SimulatedUnits) -> None:
    unit = "systemd-nspawn@bare.service"
    await units.start_unit(unit, "fail")
    await place.push(1)
    assert place.state(unit) == "failed/failed"


async def test_what_is_not_registered_does_not_run(place: Place, units: SimulatedUnits) -> None:
    place.register.refused.add("beta")
    await units.start_unit(BETA, "fail")
    await place.push(1)
    assert place.state(BETA) == "failed/failed"
    assert "beta" not in place.estate.machines


async def test_a_container_may_fail_soon_after_its_start(place: Place, units: SimulatedUnits) -> None:
    unit = "systemd-nspawn@broken.service"
    diary = place.follow(unit)
    await units.start_unit(unit, "fail")
    await place.push(3)
    assert diary.taken() == [*facts.START, *facts.LEADER_KILLED]
    assert "broken" not in place.register.machines


async def test_a_service_that_will_not_stop_is_killed(place: Place, units: SimulatedUnits) -> None:
    (process,) = place.estate.processes.of_unit("backup.service")
    process.on_signal = lambda _number: True
    job = await units.stop_unit("backup.service", "fail")
    await place.push(89)
    assert place.state("backup.service") == "deactivating/stop-sigterm"
    await place.push(2)
    assert not await units.is_job_pending(job)
    status = units.find("backup.service")
    assert status
    assert (status.active_state, status.result) == ("failed", "timeout")


async def test_a_host_service_stops_and_starts(place: Place, units: SimulatedUnits) -> None:
    diary = place.follow("ssh.service")
    await units.stop_unit("ssh.service", "fail")
    await place.push(1)
    await units.start_unit("ssh.service", "fail")
    await place.push(1)
    assert diary.taken() == [
        "JobNew",
        "deactivating/stop-sigterm",
        "inactive/dead",
        "JobRemoved done",
        "JobNew",
        "active/running",
        "JobRemoved done",
    ]


async def test_states_are_dated(place: Place, units: SimulatedUnits) -> None:
    await started(place)
    status = units.find(BETA)
    assert status
    times = status.times
    assert times.active_enter == times.state_change
    assert times.inactive_exit.monotonic < times.active_enter.monotonic
    assert times.active_exit == (0, 0)
    assert times.active_enter.realtime - times.inactive_exit.realtime == 300_000
