"""How machines come and go."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.units import ScopeRequest
from machined.machines.machine import Machine, Registration
from machined.machines.registry import Registry
from machined.wire import Variant
from tests.service.domain.conftest import Heard
from tests.service.domain.hosts import FakeHost, Permits
from tests.support.waiting import until

SCOPE = "machine-web.scope"


def wanted(name: str = "web", leader: int = 50, **others: Any) -> Registration:
    return Registration(name, b"", "test", "container", leader, "/srv/web", [])._replace(**others)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def created(registry: Registry, fake: FakeHost, **others: Any) -> Machine:
    fake.processes.units.setdefault(50, "")
    making = asyncio.create_task(registry.create(wanted(**others), [], 60))
    await settle()
    (job,) = fake.units.jobs
    fake.units.end_job(job, SCOPE)
    return await making


async def registered(registry: Registry, fake: FakeHost, name: str = "web", leader: int = 50) -> Machine:
    unit = f"{name}.service"
    fake.processes.units[leader] = unit
    fake.units.active.add(unit)
    return await registry.register(wanted(name, leader), 60)


@pytest.mark.parametrize(
    "others",
    [
        {"name": ""},
        {"name": ".host"},
        {"name": "a_b"},
        {"name": "-a"},
        {"name": "x" * 65},
        {"id": b"\1" * 15},
        {"id": b"\1" * 32},
        {"ifindices": [1, 0]},
        {"ifindices": [-3]},
        {"machine_class": "jail"},
        {"leader": 1},
        {"root_directory": "srv"},
    ],
    ids=str,
)
async def test_a_registration_that_is_not_in_order_is_refused(
    registry: Registry, fake: FakeHost, others: dict[str, Any]
) -> None:
    fake.processes.units[50] = "a.service"
    for attempt in (registry.register(wanted(**others), 60), registry.create(wanted(**others), [], 60)):
        with pytest.raises(Refused) as caught:
            await attempt
        assert caught.value.name == ErrorName.INVALID_ARGS
    assert not fake.units.calls
    assert [machine.name for machine in registry.machines()] == [".host"]


async def test_a_scope_that_is_another_machines_is_not_held_on_to(registry: Registry, fake: FakeHost) -> None:
    """The service manager could never forget it."""
    fake.processes.units[40] = SCOPE
    fake.units.active.add(SCOPE)
    other = await registry.register(wanted("other", 40), 60)
    fake.processes.units[50] = ""
    with pytest.raises(FileExistsError, match="belongs to another machine"):
        await registry.create(wanted(), [], 60)
    assert [call[0] for call in fake.units.calls] == ["start_scope", "unref_unit"]
    assert fake.units.calls[-1] == ("unref_unit", SCOPE)
    assert [machine.name for machine in registry.machines()] == [".host", other.name]


async def test_create_answers_when_the_scope_has_started(
    registry: Registry, fake: FakeHost, heard: Heard
) -> None:
    fake.processes.units[50] = ""
    making = asyncio.create_task(registry.create(wanted(id=bytes(16)), [], 60))
    await settle()
    assert heard.new == ["web"]
    assert not making.done()
    machine = registry.get("web")
    assert (machine.state, machine.unit, machine.id) == ("opening", SCOPE, b"")
    assert fake.states.records["web"].scope_job
    (job,) = fake.units.jobs
    fake.units.end_job(job, SCOPE)
    assert await making is machine
    await settle()
    assert machine.state == "running"
    assert not fake.states.records["web"].scope_job


async def test_create_copes_with_a_job_that_ends_before_the_reply_that_names_it(
    registry: Registry, fake: FakeHost
) -> None:
    fake.processes.units[50] = ""
    fake.units.ends_at_once = True
    async with asyncio.timeout(2):
        machine = await registry.create(wanted(), [], 60)
    assert machine.state == "running"
    await settle()
    assert not fake.states.records["web"].scope_job


async def test_a_job_that_ends_early_is_crossed_out_before_create_answers(
    registry: Registry, fake: FakeHost
) -> None:
    fake.processes.units[50] = ""
    fake.units.ends_at_once = True
    await registry.create(wanted(), [], 60)
    assert fake.states.records["web"].scope_job == ""


async def test_create_tells_of_a_scope_that_did_not_start(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[50] = ""
    making = asyncio.create_task(registry.create(wanted(), [], 60))
    await settle()
    (job,) = fake.units.jobs
    fake.units.active.clear()
    fake.units.end_job(job, SCOPE, "failed")
    with pytest.raises(Refused, match="failed") as caught:
        await making
    assert caught.value.name == ErrorName.JOB_FAILED
    await settle()
    assert registry.find("web") is None


async def test_create_is_answered_when_the_machine_is_taken_off_meanwhile(
    registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    fake.processes.units[50] = ""
    making = asyncio.create_task(registry.create(wanted(), [], 60))
    await settle()
    await registry.unregister(registry.get("web"), permits)
    with pytest.raises(Refused, match="ended before"):
        await making


async def test_a_refused_scope_frees_the_name(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[50] = ""
    fake.units.refusal = Refused(ErrorName.SERVICE_UNKNOWN, "no PID 1")
    with pytest.raises(Refused, match="no PID 1"):
        await registry.create(wanted(), [], 60)
    assert not fake.states.records
    fake.units.refusal = None
    assert (await created(registry, fake)).name == "web"


async def test_a_machine_is_written_down_before_its_scope_is_asked_for(
    registry: Registry, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a sudden end in between would leave a scope that nobody knows of."""
    written: list[tuple[str, int]] = []
    start = fake.units.start_scope

    async def start_scope(request: ScopeRequest) -> str:
        written.extend((one.unit, one.leader) for one in fake.states.records.values())
        return await start(request)

    monkeypatch.setattr(fake.units, "start_scope", start_scope)
    await created(registry, fake)
    assert written == [(SCOPE, 50)]


