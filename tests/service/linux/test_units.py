"""Units of the service manager over the bus."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from machined.contract import PROPERTIES_INTERFACE, SYSTEMD1, SYSTEMD1_UNIT_INTERFACE, ErrorName
from machined.host.errors import Refused
from machined.host.improvements import ALL, NONE, Improvements
from machined.host.linux.units import LinuxUnits
from machined.host.units import ScopeRequest
from machined.wire import Call, CallError, Connection, Variant
from tests.conftest import open_fds
from tests.service.linux.managers import Peer
from tests.support.waiting import until

JOB = f"{SYSTEMD1.replace('.', '/')}/job/7"
JOB_PATH = f"/{JOB}"
UNKNOWN = "org.freedesktop.DBus.Error.PropertyReadOnly"


class Heard:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append((name, *arguments))


@pytest.fixture
async def units(connection: Connection, manager: Peer) -> LinuxUnits:
    units = LinuxUnits(connection)
    await units.start()
    return units


def scope(**others: Any) -> ScopeRequest:
    request = ScopeRequest(
        "machine-a.scope", "Container a", os.getpid(), [("Slice", Variant("s", "x.slice"))]
    )
    return request._replace(**others)


def asked_for(manager: Peer) -> list[list[tuple[str, str]]]:
    """The names and types of the properties of each scope that was asked for."""
    starts = [call for call in manager.calls if call[0] == "StartTransientUnit"]
    return [[(name, value.signature) for name, value in start[4]] for start in starts]


def takes(*names: str) -> Any:
    """What a manager answers that knows these properties alone."""

    def answer(call: Call) -> Any:
        for name, value in call.body[2]:
            if value.signature == "ah":
                assert os.readlink(f"/proc/self/fd/{value.value[0]}").startswith(
                    ("anon_inode:[pidfd]", "pidfd:")
                )
            if name not in names:
                return CallError(UNKNOWN, f"Cannot set property {name}, or unknown property.")
        return "o", [JOB_PATH]

    return answer


USUAL = ["Slice", "Description", "Delegate", "CollectMode", "AddRef", "TasksMax"]


async def test_a_scope_is_asked_for_in_the_order_of_the_reference(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["StartTransientUnit"] = takes(*USUAL, "PIDs")
    assert await units.start_scope(scope()) == JOB_PATH
    member, path, unit, mode, properties, auxiliary = manager.calls[-1]
    assert (member, path, unit, mode, auxiliary) == (
        "StartTransientUnit", "/org/freedesktop/systemd1", "machine-a.scope", "fail", [],
    )  # fmt: skip
    assert [(name, value.signature, value.value) for name, value in properties] == [
        ("Slice", "s", "machine.slice"),
        ("Description", "s", "Container a"),
        ("PIDs", "au", [os.getpid()]),
        ("Delegate", "b", True),
        ("CollectMode", "s", "inactive-or-failed"),
        ("AddRef", "b", True),
        ("TasksMax", "t", 16384),
        ("Slice", "s", "x.slice"),
    ]


async def test_the_leader_is_handed_over_by_descriptor(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["StartTransientUnit"] = takes(*USUAL, "PIDFDs")
    pidfd = os.pidfd_open(os.getpid())
    try:
        assert await units.start_scope(scope(pidfd=pidfd)) == JOB_PATH
        assert [names[2] for names in asked_for(manager)] == [("PIDFDs", "ah")]
        os.fstat(pidfd)  # ours still
    finally:
        os.close(pidfd)


async def test_a_scope_that_is_not_asked_for_leaves_no_descriptor(
    units: LinuxUnits, manager: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its descriptors is closed, or its caller gives up while there is no room for the call."""
    pidfd = os.pidfd_open(os.getpid())
    closed = 10**6
    before = open_fds()
    try:
        properties = [("One", Variant("h", pidfd)), ("Two", Variant("h", closed))]
        with pytest.raises(OSError, match="Bad file descriptor"):
            await units.start_scope(scope(pidfd=pidfd, properties=properties))
        assert open_fds() == before
        monkeypatch.setattr(units, "_room", asyncio.Semaphore(0))
        starting = asyncio.create_task(units.start_scope(scope(pidfd=pidfd, properties=properties[:1])))
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert open_fds() == before
    finally:
        os.close(pidfd)
    assert not [call for call in manager.calls if call[0] == "StartTransientUnit"]


