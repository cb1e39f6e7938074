"""The bus's own methods: as dbus-daemon answers them, and what only we can say."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire import connect
from tests.service.local_bus.compared import Step, on_both
from tests.service.local_bus.raw import BUS, BUS_PATH, CALL, NO_REPLY, RawClient, call_fields, frame, marshal

Join = Callable[[str], Awaitable[RawClient]]
NAME = "org.example.One"
MACHINE_ID = Path("/etc/machine-id").read_text().strip()

SAME: list[Step] = [
    (0, "NameHasOwner", "s", (NAME,)),
    (0, "NameHasOwner", "s", (BUS,)),
    (0, "NameHasOwner", "s", ("client 1",)),
    (0, "NameHasOwner", "s", (":1.4242",)),
    (0, "GetNameOwner", "s", (NAME,)),
    (0, "GetNameOwner", "s", (BUS,)),
    (0, "GetNameOwner", "s", ("client 1",)),
    (0, "GetNameOwner", "s", ("org.example.Nobody",)),
    (0, "GetNameOwner", "s", ("no name at all",)),
    (0, "ListQueuedOwners", "s", (NAME,)),
    (0, "ListQueuedOwners", "s", (BUS,)),
    (0, "ListQueuedOwners", "s", ("org.example.Nobody",)),
    (0, "GetConnectionUnixUser", "s", (NAME,)),
    (0, "GetConnectionUnixUser", "s", (BUS,)),
    (0, "GetConnectionUnixUser", "s", ("org.example.Nobody",)),
    (0, "GetConnectionUnixProcessID", "s", (NAME,)),
    (0, "GetConnectionUnixProcessID", "s", ("org.example.Nobody",)),
    (0, "GetConnectionCredentials", "s", ("org.example.Nobody",)),
    (0, "GetConnectionSELinuxSecurityContext", "s", (NAME,)),
    (0, "GetConnectionSELinuxSecurityContext", "s", ("org.example.Nobody",)),
    (0, "GetAdtAuditSessionData", "s", (NAME,)),
    (0, "GetAdtAuditSessionData", "s", ("org.example.Nobody",)),
    (0, "StartServiceByName", "su", ("org.example.Nobody", 0)),
    (0, "ListActivatableNames", "", ()),
    (0, "NoSuchMethod", "", ()),
    (0, "GetNameOwner", "", ()),
    (0, "GetNameOwner", "u", (1,)),
    (0, "GetNameOwner", "ss", (NAME, NAME)),
    (0, "ListNames", "s", (NAME,)),
    (0, "RemoveMatch", "s", ("type='signal'",)),
    (0, "AddMatch", "s", ("nonsense",)),
]


async def test_as_dbus_daemon_answers(bus: LocalBus, daemon: str) -> None:
    await on_both(bus.address, daemon, 2, [(1, "RequestName", "su", (NAME, 0)), *SAME])


ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("Ping", "", {"interface": f"{BUS}.Peer", "path": "/any/where"}),
    ("Ping", "", {"interface": f"{BUS}.Peer", "destination": ""}),
    ("GetMachineId", "", {"interface": f"{BUS}.Peer"}),
    ("GetId", "", {"interface": None}),
    ("NoSuchMethod", "", {"interface": None}),
    ("NoSuchMethod", "", {"interface": f"{BUS}.Peer"}),
    ("GetId", "", {"interface": "org.example.Unknown"}),
    ("GetId", "", {"destination": "", "interface": "org.example.Unknown"}),
    ("Get", "ss", {"interface": f"{BUS}.Properties", "path": BUS_PATH}),
    ("GetAll", "s", {"interface": f"{BUS}.Properties", "path": "/"}),
    ("BecomeMonitor", "asu", {"interface": f"{BUS}.Monitoring", "path": "/"}),
    ("Call", "", {"destination": "org.example.Nobody"}),
    ("Call", "", {"destination": ":1.4242"}),
    ("Call", "", {"destination": "org.example.Nobody", "flags": 2}),
]
VALUES: dict[str, list[Any]] = {"": [], "ss": [BUS, "NoSuchProperty"], "s": [BUS], "asu": [[], 0]}


@pytest.mark.parametrize(("member", "signature", "options"), ELSEWHERE)
async def test_what_is_called_elsewhere(
    bus: LocalBus, daemon: str, join: Join, member: str, signature: str, options: dict[str, Any]
) -> None:
    answers = []
    for address in (bus.address, daemon):
        client = await join(address)
        reply = await client.call(member, signature, *VALUES[signature], **options)
        answers.append((reply.kind, reply.error, reply.signature))
    assert answers[0] == answers[1]


async def test_a_service_that_runs_needs_no_start(bus: LocalBus, join: Join) -> None:
    # dbus-daemon says 2 only if there is a service file too; dbus-broker as we do
    client = await join(bus.address)
    for name in (client.name, BUS):
        assert (await client.call("StartServiceByName", "su", name, 0)).body == [2]
    refused = await client.call("StartServiceByName", "su", "no name", 0)
    assert refused.error == f"{BUS}.Error.InvalidArgs"


async def test_all_names_are_listed(bus: LocalBus, join: Join) -> None:
    client, other = await join(bus.address), await join(bus.address)
    await other.call("RequestName", "su", NAME, 0)
    assert sorted((await client.call("ListNames")).body[0]) == sorted([BUS, client.name, other.name, NAME])


async def test_the_properties_of_the_bus(bus: LocalBus, join: Join) -> None:
    client = await connect(bus.address)
    try:
        assert await client.get_all(BUS, BUS_PATH, BUS) == {
            "Features": ["HeaderFiltering"],
            "Interfaces": [f"{BUS}.Monitoring"],
        }
        assert await client.get_property(BUS, BUS_PATH, BUS, "Interfaces") == [f"{BUS}.Monitoring"]
    finally:
        await client.close()
    raw = await join(bus.address)
    body = marshal("ss", [BUS, "Features"])
    body += b"\1u\0" + bytes(-len(body) - 3 & 3) + b"\1\0\0\0"
    fields = call_fields("Set", interface=f"{BUS}.Properties", path=BUS_PATH)
    await raw.send(frame(CALL, 99, [*fields, (8, "g", "ssv")], body=body))
    assert (await raw.reply_to(99)).error == f"{BUS}.Error.PropertyReadOnly"


async def test_who_a_client_is(bus: LocalBus) -> None:
    client = await connect(bus.address)
    attached = bus.attach()
    try:
        for name in (client.unique_name, attached.unique_name, BUS):
            (found,) = await client.call(BUS, BUS_PATH, BUS, "GetConnectionCredentials", "s", name)
            values = {key: variant.value for key, variant in found.items()}
            assert values["UnixUserID"] == os.geteuid()
            assert values["ProcessID"] == os.getpid()
            link = os.readlink(f"/proc/self/fd/{values['ProcessFD']}")
            assert link.startswith(("anon_inode:[pidfd]", "pidfd:"))
            os.close(values["ProcessFD"])
            assert set(values["UnixGroupIDs"]) == {os.getegid(), *os.getgroups()}
            pid = await client.call(BUS, BUS_PATH, BUS, "GetConnectionUnixProcessID", "s", name)
            assert pid == [os.getpid()]
    finally:
        await client.close()
        await attached.close()


async def test_who_asks_for_a_crowd_at_once_is_not_cut_off_for_the_answers(bus: LocalBus) -> None:
    attached = bus.attach()
    asked = [
        attached.call(BUS, BUS_PATH, BUS, "GetConnectionCredentials", "s", attached.unique_name)
        for _ in range(3 * Limits().outgoing_fds)
    ]
    try:
        told = [body[0] for body in await asyncio.gather(*asked)]
        fds = [one["ProcessFD"].value for one in told if "ProcessFD" in one]
        for fd in fds:
            os.close(fd)
        assert {one["ProcessID"].value for one in told} == {os.getpid()}
        assert 0 < len(fds) <= len(told)
    finally:
        await attached.close()


async def test_a_client_without_descriptors_is_told_pids_alone(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address, fds=False)  # type: ignore[call-arg]
    (found,) = (await client.call("GetConnectionCredentials", "s", BUS)).body
    assert {"UnixUserID", "ProcessID"} <= set(found)
    assert "ProcessFD" not in found


async def test_a_process_that_is_no_more_has_no_pid(bus: LocalBus) -> None:
    """Its socket is held by another, as a socket that was handed on is."""
    client = await connect(bus.address)
    ours, theirs = socket.socketpair()
    script = f"""
