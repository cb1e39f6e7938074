"""Who calls, and what follows from it."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.bus.senders import Request, Senders
from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH, machine_path
from machined.host.errors import Refused
from machined.service import Service
from machined.wire import Call, Connection, connect
from tests.service.frame.fakehost import FakeHost
from tests.service.frame.questions import LOG, PROPERTIES
from tests.support.daemon import private_daemon

NOBODY = 65534
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
MANAGE_MACHINES = "org.freedesktop.machine1.manage-machines"


@pytest.fixture
async def public(fake: FakeHost) -> AsyncIterator[str]:
    """The address of a bus that lets everybody in, with the service on it."""
    if os.geteuid():
        pytest.skip("needs root, to call as somebody else")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, 0o755)
        with private_daemon(folder, extra='    <allow user="*"/>') as address:
            os.chmod(folder / "bus", 0o666)
            connection = await connect(address)
            service = Service(connection, fake.host())
            await service.start()
            yield address
            await service.stop()
            await connection.close()


async def call_as_nobody(address: str, path: str, interface: str, member: str, *arguments: str) -> str:
    """What dbus-send(1) prints of a call by another user: the reply, or the error's name and text."""
    process = await asyncio.create_subprocess_exec(
        "dbus-send", f"--bus={address}", "--print-reply", f"--dest={MACHINE1}", path, f"{interface}.{member}",
        *arguments, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    return output.decode()


@pytest.mark.parametrize(
    "member",
    [
        "CreateMachine",
        "CreateMachineWithNetwork",
        "RegisterMachine",
        "RegisterMachineWithNetwork",
        "OpenMachinePTY",
    ],
)
@pytest.mark.promise("Nobody but root registers machines or opens their terminals", where="bare host")
async def test_a_privileged_member_is_for_root(public: str, fake: FakeHost, member: str) -> None:
    """Before its arguments are looked at."""
    answer = await call_as_nobody(public, MANAGER_PATH, MANAGER_INTERFACE, member, "string:box")
    assert DENIED in answer
    assert fake.done == []
    assert fake.authority.asked == []


async def test_others_read_what_all_may_read(public: str) -> None:
    answer = await call_as_nobody(public, MANAGER_PATH, MANAGER_INTERFACE, "ListMachines")
    assert machine_path("box") in answer


async def test_the_authority_is_asked_about_others(public: str, fake: FakeHost) -> None:
    answer = await call_as_nobody(public, MANAGER_PATH, MANAGER_INTERFACE, "TerminateMachine", "string:box")
    assert "method return" in answer
    assert fake.authority.asked == [(NOBODY, MANAGE_MACHINES, {"machine": "box", "verb": "terminate"}, False)]
    assert fake.done == [("stop_unit", "machine-box.scope", "fail")]


async def test_whom_the_authority_denies_gets_nothing_done(public: str, fake: FakeHost) -> None:
    fake.authority.denied.add(MANAGE_MACHINES)
    answer = await call_as_nobody(public, MANAGER_PATH, MANAGER_INTERFACE, "TerminateMachine", "string:box")
    assert DENIED in answer
    assert "not you" in answer
    assert fake.done == []


async def test_others_do_not_set_properties(public: str) -> None:
    answer = await call_as_nobody(
        public, LOG[0], PROPERTIES, "Set", f"string:{LOG[1]}", "string:LogLevel", "variant:string:debug"
    )
    assert DENIED in answer


async def test_root_is_not_asked_about(client: Connection, fake: FakeHost) -> None:
    if os.geteuid():
        pytest.skip("needs root")
    fake.authority.denied.add(MANAGE_MACHINES)
    await client.call(MACHINE1, machine_path("box"), f"{MACHINE1}.Machine", "Terminate")
    assert fake.authority.asked == []


def call_of(sender: str) -> Call:
    return Call(sender, "/", "a.B", "C", "", [], True, True, 1)


async def test_a_caller_is_who_the_bus_says(client: Connection, fake: FakeHost) -> None:
    request = Senders(client, fake.host().authority).request(call_of(client.unique_name))
    assert tuple(await request.credentials()) == (os.geteuid(), os.getpid())


async def test_a_caller_that_left_is_nobody(client: Connection, fake: FakeHost) -> None:
    request = Senders(client, fake.host().authority).request(call_of(":1.4711"))
    with pytest.raises(Refused, match="does not know the caller") as caught:
        await request.require_privilege("This")
    assert caught.value.name == DENIED


async def test_the_bus_is_asked_once_for_a_call(fake: FakeHost) -> None:
    asked = []

    class Bus:
        """A connection that counts."""

        async def call(self, *arguments: object) -> list[object]:
            asked.append(arguments)
            return [{}]

    request = Request(call_of(":1.1"), Bus(), fake.host().authority)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="does not tell who"):
        await request.pid()
    assert [arguments[3:] for arguments in asked] == [("GetConnectionCredentials", "s", ":1.1")]