async def test_a_name_is_taken_from_the_first_moment(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units.update({50: "", 51: "b.service"})
    making = asyncio.create_task(registry.create(wanted(), [], 60))
    await asyncio.sleep(0)
    with pytest.raises(Refused) as caught:
        await registry.register(wanted(leader=51), 60)
    assert caught.value.name == ErrorName.MACHINE_EXISTS
    await settle()
    fake.units.end_job(*fake.units.jobs, SCOPE)
    await making


@pytest.mark.parametrize(
    ("machine_class", "error"), [("", ErrorName.NOT_SUPPORTED), ("host", ErrorName.INVALID_ARGS)]
)
async def test_a_class_that_no_machine_has_asks_for_no_scope(
    registry: Registry, fake: FakeHost, machine_class: str, error: ErrorName
) -> None:
    fake.processes.units[50] = ""
    with pytest.raises(Refused) as caught:
        await registry.create(wanted(machine_class=machine_class), [], 60)
    assert caught.value.name == error
    assert not fake.units.calls
    assert not fake.processes.pins


async def test_leader_and_unit_belong_to_one_machine(registry: Registry, fake: FakeHost) -> None:
    await registered(registry, fake)
    with pytest.raises(FileExistsError):
        await registry.register(wanted("other"), 60)
    fake.processes.units[51] = "web.service"
    with pytest.raises(FileExistsError):
        await registry.register(wanted("other", 51), 60)
    assert registry.find("other") is None
    fake.processes.units[51] = "other.service"
    fake.units.active.add("other.service")
    assert (await registry.register(wanted("other", 51), 60)).unit == "other.service"


async def test_register_needs_a_leader_in_a_unit(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[50] = ""
    with pytest.raises(OSError, match="50") as caught:
        await registry.register(wanted(), 60)
    assert caught.value.errno == errno.ENXIO
    with pytest.raises(ProcessLookupError):
        await registry.register(wanted(leader=77), 60)


async def test_leader_0_is_the_caller(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[60] = "mine.service"
    fake.units.active.add("mine.service")
    assert (await registry.register(wanted(leader=0), 60)).leader == 60


async def test_0_among_the_processes_of_a_scope_is_the_caller(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[50] = ""
    properties = [("PIDs", Variant("au", [0, 70])), ("TasksMax", Variant("t", 0))]
    making = asyncio.create_task(registry.create(wanted(), properties, 60))
    await settle()
    ((_, request),) = fake.units.calls
    assert [(name, value.value) for name, value in request.properties] == [
        ("PIDs", [60, 70]),
        ("TasksMax", 0),
    ]
    fake.units.end_job(*fake.units.jobs, SCOPE)
    await making


async def test_a_machine_goes_with_its_unit(registry: Registry, fake: FakeHost, heard: Heard) -> None:
    await registered(registry, fake)
    fake.units.end_unit("web.service")
    await settle()
    assert heard.removed == ["web"]
    assert not fake.states.records
    assert not fake.units.calls  # a unit that was not made for it is not ours to stop, nor to let go
    assert not fake.processes.pins


async def test_news_while_looking_are_looked_at_too(registry: Registry, fake: FakeHost, heard: Heard) -> None:
    await registered(registry, fake)
    fake.units.listeners[0].on_unit_changed("web.service", "", {})  # still active
    fake.units.end_unit("web.service")  # and now, while the look is on its way, no longer
    await settle()
    assert heard.removed == ["web"]


async def test_a_machine_that_was_taken_off_is_not_written_down_anew(
    registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    machine = await registered(registry, fake)
    fake.units.listeners[0].on_unit_changed("web.service", "", {})  # a look is on its way
    await registry.unregister(machine, permits)
    await settle()
    assert not fake.states.records


async def test_terminate_closes_and_waits_for_the_unit(
    registry: Registry, fake: FakeHost, permits: Permits, heard: Heard
) -> None:
    machine = await registered(registry, fake)
    await registry.terminate(machine, permits)
    assert permits.asked == [
        ("org.freedesktop.machine1.manage-machines", {"machine": "web", "verb": "terminate"})
    ]
    assert machine.state == "closing"
    await settle()
    assert heard.removed == []
    (job,) = fake.units.jobs
    assert fake.states.records["web"].scope_job == job
    fake.units.active.clear()
    fake.units.end_job(job, "web.service")
    await settle()
    assert heard.removed == ["web"]


async def test_terminate_looks_again_after_the_question(
    registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    machine = await registered(registry, fake)
    permits.before = lambda: registry._index.remove(machine)
    with pytest.raises(Refused) as caught:
        await registry.terminate(machine, permits)
    assert caught.value.name == ErrorName.NO_SUCH_MACHINE
    assert not [call for call in fake.units.calls if call[0] == "stop_unit"]


async def test_a_unit_that_is_gone_counts_as_terminated(
    registry: Registry, fake: FakeHost, permits: Permits, heard: Heard
) -> None:
    machine = await registered(registry, fake)
    fake.units.active.clear()
    fake.units.refusal = Refused(ErrorName.NO_SUCH_UNIT, "gone")
    await registry.terminate(machine, permits)
    fake.units.refusal = None
    await settle()
    assert heard.removed == ["web"]


@pytest.mark.parametrize(
    ("whom", "signal", "error"),
    [("supervisor", 9, ErrorName.INVALID_ARGS), ("all", 0, ErrorName.INVALID_ARGS)]
    + [("leader", 65, ErrorName.INVALID_ARGS)],
)
async def test_kill_looks_at_its_arguments_before_it_asks(
    registry: Registry, fake: FakeHost, permits: Permits, whom: str, signal: int, error: ErrorName
) -> None:
    machine = await registered(registry, fake)
    with pytest.raises(Refused) as caught:
        await registry.kill(machine, whom, signal, permits)
    assert caught.value.name == error
    assert not permits.asked


async def test_kill_reaches_the_leader_or_all(registry: Registry, fake: FakeHost, permits: Permits) -> None:
    machine = await registered(registry, fake)
    await registry.kill(machine, "leader", 2, permits)
    await registry.kill(machine, "", 15, permits)
    assert fake.processes.killed == [(50, 2)]
    assert fake.units.calls == [("kill_unit", "web.service", "all", 15)]


async def test_the_host_cannot_be_ended(registry: Registry, permits: Permits, heard: Heard) -> None:
    host = registry.get(".host")
    for attempt in (registry.terminate(host, permits), registry.kill(host, "all", 9, permits)):
        with pytest.raises(Refused) as caught:
            await attempt
        assert caught.value.name == ErrorName.NOT_SUPPORTED
    await registry.unregister(host, permits)
    assert registry.get(".host") is host
    assert host.state == "running"
    assert (heard.new, heard.removed) == ([], [])


async def test_pids_find_their_machine(registry: Registry, fake: FakeHost) -> None:
    machine = await registered(registry, fake)
    fake.processes.units.update({51: "web.service", 52: "ssh.service", 60: ""})
    assert await registry.of_pid(50, 60) is machine
    assert await registry.of_pid(51, 60) is machine
    assert await registry.of_pid(0, 51) is machine
    for pid in (1, 52, 60, 999):
        with pytest.raises(Refused) as caught:
            await registry.of_pid(pid, 60)
        assert caught.value.name == ErrorName.NO_MACHINE_FOR_PID
    with pytest.raises(Refused) as caught:
        await registry.of_pid(2**32 - 1, 60)
    assert caught.value.name == ErrorName.INVALID_ARGS


async def test_machines_of_an_earlier_life_come_back_with_their_times(fake: FakeHost, heard: Heard) -> None:
    first = Registry(fake.host)
    await first.start()
    kept = await registered(first, fake)
    await registered(first, fake, "gone", 51)
    await first.stop()
    fake.units.active.discard("gone.service")
    fake.clock.now += 5_000_000
    second = Registry(fake.host)
    second.listen(heard)
    await second.start()
    assert heard.new == ["web"]
    assert second.get("web").record() == kept.record()
    assert list(fake.states.records) == ["web"]
    await second.stop()


async def test_two_creates_at_once_cannot_have_one_leader(registry: Registry, fake: FakeHost) -> None:
    fake.processes.units[50] = ""
    making = asyncio.create_task(registry.create(wanted(), [], 60))
    await asyncio.sleep(0)  # PID 1 has not answered yet
    with pytest.raises(FileExistsError):
        await registry.create(wanted("other"), [], 60)
    await settle()
    (job,) = fake.units.jobs
    fake.units.end_job(job, SCOPE)
    machine = await making
    assert await registry.of_pid(50, 60) is machine
    assert [call[0] for call in fake.units.calls] == ["start_scope"]


@pytest.mark.promise("A refused registration never stops the unit of another machine")
async def test_a_refused_registration_leaves_others_alone(registry: Registry, fake: FakeHost) -> None:
    await registered(registry, fake)
    for attempt in (registry.register(wanted("other"), 60), registry.create(wanted("other"), [], 60)):
        with pytest.raises(FileExistsError):
            await attempt
    await settle()
    assert not fake.units.calls
    assert len(fake.processes.pins) == 1
    assert registry.get("web").state == "running"


async def test_a_scope_that_was_made_for_a_machine_is_let_go_with_it(
    registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    machine = await created(registry, fake)
    await registry.unregister(machine, permits)
    assert fake.units.calls[-1] == ("unref_unit", SCOPE)
    assert not fake.processes.pins


async def test_a_pid_that_is_used_again_is_not_the_leader(
    registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    machine = await registered(registry, fake)
    fake.processes.end(50)
    fake.processes.units[50] = "other.service"
    await settle()
    assert registry.get("web") is machine  # it lives as long as its unit does
    with pytest.raises(ProcessLookupError):
        await registry.kill(machine, "leader", 9, permits)
    with pytest.raises(Refused, match="does not belong"):
        await registry.of_pid(50, 60)
    other = await registry.register(wanted("other"), 60)
    assert await registry.of_pid(50, 60) is other
    fake.units.end_unit("web.service")
    await settle()
    assert await registry.of_pid(50, 60) is other


async def test_the_end_of_a_leader_makes_us_look(registry: Registry, fake: FakeHost, heard: Heard) -> None:
    await registered(registry, fake)
    fake.units.active.discard("web.service")  # without a word
    fake.processes.end(50)
    await settle()
    assert heard.removed == ["web"]


async def test_after_a_reload_all_are_looked_at(registry: Registry, fake: FakeHost, heard: Heard) -> None:
    await registered(registry, fake)
    await registered(registry, fake, "kept", 51)
    fake.units.active.discard("web.service")
    fake.units.listeners[0].on_reloading(True)
    await settle()
    assert heard.removed == []
    fake.units.listeners[0].on_reloading(False)
    await settle()
    assert heard.removed == ["web"]


async def test_a_scope_that_ended_by_itself_is_stopped_once_more(
    registry: Registry, fake: FakeHost, heard: Heard
) -> None:
    await created(registry, fake)
    fake.units.end_unit(SCOPE)
    await settle()
    assert heard.removed == ["web"]
    assert fake.units.calls[1:] == [("stop_unit", SCOPE, "fail"), ("unref_unit", SCOPE)]


async def test_a_scope_that_cannot_be_stopped_once_more_does_not_keep_the_machine(
    registry: Registry, fake: FakeHost, heard: Heard
) -> None:
    await created(registry, fake)
    fake.units.refusal = Refused("org.freedesktop.systemd1.TransactionIsDestructive", "not now")
    fake.units.end_unit(SCOPE)
    await settle()
    assert heard.removed == ["web"]


@pytest.mark.parametrize("name", ["NoSuchUnit", "TransactionIsDestructive"])
async def test_errors_of_the_service_manager_are_reduced_to_a_number(
    registry: Registry, fake: FakeHost, permits: Permits, name: str
) -> None:
    machine = await registered(registry, fake)
    fake.units.refusal = Refused(f"org.freedesktop.systemd1.{name}", "no")
    with pytest.raises(OSError, match=r".") as caught:
        await registry.kill(machine, "all", 9, permits)
    assert caught.value.errno == {"NoSuchUnit": errno.ENOENT}.get(name, errno.EDEADLK)
    if name != "NoSuchUnit":
        with pytest.raises(OSError, match=r".") as caught:
            await registry.terminate(machine, permits)
        assert caught.value.errno == errno.EDEADLK
        assert machine.state == "running"


async def test_a_younger_process_does_not_lead_a_machine_of_an_earlier_life(
    fake: FakeHost, permits: Permits
) -> None:
    first = Registry(fake.host)
    await first.start()
    await registered(first, fake)
    await first.stop()
    assert not fake.processes.pins
    fake.processes.younger.add(50)
    second = Registry(fake.host)
    await second.start()
    machine = second.get("web")
    with pytest.raises(ProcessLookupError):
        await second.kill(machine, "leader", 9, permits)
    assert await second.of_pid(50, 60) is machine  # by its unit
    await second.stop()


async def test_what_cannot_be_told_stays(fake: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Registry(fake.host)
    await first.start()
    await registered(first, fake)
    await first.stop()

    async def refuse(unit: str) -> bool:
        raise Refused("org.freedesktop.DBus.Error.AccessDenied", "not for you")

    monkeypatch.setattr(fake.units, "is_active", refuse)
    second = Registry(fake.host)
    await second.start()
    assert second.get("web").state == "running"
    await second.stop()


async def test_a_manager_that_cannot_tell_is_asked_again(
    registry: Registry, fake: FakeHost, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("machined.machines.collection.PATIENCE", 0.01)
    answers = [Refused("org.freedesktop.DBus.Error.LimitsExceeded", "too many")] * 2

    async def is_active(unit: str) -> bool:
        if answers:
            raise answers.pop()
        return False

    await registered(registry, fake)
    monkeypatch.setattr(fake.units, "is_active", is_active)
    fake.units.end_unit("web.service")
    await settle()
    assert registry.get("web")
    await until(lambda: heard.removed == ["web"])
    assert not answers


async def test_a_job_that_ended_meanwhile_is_crossed_out(fake: FakeHost) -> None:
    first = Registry(fake.host)
    await first.start()
    await registered(first, fake)
    await registered(first, fake, "opening", 51)
    await first.stop()
    for name in ("web", "opening"):
        fake.states.records[name] = fake.states.records[name]._replace(scope_job=f"/job/of/{name}")
    fake.units.jobs = {"/job/of/opening"}
    second = Registry(fake.host)
    await second.start()
    assert (second.get("web").state, second.get("opening").state) == ("running", "opening")
    assert fake.states.records["web"].scope_job == ""
    fake.units.end_job("/job/of/opening", "opening.service")
    assert second.get("opening").state == "running"
    await second.stop()


async def test_a_scope_whose_start_is_queued_is_no_scope_that_ended(fake: FakeHost) -> None:
    """An earlier life ended between asking for the scope and hearing of its job."""
    first = Registry(fake.host)
    await first.start()
    await registered(first, fake)
    await first.stop()
    fake.states.records["web"] = fake.states.records["web"]._replace(unit=SCOPE, scope_job="")
    fake.units.active.clear()
    fake.units.queued[SCOPE] = "/job/9"
    fake.units.jobs.add("/job/9")
    second = Registry(fake.host)
    await second.start()
    assert second.get("web").state == "opening"
    assert fake.states.records["web"].scope_job == "/job/9"
    fake.units.active.add(SCOPE)
    fake.units.end_job("/job/9", SCOPE)
    assert second.get("web").state == "running"
    assert not [call for call in fake.units.calls if call[0] == "stop_unit"]
    await second.stop()


async def test_a_caller_who_left_meanwhile_leads_no_machine(registry: Registry, fake: FakeHost) -> None:
    """Whoever has its pid by now was pinned, and is let go."""
    fake.processes.units[60] = "shell.scope"
    before = list(fake.processes.pins)
    with pytest.raises(ProcessLookupError, match="Failed to pin process 60"):
        await registry.register(wanted(leader=0), 60, lambda: True)
    with pytest.raises(ProcessLookupError, match="Failed to pin process 60"):
        await registry.create(wanted(leader=0), [], 60, lambda: True)
    assert fake.processes.pins == before
    assert registry.find("web") is None