import os, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect({bus.address.removeprefix("unix:path=").partition(",")[0]!r})
socket.send_fds(socket.socket(fileno={theirs.fileno()}), [b"x"], [sock.fileno()])
"""
    try:
        command = [sys.executable, "-c", script]
        process = await asyncio.create_subprocess_exec(*command, pass_fds=[theirs.fileno()])
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        await process.wait()
        with socket.socket(fileno=fds[0]) as held:
            held.sendall(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n" + frame(CALL, 1, call_fields("Hello")))
            others: set[str] = set()
            async with asyncio.timeout(10):
                while not others:
                    (names,) = await client.call(BUS, BUS_PATH, BUS, "ListNames")
                    others = set(names) - {BUS, client.unique_name}
            (name,) = others
            (found,) = await client.call(BUS, BUS_PATH, BUS, "GetConnectionCredentials", "s", name)
            assert "UnixUserID" in found
            if "ProcessFD" not in found:
                assert "ProcessID" not in found
            else:  # since Linux 6.16 one is had even of a process that is no more
                with pytest.raises(ProcessLookupError):
                    signal.pidfd_send_signal(found["ProcessFD"].value, 0)
                os.close(found["ProcessFD"].value)
    finally:
        ours.close()
        theirs.close()
        await client.close()


async def test_the_bus_describes_itself(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    text = (await client.call("Introspect", interface=f"{BUS}.Introspectable", path=BUS_PATH)).body[0]
    root = ET.fromstring(text)
    methods = {one.get("name") for one in root.iter("method")}
    assert {"Hello", "RequestName", "BecomeMonitor", "Ping", "Introspect", "GetAll"} <= methods
    request = root.find("./interface[@name='org.freedesktop.DBus']/method[@name='RequestName']")
    assert request is not None
    assert [(one.get("direction"), one.get("type")) for one in request] == [
        ("in", "s"),
        ("in", "u"),
        ("out", "u"),
    ]
    path = ""
    for element in ("org", "freedesktop", "DBus"):
        above = await client.call("Introspect", interface=f"{BUS}.Introspectable", path=path or "/")
        assert [one.get("name") for one in ET.fromstring(above.body[0])] == [element]
        path += f"/{element}"
    other = await client.call("Introspect", interface=f"{BUS}.Introspectable", path="/elsewhere")
    assert len(ET.fromstring(other.body[0])) == 0


async def test_the_machine_id(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    reply = await client.call("GetMachineId", interface=f"{BUS}.Peer")
    assert reply.body == [MACHINE_ID]


@pytest.mark.parametrize(
    ("member", "signature"), [("UpdateActivationEnvironment", "a{ss}"), ("ReloadConfig", "")]
)
async def test_what_this_bus_does_not_do_is_said(
    bus: LocalBus, join: Join, member: str, signature: str
) -> None:
    client = await join(bus.address)
    fields = call_fields(member)
    if signature:
        fields.append((8, "g", signature))
    await client.send(frame(CALL, 99, fields, body=b"\0" * 8 if signature else b""))
    reply = await client.reply_to(99)
    assert reply.error == f"{BUS}.Error.NotSupported"
    assert "this bus" in reply.body[0]


async def test_no_reply_where_none_is_wanted(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    await client.start("GetId", flags=NO_REPLY)
    await client.start("NoSuchMethod", flags=NO_REPLY)
    await client.start("Call", destination="org.example.Nobody", flags=NO_REPLY)
    assert [one for one in await client.sync() if one.reply_serial] == []


async def test_a_body_that_lies_is_refused(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    for body in (b"\xff\xff\0\0abc\0", b"\3\0\0\0a\xff\xffb", b"\1\0\0\0a\0zz"):
        serial = client.next_serial()
        await client.send(frame(CALL, serial, call_fields("GetNameOwner"), "s", body=body))
        assert (await client.reply_to(serial)).error == f"{BUS}.Error.InvalidArgs"


async def test_a_huge_call_to_the_bus_is_refused(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    reply = await client.call("GetNameOwner", "s", "x" * 1_000_000)
    assert reply.error == f"{BUS}.Error.LimitsExceeded"


@pytest.mark.parametrize("limits", [Limits(rules_per_client=3)], ids=["3"])
async def test_no_more_rules_than_allowed(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    for _ in range(3):
        assert (await client.call("AddMatch", "s", "type='signal'")).error == ""
    refused = await client.call("AddMatch", "s", "type='signal'")
    assert refused.error == f"{BUS}.Error.LimitsExceeded"
    assert (await client.call("RemoveMatch", "s", "type=signal")).error == ""
    assert (await client.call("AddMatch", "s", "member='X'")).error == ""
