"""Jobs: which go together, which are in each other's way, and in what order clients hear of them."""

from __future__ import annotations

import pytest

from machined.host.errors import Refused
from machined.host.simulated.units import SimulatedUnits
from machined.host.unit_status import JobType
from tests.service.units.estates import ALPHA, BETA, Place


async def refused(units: SimulatedUnits, unit: str, type: JobType, mode: str) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        await units.enqueue(unit, type, mode)
    return str(caught.value.name), caught.value.message


async def test_the_same_job_again_is_the_same_job(place: Place, units: SimulatedUnits) -> None:
    first = await units.enqueue(BETA, JobType.START, "fail")
    await place.push(0.2)
    assert (await units.enqueue(BETA, JobType.START, "fail")).id == first.id
    assert len(units.jobs()) == 2  # the other one is of the machine that is still starting


async def test_a_start_may_become_a_restart(place: Place, units: SimulatedUnits) -> None:
    first = await units.enqueue(BETA, JobType.START, "fail")
    await place.push(0.2)
    second = await units.enqueue(BETA, JobType.RESTART, "fail")
    assert (second.id, second.type) == (first.id, JobType.RESTART)
    await place.push(5)
    assert place.state(BETA) == "active/running"


async def test_opposite_jobs_do_not_go_together(place: Place, units: SimulatedUnits) -> None:
    await units.enqueue(BETA, JobType.START, "fail")
    await place.push(0.2)
    assert await refused(units, BETA, JobType.STOP, "fail") == (
        "org.freedesktop.systemd1.TransactionIsDestructive",
        f"Transaction for {BETA}/stop is destructive ({BETA} has 'start' job queued, but 'stop' is "
        "included in transaction).",
    )
    diary = place.follow(BETA)
    await units.enqueue(BETA, JobType.STOP, "replace")
    assert diary.taken() == ["JobRemoved canceled", "JobNew"]
    await place.push(1)
    assert place.state(BETA) == "not loaded"


async def test_an_irreversible_job_is_not_replaced(place: Place, units: SimulatedUnits) -> None:
    await units.enqueue(ALPHA, JobType.STOP, "replace-irreversibly")
    await place.push(0.5)
    name, _ = await refused(units, ALPHA, JobType.START, "replace")
    assert name == "org.freedesktop.systemd1.TransactionIsDestructive"


async def test_a_start_waits_for_the_end_of_what_ends(place: Place, units: SimulatedUnits) -> None:
    await units.enqueue(ALPHA, JobType.STOP, "fail")
    await place.push(0.5)
    await units.enqueue(ALPHA, JobType.START, "replace")
    await place.push(0.5)
    assert place.state(ALPHA) == "deactivating/stop-sigterm"
    await place.push(5)
    assert place.state(ALPHA) == "active/running"


async def test_a_cancelled_job_leaves_what_it_began(place: Place, units: SimulatedUnits) -> None:
    job = await units.enqueue(BETA, JobType.START, "fail")
    await place.push(0.2)
    diary = place.follow(BETA)
    await units.cancel_job(job.id)
    assert diary.taken() == ["JobRemoved canceled"]
    await place.push(1)
    assert diary.taken() == ["active/running"]


async def test_a_restart_of_what_rests_may_be_a_start_or_nothing(place: Place, units: SimulatedUnits) -> None:
    await units.enqueue(BETA, JobType.TRY_RESTART, "fail")
    await place.push(1)
    assert place.state(BETA) == "not loaded"
    await units.enqueue(BETA, JobType.RELOAD_OR_RESTART, "fail")
    await place.push(1)
    assert place.state(BETA) == "active/running"


async def test_a_stop_of_what_rests_is_done_at_once(place: Place, units: SimulatedUnits) -> None:
    diary = place.follow(BETA)
    await units.enqueue(BETA, JobType.STOP, "fail")
    await place.push(0.1)
    assert diary.taken() == ["UnitNew", "JobNew", "JobRemoved done", "UnitRemoved"]


async def test_the_first_signal_of_a_loaded_unit_shows_its_job(place: Place, units: SimulatedUnits) -> None:
    heard: list[str] = []

    class Ear:
        def on_job_new(self, *_: object) -> None:
            heard.append("JobNew")

        def on_job_removed(self, *_: object) -> None:
            heard.append("JobRemoved")

        def on_unit_new(self, *_: object) -> None:
            heard.append("UnitNew")

        def on_unit_removed(self, *_: object) -> None:
            heard.append("UnitRemoved")

        def on_unit_changed(self, unit: str, interface: str, changed: dict[str, object]) -> None:
            heard.append(interface.rpartition(".")[2])

    units.listen(Ear())
    await units.enqueue(ALPHA, JobType.START, "fail")
    await place.push(0.1)
    # As on a real host: what is of the type comes first, and the job is shown before it is announced
    assert heard == ["Service", "Unit", "JobNew", "JobRemoved", "Service", "Unit"]


async def test_jobs_are_counted(place: Place, units: SimulatedUnits) -> None:
    before = units.counts()
    await units.enqueue("systemd-nspawn@missing.service", JobType.START, "fail")
    assert units.counts().jobs == before.jobs + 1
    await place.push(1)
    after = units.counts()
    assert (after.jobs, after.installed_jobs, after.failed_jobs, after.failed_units) == (
        before.jobs,
        before.installed_jobs + 1,
        before.failed_jobs + 1,
        before.failed_units + 1,
    )
