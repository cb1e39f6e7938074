"""From a call to its answer: what is found, what is refused, and how."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from machined.bus.objects import ObjectTree
from machined.bus.senders import Request, Senders
from machined.bus.table import Interface, Method, Property
from machined.contract import (
    IMAGE_INTERFACE,
    MACHINE1,
    MACHINE_INTERFACE,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    image_path,
    machine_path,
)
from machined.host.improvements import ALL, NONE, Improvements
from machined.service import Service
from machined.wire import Call, CallError, Connection, connect
from machined.wire.body import decode_body, encode_body
from tests.service.frame.fakehost import LEADER, MACHINE_ID, FakeHost
from tests.service.frame.questions import PEER, PROPERTIES, QUESTIONS, Question, answer

MACHINED = Path("/usr/lib/systemd/systemd-machined")


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_a_call_ends_as_it_should(client: Connection, question: Question) -> None:
    assert await answer(client, MACHINE1, question) == question.error


@pytest.fixture
def reference(daemon_address: str) -> Iterator[None]:
    """The reference service on the private bus, its state files out of the host's sight."""
    if os.geteuid() or not MACHINED.exists():
        pytest.skip("needs root and systemd-machined (apt-get install systemd-container)")
    script = f"mount -t tmpfs tmpfs /run/systemd && exec {MACHINED}"
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": daemon_address}
    process = Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script], env=environment)
    yield
    process.terminate()
    process.wait(10)


async def owned(client: Connection) -> None:
    """Return once somebody serves the name."""
    event = asyncio.Event()
    subscription = await client.watch_name(MACHINE1, lambda owner: event.set() if owner else None)
    if not await client.name_owner(MACHINE1):
        await event.wait()
    await subscription.cancel()


async def test_the_reference_answers_the_same(daemon_address: str, reference: None) -> None:
    client = await connect(daemon_address)
    try:
        async with asyncio.timeout(10):
            await owned(client)
        answers = [(str(question), await answer(client, MACHINE1, question)) for question in QUESTIONS]
    finally:
        await client.close()
    assert answers == [(str(question), question.error) for question in QUESTIONS]


async def test_a_wrong_signature_is_told_beside_the_right_one(client: Connection) -> None:
    with pytest.raises(CallError) as caught:
        await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "oo", "/", "/")
    assert caught.value.name == "org.freedesktop.DBus.Error.InvalidArgs"
    assert "'oo'" in caught.value.message
    assert "'s'" in caught.value.message


async def test_the_machine_id_is_the_hosts(client: Connection) -> None:
    assert await client.call(MACHINE1, "/", PEER, "GetMachineId") == [MACHINE_ID.hex()]


@pytest.mark.parametrize(
    ("path", "interface", "names"),
    [
        (MANAGER_PATH, MANAGER_INTERFACE, "PoolPath PoolUsage PoolLimit"),
        (
            machine_path("box"),
            MACHINE_INTERFACE,
            "Name Id Timestamp TimestampMonotonic Service Unit Leader Class RootDirectory NetworkInterfaces"
            " VSockCID SSHAddress SSHPrivateKeyPath State",
        ),
        (
            image_path("deb-12"),
            IMAGE_INTERFACE,
            "Name Path Type ReadOnly CreationTimestamp ModificationTimestamp Usage Limit UsageExclusive"
            " LimitExclusive",
        ),
    ],
)
async def test_all_properties_come_with_no_interface_named(
    client: Connection, path: str, interface: str, names: str
) -> None:
    """machinectl(1) asks like this."""
    (found,) = await client.call(MACHINE1, path, PROPERTIES, "GetAll", "s", "")
    assert list(found) == names.split()
    assert [found] == await client.call(MACHINE1, path, PROPERTIES, "GetAll", "s", interface)


async def test_a_hidden_property_comes_to_who_names_it(client: Connection) -> None:
    (value,) = await client.call(
        MACHINE1, machine_path("box"), PROPERTIES, "Get", "ss", MACHINE_INTERFACE, "Scope"
    )
    assert (value.signature, value.value) == ("s", "machine-box.scope")


async def test_a_property_that_cannot_be_read_fails_them_all(client: Connection, fake: FakeHost) -> None:
    fake.storage.pool_error = PermissionError(13, "Permission denied", "/var/lib/machines")
    with pytest.raises(CallError) as caught:
        await client.call(MACHINE1, MANAGER_PATH, PROPERTIES, "GetAll", "s", "")
    assert caught.value.name == "org.freedesktop.DBus.Error.AccessDenied"
    assert caught.value.message == "Permission denied"


async def test_the_callers_own_machine_is_found_by_its_process(client: Connection, fake: FakeHost) -> None:
    fake.processes.units[os.getpid()] = "machine-box.scope"
    path = f"{MANAGER_PATH}/machine/self"
    (found,) = await client.call(MACHINE1, path, PROPERTIES, "GetAll", "s", "")
    assert found["Leader"].value == LEADER
    assert await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachineByPID", "u", 0) == [
        machine_path("box")
    ]