async def test_an_older_manager_gets_the_pid_and_is_not_asked_twice(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["StartTransientUnit"] = takes(*USUAL, "PIDs")
    pidfd = os.pidfd_open(os.getpid())
    try:
        for _ in range(2):
            assert await units.start_scope(scope(pidfd=pidfd)) == JOB_PATH
    finally:
        os.close(pidfd)
    assert [names[2][0] for names in asked_for(manager)] == ["PIDFDs", "PIDs", "PIDs"]
    assert all(names[-1] == ("Slice", "s") and len(names) == 8 for names in asked_for(manager))


@pytest.mark.parametrize("improvements", [ALL, NONE])
async def test_a_property_that_the_manager_does_not_know(
    connection: Connection, manager: Peer, improvements: Improvements
) -> None:
    units = LinuxUnits(connection, improvements=improvements)
    manager.answers["StartTransientUnit"] = takes(*USUAL, "PIDs", "PIDFDs")
    pidfd = os.pidfd_open(os.getpid())
    request = scope(pidfd=pidfd, properties=[("Nonsense", Variant("s", "x"))])
    try:
        if improvements == NONE:  # as the reference: it is made without any of the caller's
            assert await units.start_scope(request) == JOB_PATH
            assert [len(names) for names in asked_for(manager)] == [8, 7]
        else:
            with pytest.raises(Refused, match="Nonsense") as caught:
                await units.start_scope(request)
            assert caught.value.name == UNKNOWN
    finally:
        os.close(pidfd)


async def test_descriptors_among_the_callers_properties_stay_the_callers(
    units: LinuxUnits, manager: Peer
) -> None:
    manager.answers["StartTransientUnit"] = takes(*USUAL, "PIDs", "Files")
    ours = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    try:
        value = Variant("a(sh)", [["one", ours], ["two", ours]])
        await units.start_scope(
            scope(properties=[("Files", value), ("Files", Variant("a{sv}", {"x": Variant("h", ours)}))])
        )
        os.fstat(ours)
    finally:
        os.close(ours)
    sent = manager.calls[-1][4][-2][1].value
    assert [name for name, _ in sent] == ["one", "two"]


@pytest.mark.parametrize(
    ("answer", "is_active"),
    [
        (("v", [Variant("s", "active")]), True),
        (("v", [Variant("s", "activating")]), True),
        (("v", [Variant("s", "deactivating")]), True),
        (("v", [Variant("s", "inactive")]), False),
        (("v", [Variant("s", "failed")]), False),
        (CallError(f"{SYSTEMD1}.NoSuchUnit", "no"), False),
        (CallError(f"{SYSTEMD1}.LoadFailed", "no"), False),
        (CallError("org.freedesktop.DBus.Error.NoReply", "no"), True),
        (CallError("org.freedesktop.DBus.Error.Disconnected", "no"), True),
    ],
    ids=str,
)
async def test_whether_a_unit_is_active(
    units: LinuxUnits, manager: Peer, answer: Any, is_active: bool
) -> None:
    manager.answers["Get"] = answer
    assert await units.is_active(r"machine-a\x2db.scope") is is_active
    path = "/org/freedesktop/systemd1/unit/machine_2da_5cx2db_2escope"
    assert manager.calls[-1] == ("Get", path, SYSTEMD1_UNIT_INTERFACE, "ActiveState")


async def test_whether_a_job_is_pending(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["Get"] = ("v", [Variant("s", "waiting")])
    assert await units.is_job_pending(JOB_PATH)
    manager.answers["Get"] = CallError("org.freedesktop.DBus.Error.UnknownObject", "gone")
    assert not await units.is_job_pending(JOB_PATH)
    manager.answers["Get"] = CallError("org.freedesktop.DBus.Error.AccessDenied", "no")
    with pytest.raises(Refused, match="no"):
        await units.is_job_pending(JOB_PATH)


async def test_the_job_of_a_unit(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["Get"] = ("v", [Variant("(uo)", [7, JOB_PATH])])
    assert await units.job_of("a.scope") == JOB_PATH
    assert manager.calls[-1][2:] == (SYSTEMD1_UNIT_INTERFACE, "Job")
    manager.answers["Get"] = ("v", [Variant("(uo)", [0, "/"])])
    assert await units.job_of("a.scope") == ""
    manager.answers["Get"] = CallError(f"{SYSTEMD1}.NoSuchUnit", "gone")
    assert await units.job_of("a.scope") == ""
    manager.answers["Get"] = CallError("org.freedesktop.DBus.Error.AccessDenied", "no")
    with pytest.raises(Refused, match="no"):
        await units.job_of("a.scope")


async def test_errors_keep_their_names(units: LinuxUnits, manager: Peer) -> None:
    for member, call in (
        ("StopUnit", units.stop_unit("a.scope", "fail")),
        ("StartUnit", units.start_unit("a.scope", "replace")),
        ("KillUnit", units.kill_unit("a.scope", "all", 9)),
        ("UnrefUnit", units.unref_unit("a.scope")),
    ):
        manager.answers[member] = CallError(f"{SYSTEMD1}.NoSuchUnit", f"{member} what?")
        with pytest.raises(Refused, match=f"{member} what") as caught:
            await call
        assert caught.value.name == ErrorName.NO_SUCH_UNIT
    assert manager.calls[-2][2:] == ("a.scope", "all", 9)


async def test_without_a_manager(connection: Connection) -> None:
    with pytest.raises(Refused) as caught:
        await LinuxUnits(connection).start()
    assert caught.value.name == ErrorName.SERVICE_UNKNOWN


async def test_somebody_may_have_subscribed_already(connection: Connection, manager: Peer) -> None:
    manager.answers["Subscribe"] = CallError(f"{SYSTEMD1}.AlreadySubscribed", "yes")
    await LinuxUnits(connection).start()


async def test_it_tells_of_ends(units: LinuxUnits, manager: Peer) -> None:
    heard = Heard()
    units.listen(heard)
    unit_path = "/org/freedesktop/systemd1/unit/a_2escope"
    changed = {"ActiveState": Variant("s", "failed")}
    manager.emit("JobNew", "uos", 7, JOB_PATH, "a.scope")
    manager.emit("JobRemoved", "uoss", 7, JOB_PATH, "a.scope", "done")
    for interface in (f"{SYSTEMD1}.Scope", SYSTEMD1_UNIT_INTERFACE):
        manager.connection.emit(
            unit_path, PROPERTIES_INTERFACE, "PropertiesChanged", "sa{sv}as", interface, changed, []
        )
    manager.emit("UnitRemoved", "so", "a.scope", unit_path)
    manager.emit("Reloading", "b", False)
    await until(lambda: heard.told and heard.told[-1][0] == "on_reloading")
    assert [(name, *rest[:1]) for name, *rest in heard.told] == [
        ("on_job_removed", 7),
        ("on_unit_changed", "a.scope"),
        ("on_unit_removed", "a.scope"),
        ("on_reloading", False),
    ]
    assert heard.told[1][3]["ActiveState"].value == "failed"


async def test_nobody_else_can_speak_for_the_manager(units: LinuxUnits, address: str, manager: Peer) -> None:
    from machined.wire import connect

    heard = Heard()
    units.listen(heard)
    stranger = Peer(await connect(address))
    stranger.emit("UnitRemoved", "so", "a.scope", "/a")
    await stranger.connection.close()
    manager.emit("Reloading", "b", True)
    await until(lambda: heard.told)
    assert heard.told == [("on_reloading", True)]


async def test_no_more_calls_go_on_at_once_than_the_bus_allows(units: LinuxUnits, manager: Peer) -> None:
    manager.answers["Get"] = ("v", [Variant("s", "inactive")])
    found = await asyncio.gather(*(units.is_active(f"machine-{number}.scope") for number in range(400)))
    assert found == [False] * 400