async def test_a_callers_readiness_for_questions_is_passed_on(fake: FakeHost) -> None:
    class Bus:
        """A connection to which user 7 speaks, once."""

        is_asked = False

        async def call(self, *_arguments: object) -> list[object]:
            assert not self.is_asked
            self.is_asked = True
            from machined.wire import Variant

            return [{"UnixUserID": Variant("u", 7), "ProcessID": Variant("u", 8)}]

    request = Request(call_of(":1.1"), Bus(), fake.host().authority)  # type: ignore[arg-type]
    await request.permit("a.b", {"c": "d"})
    await request.permit("a.c", {})
    assert fake.authority.asked == [(7, "a.b", {"c": "d"}, True), (7, "a.c", {}, True)]


async def test_the_bus_is_asked_once_for_a_caller_and_its_descriptors_are_closed(fake: FakeHost) -> None:
    asked, handed_out = [], []

    class Bus:
        """A connection to a bus that hands out a descriptor of the caller, as dbus-daemon 1.16 does."""

        async def call(self, *arguments: object) -> list[object]:
            from machined.wire import Variant

            asked.append(arguments[-1])
            handed_out.append(os.pidfd_open(os.getpid()))
            told = {"UnixUserID": Variant("u", 7), "ProcessID": Variant("u", 8)}
            return [told | {"ProcessFD": Variant("h", handed_out[-1])}]

    senders = Senders(Bus(), fake.host().authority)  # type: ignore[arg-type]
    for sender in (":1.1", ":1.2", ":1.1"):
        assert await senders.request(call_of(sender)).pid() == 8
    assert asked == [":1.1", ":1.2"]
    for number in range(300):
        await senders.request(call_of(f":2.{number}")).pid()
    await senders.request(call_of(":1.1")).pid()
    assert asked.count(":1.1") == 2  # the oldest are forgotten in time
    for number in range(300):
        assert (await senders.request(call_of(f":3.{number}")).caller()).pid == 8
    del senders
    gc.collect()
    for descriptor in handed_out:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


@pytest.mark.promise("Who registers is never taken for a later process with its pid", where="bare host")
@pytest.mark.parametrize("hands_out", [False, True])
async def test_a_caller_is_told_from_a_later_process_with_its_pid(fake: FakeHost, hands_out: bool) -> None:
    from machined.wire import Variant

    process = await asyncio.create_subprocess_exec("sleep", "infinity")
    at_first = os.pidfd_open(process.pid)

    class Bus:
        """A connection to a bus that stays with what it saw when the caller connected."""

        async def call(self, *_arguments: object) -> list[object]:
            told = {"UnixUserID": Variant("u", 0), "ProcessID": Variant("u", process.pid)}
            return [told | ({"ProcessFD": Variant("h", os.dup(at_first))} if hands_out else {})]

    senders = Senders(Bus(), fake.host().authority)  # type: ignore[arg-type]
    caller = await senders.request(call_of(":1.1")).caller()
    assert caller.pid == process.pid
    assert not caller.has_ended()
    process.kill()
    await process.wait()
    os.close(at_first) if not hands_out else None
    assert caller.has_ended()
    with pytest.raises(ProcessLookupError):
        await senders.request(call_of(":1.1")).caller()
    if hands_out:
        with pytest.raises(ProcessLookupError):  # nor is it in question who connected, long after
            await senders.request(call_of(":1.2")).caller()
        os.close(at_first)