def tree_of(improvements: Improvements) -> ObjectTree:
    """A tree with one object that has a method and a property."""

    async def own(_target: object, _request: Request) -> list[str]:
        return ["own"]

    senders = Senders(None, None)  # type: ignore[arg-type]  # nobody is asked
    tree = ObjectTree(senders, MACHINE_ID, improvements=improvements)
    tree.add("/a", None, Interface("a.A", [Method("Get", "", "s", own), Property("P", "s", str)]))
    return tree


def bare_call(path: str, member: str) -> Call:
    """A call that names no interface."""
    return Call(":1.9", path, None, member, "", [], False, True, 1)


async def test_a_method_is_found_without_its_interface() -> None:
    """The object's own Get comes before that of Properties."""
    assert await tree_of(ALL).dispatch(bare_call("/a", "Get")) == ("s", ["own"])


async def test_introspection_is_found_without_its_interface() -> None:
    signature, (text,) = await tree_of(ALL).dispatch(bare_call("/", "Introspect"))
    assert signature == "s"
    assert '<node name="a"/>' in text


@pytest.mark.parametrize(
    ("path", "member", "error"), [("/a", "Nothing", "UnknownMethod"), ("/b", "Get", "UnknownObject")]
)
async def test_without_its_interface_a_method_may_be_missing(path: str, member: str, error: str) -> None:
    with pytest.raises(CallError, match=error):
        await tree_of(ALL).dispatch(bare_call(path, member))


async def test_strictly_nothing_is_found_without_an_interface() -> None:
    """Nor does sd-bus find it."""
    with pytest.raises(CallError, match="UnknownObject"):
        await tree_of(NONE).dispatch(bare_call("/a", "Get"))


async def test_an_object_may_have_interfaces_of_its_own_kind() -> None:
    async def find(label: str, _request: Request) -> str:
        return label

    async def enumerate_all() -> list[str]:
        return ["one", "two"]

    tree = tree_of(ALL)
    first = Interface("a.First", [Property("Label", "s", str)])
    second = Interface("a.Second", [Property("Length", "u", len)])
    tree.add_family("/f", find, enumerate_all, lambda label: [first] if label == "one" else [first, second])
    assert list(await all_of(tree, "/f/one")) == ["Label"]
    assert list(await all_of(tree, "/f/two")) == ["Label", "Length"]


def call_of_all(path: str) -> Call:
    return Call(":1.9", path, PROPERTIES, "GetAll", "s", [""], False, True, 1)


async def all_of(tree: ObjectTree, path: str) -> dict[str, object]:
    """The properties as a caller reads them."""
    answer = tree.dispatch(call_of_all(path))
    signature, values = answer if isinstance(answer, tuple) else await answer
    marshalled = bytes(encode_body(signature, values)[0])
    (found,), _fds = decode_body(signature, b"l" + bytes(7) + marshalled, 8, [])
    return {name: variant.value for name, variant in found.items()}


async def test_what_is_at_hand_is_answered_without_a_task(service: Service) -> None:
    path = machine_path("box")
    for call in (
        call_of_all(path),
        Call(":1.9", path, PROPERTIES, "Get", "ss", [MACHINE_INTERFACE, "State"], False, True, 1),
        Call(":1.9", MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", ["box"], False, True, 1),
        Call(":1.9", MANAGER_PATH, MANAGER_INTERFACE, "ListMachines", "", [], False, True, 1),
    ):
        assert isinstance(service.tree.dispatch(call), tuple), call.member


async def test_the_answer_for_all_properties_is_written_once_and_never_old(service: Service) -> None:
    path = machine_path("box")
    machine = service.registry.get("box")
    (_, body), (_, again) = (service.tree.dispatch(call_of_all(path)) for _ in range(2))
    assert body is again
    assert (await all_of(service.tree, path))["State"] == "running"
    machine.is_closing = True
    assert (await all_of(service.tree, path))["State"] == "closing"
    machine.is_closing = False
    machine.ifindices = (7, 8)
    found = await all_of(service.tree, path)
    assert (found["State"], found["NetworkInterfaces"]) == ("running", [7, 8])
    assert [found] == [await all_of(service.tree, path)]


async def test_a_list_that_changes_in_its_place_is_told_as_it_is() -> None:
    tree, words = tree_of(ALL), ["one"]
    tree.add("/b", words, Interface("a.B", [Property("Words", "as", lambda target: target)]))
    assert await all_of(tree, "/b") == {"Words": ["one"]}
    words.append("two")
    assert await all_of(tree, "/b") == {"Words": ["one", "two"]}


async def test_objects_that_look_the_same_but_for_their_interface_are_told_apart() -> None:
    tree = tree_of(ALL)
    tree.add("/yes", True, Interface("a.Yes", [Property("P", "b", lambda target: target)]))
    tree.add("/one", 1, Interface("a.One", [Property("P", "u", lambda target: target)]))
    assert (await all_of(tree, "/yes"))["P"] is True
    assert (await all_of(tree, "/one"))["P"] is not True


async def test_properties_that_take_a_while_come_with_the_others() -> None:
    async def slow(target: str) -> str:
        await asyncio.sleep(0)
        return target.upper()

    tree = tree_of(ALL)
    tree.add("/b", "x", Interface("a.B", [Property("Quick", "s", str), Property("Slow", "s", slow)]))
    assert await all_of(tree, "/b") == {"Quick": "x", "Slow": "X"}
