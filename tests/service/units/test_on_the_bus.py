"""The service manager as clients of the bus see it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from machined.bus.local import LocalBus
from machined.contract import SYSTEMD1, SYSTEMD1_MANAGER_INTERFACE, SYSTEMD1_PATH, SYSTEMD1_UNIT_INTERFACE
from machined.host.simulated.units import SimulatedUnits
from machined.host.unit_status import unit_path
from machined.wire import CallError, Connection, Signal, Variant, connect
from tests.service.units import facts
from tests.service.units.estates import ALPHA, BETA, Place
from tests.support.waiting import until

SERVICE = f"{SYSTEMD1}.Service"


async def ask(client: Connection, member: str, signature: str = "", *arguments: Any) -> list[Any]:
    return await client.call(
        SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, member, signature, *arguments
    )


async def get(client: Connection, unit: str, interface: str, name: str) -> Any:
    return await client.get_property(SYSTEMD1, unit_path(unit), interface, name)


@pytest.fixture
async def heard(client: Connection) -> list[Signal]:
    """The signals that the client hears of, once somebody has subscribed."""
    signals: list[Signal] = []
    await client.subscribe(signals.append, sender=SYSTEMD1)
    return signals


@pytest.mark.parametrize(
    "question", facts.REFUSED, ids=lambda question: f"{question.member}{question.arguments}"
)
async def test_refusals_are_those_of_systemd(
    client: Connection, units: SimulatedUnits, question: facts.Question
) -> None:
    await units.mask_files(["masked.service"], False)
    with pytest.raises(CallError) as caught:
        await ask(client, question.member, question.signature, *question.arguments)
    assert (caught.value.name, caught.value.message) == (f"org.freedesktop.{question.error}", question.text)


@pytest.mark.parametrize(
    "setting", [*facts.SETTINGS_REFUSED, facts.WRONG_TYPE], ids=lambda setting: setting.name
)
async def test_settings_are_refused_as_systemd_does(
    client: Connection, units: SimulatedUnits, setting: facts.Setting
) -> None:
    await units.mask_files(["masked.service"], False)
    value = Variant(setting.signature, setting.value)
    with pytest.raises(CallError) as caught:
        await ask(client, "SetUnitProperties", "sba(sv)", setting.unit, True, [[setting.name, value]])
    assert caught.value.name.removeprefix("org.freedesktop.") == setting.error
    assert caught.value.message == setting.text


async def test_the_caller_is_in_no_unit(client: Connection) -> None:
    for member in ("GetUnit", "LoadUnit", "GetUnitProcesses", "ResetFailedUnit"):
        with pytest.raises(CallError, match="Client not member of any unit"):
            await ask(client, member, "s", "")
    with pytest.raises(CallError, match=f"PID {os.getpid()} does not belong to any loaded unit"):
        await ask(client, "GetUnitByPID", "u", 0)
    with pytest.raises(CallError, match=f"Client {os.getpid()} not member of any unit"):
        await ask(client, "GetUnitByInvocationID", "ay", b"")


async def test_a_unit_starts_and_stops(client: Connection, place: Place) -> None:
    (job,) = await ask(client, "StartUnit", "ss", BETA, "fail")
    (jobs,) = await ask(client, "ListJobs")
    (row,) = [row for row in jobs if row[4] == job]
    assert row[1:4] == [BETA, "start", "waiting"]
    assert row[5] == unit_path(BETA)
    assert await client.get_property(SYSTEMD1, job, f"{SYSTEMD1}.Job", "Unit") == [BETA, unit_path(BETA)]
    assert await ask(client, "GetJob", "u", row[0]) == [job]
    assert await get(client, BETA, SYSTEMD1_UNIT_INTERFACE, "Job") == [row[0], job]
    await place.push(1)
    assert await get(client, BETA, SYSTEMD1_UNIT_INTERFACE, "ActiveState") == "active"
    assert await get(client, BETA, SYSTEMD1_UNIT_INTERFACE, "Job") == [0, "/"]
    main = await get(client, BETA, SERVICE, "MainPID")
    assert await ask(client, "GetUnitByPID", "u", main) == [unit_path(BETA)]
    await client.call(SYSTEMD1, unit_path(BETA), SYSTEMD1_UNIT_INTERFACE, "Stop", "s", "fail")
    await place.push(4)
    with pytest.raises(CallError, match="not loaded"):
        await ask(client, "GetUnit", "s", BETA)


async def test_a_cancelled_job_is_gone(client: Connection, place: Place) -> None:
    (job,) = await ask(client, "StartUnit", "ss", BETA, "fail")
    await place.push(0.1)
    await client.call(SYSTEMD1, job, f"{SYSTEMD1}.Job", "Cancel")
    with pytest.raises(CallError) as caught:
        await client.get_property(SYSTEMD1, job, f"{SYSTEMD1}.Job", "State")
    assert caught.value.name == "org.freedesktop.DBus.Error.UnknownObject"


async def test_without_subscribers_a_job_is_told_of_for_who_asked_for_it(
    client: Connection, place: Place, heard: list[Signal]
) -> None:
    (job,) = await ask(client, "StartUnit", "ss", BETA, "fail")
    await place.push(1)
    await client.name_owner(SYSTEMD1)  # whatever was sent before this answer has arrived with it
    assert [signal.member for signal in heard] == ["JobNew", "JobRemoved"]
    assert {signal.body[1] for signal in heard} == {job}


async def test_nothing_is_told_of_a_job_whose_client_has_left(
    served: LocalBus, client: Connection, place: Place, heard: list[Signal]
) -> None:
    other = await connect(served.address)
    await ask(other, "StartUnit", "ss", BETA, "fail")
    await other.close()
    await until(lambda: heard)
    await place.push(1)
    await client.name_owner(SYSTEMD1)
    assert [signal.member for signal in heard] == ["JobNew"]


async def test_the_order_of_signals_is_that_of_systemd(
    client: Connection, place: Place, heard: list[Signal]
) -> None:
    await ask(client, "Subscribe")
    (job,) = await ask(client, "StartUnit", "ss", BETA, "fail")
    await place.push(1)
    await until(lambda: any(signal.member == "JobRemoved" for signal in heard))
    await until(lambda: heard[-1].member == "PropertiesChanged")
    names = [signal.member for signal in heard]
    changed = "PropertiesChanged"
    assert names == ["UnitNew", "JobNew", *[changed] * 4, "JobRemoved", changed, changed]
    number = int(job.rpartition("/")[2])
    assert heard[0].body == [BETA, unit_path(BETA)]
    assert (heard[1].signature, heard[1].body) == ("uos", [number, job, BETA])
    assert (heard[6].signature, heard[6].body) == ("uoss", [number, job, BETA, "done"])
    of_service, of_unit = heard[-2:]
    assert (of_unit.path, of_unit.signature) == (unit_path(BETA), "sa{sv}as")
    assert (of_service.body[0], of_unit.body[0]) == (SERVICE, SYSTEMD1_UNIT_INTERFACE)
    assert list(of_service.body[1]) == facts.SERVICE_CHANGES
    assert list(of_unit.body[1]) == facts.UNIT_CHANGES
    assert of_unit.body[2] == ["Conditions", "Asserts"]
    assert of_unit.body[1]["ActiveState"].value == "active"


async def test_a_unit_of_another_type_is_told_of_and_forgotten(
    client: Connection, place: Place, units: SimulatedUnits
) -> None:
    await ask(client, "Subscribe")
    await ask(client, "MaskUnitFiles", "asbb", ["foo.timer"], False, False)
    await ask(client, "StopUnit", "ss", "foo.timer", "fail")
    await place.push(1)
    assert units.find("foo.timer") is None
    await ask(client, "StopUnit", "ss", "foo.timer", "fail")


async def test_who_left_hears_nothing_more(
    served: LocalBus, client: Connection, place: Place, heard: list[Signal]
) -> None:
    other = await connect(served.address)
    await ask(other, "Subscribe")
    await ask(other, "StartUnit", "ss", BETA, "fail")
    await until(lambda: heard)
    owners: list[str] = []
    await client.watch_name(other.unique_name, owners.append)
    await other.close()
    await until(lambda: owners == [""])
    await ask(client, "ListJobs")  # the service, too, has heard of it before it answers
    await place.push(1)
    await client.name_owner(SYSTEMD1)
    assert "JobRemoved" not in [signal.member for signal in heard]


async def test_one_subscription_each(client: Connection) -> None:
    await ask(client, "Subscribe")
    with pytest.raises(CallError, match="Client is already subscribed"):
        await ask(client, "Subscribe")
    await ask(client, "Unsubscribe")
    await ask(client, "Subscribe")


async def test_references_of_who_left_are_given_up(
    served: LocalBus, client: Connection, units: SimulatedUnits
) -> None:
    other = await connect(served.address)
    await ask(other, "RefUnit", "s", BETA)
    assert await ask(client, "GetUnit", "s", BETA)
    await other.close()
    await until(lambda: units.find(BETA) is None)


async def test_failures_change_the_manager(client: Connection, place: Place, heard: list[Signal]) -> None:
    await ask(client, "Subscribe")
    await ask(client, "ResetFailed")
    manager = [signal for signal in heard if signal.path == SYSTEMD1_PATH]
    assert manager[0].body[:2] == [
        SYSTEMD1_MANAGER_INTERFACE,
        {"NFailedUnits": manager[0].body[1]["NFailedUnits"]},
    ]
    assert manager[0].body[1]["NFailedUnits"].value == 0
    state = await client.get_property(SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "SystemState")
    assert state == "running"


async def test_enabling_and_reloading_are_told(client: Connection, heard: list[Signal]) -> None:
    await ask(client, "Subscribe")
    wants = f"/etc/systemd/system/machines.target.wants/{BETA}"
    template = "/usr/lib/systemd/system/systemd-nspawn@.service"
    assert await ask(client, "EnableUnitFiles", "asbb", [BETA], False, False) == [
        True,
        [["symlink", wants, template]],
    ]
    assert await ask(client, "GetUnitFileState", "s", BETA) == ["enabled"]
    assert await get(client, BETA, SYSTEMD1_UNIT_INTERFACE, "WantedBy") == ["machines.target"]
    await ask(client, "Reload")
    assert await ask(client, "DisableUnitFiles", "asb", [BETA], False) == [[["unlink", wants, ""]]]
    told = [
        signal
        for signal in heard
        if not signal.member.startswith("Unit") or signal.member == "UnitFilesChanged"
    ]
    assert [(signal.member, signal.body) for signal in told] == [
        ("UnitFilesChanged", []),
        ("Reloading", [True]),
        ("Reloading", [False]),
        ("UnitFilesChanged", []),
    ]


async def test_lists(client: Connection) -> None:
    (rows,) = await ask(client, "ListUnits")
    rows_by_name = {row[0]: row for row in rows}
    assert rows_by_name[ALPHA] == [
        ALPHA,
        "Container alpha",
        "loaded",
        "active",
        "running",
        "",
        unit_path(ALPHA),
        0,
        "",
        "/",
    ]
    (failed,) = await ask(client, "ListUnitsFiltered", "as", ["failed"])
    assert [row[0] for row in failed] == ["systemd-nspawn@old.service"]
    (found,) = await ask(client, "ListUnitsByPatterns", "asas", ["active"], ["systemd-nspawn@*"])
    assert [row[0] for row in found] == [ALPHA]
    (named,) = await ask(client, "ListUnitsByNames", "as", ["none.service", "bad name", "ssh.service"])
    assert [row[:5:2] for row in named] == [
        ["none.service", "not-found", "dead"],
        ["ssh.service", "loaded", "running"],
    ]
    (files,) = await ask(client, "ListUnitFilesByPatterns", "asas", [], ["systemd-nspawn*"])
    assert files == [["/usr/lib/systemd/system/systemd-nspawn@.service", "disabled"]]


async def test_an_unknown_unit_has_an_object_too(client: Connection) -> None:
    told = await client.get_all(SYSTEMD1, unit_path("none.service"), SYSTEMD1_UNIT_INTERFACE)
    assert told["LoadState"] == "not-found"
    assert told["ActiveState"] == "inactive"
    assert told["LoadError"] == [f"{SYSTEMD1}.NoSuchUnit", "Unit none.service not found."]
    with pytest.raises(CallError) as caught:
        await client.get_all(SYSTEMD1, unit_path("nonsense"), SYSTEMD1_UNIT_INTERFACE)
    assert caught.value.message == "Unit name nonsense is neither a valid invocation ID nor unit name."


async def test_an_invocation_id_leads_to_its_unit(client: Connection) -> None:
    invocation = await get(client, ALPHA, SYSTEMD1_UNIT_INTERFACE, "InvocationID")
    assert await ask(client, "GetUnitByInvocationID", "ay", invocation) == [unit_path(ALPHA)]
    path = f"{SYSTEMD1_PATH}/unit/{'_' + format(ord(invocation.hex()[0]), '02x')}{invocation.hex()[1:]}"
    assert await client.get_property(SYSTEMD1, path, SYSTEMD1_UNIT_INTERFACE, "Id") == ALPHA


async def test_what_machinectl_reads_of_a_unit(client: Connection, place: Place) -> None:
    told = await client.get_all(SYSTEMD1, unit_path(ALPHA), SERVICE)
    assert told["ControlGroup"] == f"/machine.slice/{ALPHA}"
    assert (told["Slice"], told["TasksMax"], told["KillMode"]) == ("machine.slice", 16384, "mixed")
    (rows,) = await ask(client, "GetUnitProcesses", "s", ALPHA)
    assert len(rows) == told["TasksCurrent"]
    assert [told["ControlGroup"] + "/supervisor", told["MainPID"]] == rows[-1][:2]
    ((path, words, *_),) = told["ExecStart"]
    assert (path, words[-1]) == ("systemd-nspawn", "--machine=alpha")


async def test_limits_can_be_set_on_the_object(client: Connection) -> None:
    properties = [["MemoryMax", Variant("t", 10**9)], ["CPUWeight", Variant("t", 50)]]
    path = unit_path(ALPHA)
    await client.call(SYSTEMD1, path, SYSTEMD1_UNIT_INTERFACE, "SetProperties", "ba(sv)", True, properties)
    assert await get(client, ALPHA, SERVICE, "MemoryMax") == 10**9
    assert await get(client, ALPHA, SERVICE, "CPUWeight") == 50


async def test_a_scope_of_a_real_process(client: Connection, place: Place) -> None:
    properties = [["PIDs", Variant("au", [os.getpid()])], ["AddRef", Variant("b", True)]]
    await ask(client, "StartTransientUnit", "ssa(sv)a(sa(sv))", "machine-x.scope", "fail", properties, [])
    await place.push(0.1)
    assert await ask(client, "GetUnitByPID", "u", 0) == [unit_path("machine-x.scope")]
    assert await get(client, "machine-x.scope", f"{SYSTEMD1}.Scope", "Result") == "success"
    with pytest.raises(CallError) as caught:
        await ask(client, "KillUnit", "ssi", "machine-x.scope", "all", 9)
    assert caught.value.name == "org.freedesktop.DBus.Error.AccessDenied"
    await ask(client, "StopUnit", "ss", "machine-x.scope", "fail")
    await place.push(0.1)
    await ask(client, "UnrefUnit", "s", "machine-x.scope")
    assert place.state("machine-x.scope") == "not loaded"
