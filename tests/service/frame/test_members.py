"""Every member that the reference shows answers, and asks the host below for the right thing."""

from __future__ import annotations

import asyncio
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from machined.contract import (
    IMAGE_INTERFACE,
    MACHINE1,
    MACHINE_INTERFACE,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    UNKNOWN_SIZE,
    image_path,
    machine_path,
)
from machined.wire import CallError, Connection, Signal, Variant
from tests.service.frame.fakehost import LEADER, MACHINE_ID, FakeHost
from tests.service.frame.questions import PROPERTIES

REFERENCE = Path(__file__).parent / "reference"
BOX, PLAIN, DEB = machine_path("box"), machine_path("plain"), image_path("deb-12")
REGISTERED = ("new", b"", "test", "container", 99, "/r")
FD = object()
"""In place of a descriptor in a reply."""
OS_RELEASE = {"ID": "debian", "VERSION_ID": "12"}
ADDRESSES = [[2, bytes([192, 0, 2, 1])], [10, bytes(16)]]


class Asked(NamedTuple):
    """A call of a member: what it takes and gives, and what is done below."""

    member: str
    arguments: tuple[Any, ...] = ()
    gives: list[Any] = []  # noqa: RUF012 - nobody changes it
    done: tuple[Any, ...] | None = None
    path: str = ""

    def __str__(self) -> str:
        return self.member


MACHINE = [
    Asked("Terminate", done=("stop_unit", "machine-box.scope", "fail")),
    Asked("Kill", ("leader", 15), done=("kill", LEADER, 15)),
    Asked("GetAddresses", gives=[ADDRESSES]),
    Asked("GetSSHInfo", gives=["vsock/77", "/run/key"]),
    Asked("GetOSRelease", gives=[OS_RELEASE]),
    Asked("GetUIDShift", gives=[524288]),
    Asked("OpenPTY", gives=[FD, "/dev/pts/1"]),
    Asked("OpenLogin", gives=[FD, "/dev/pts/1"]),
    Asked(
        "OpenShell", ("", "/bin/ls", ["ls", "-l"], ["A=b"]), [FD, "/dev/pts/1"],
        ("open_shell", "box", "root", "/bin/ls", ["ls", "-l"], ["A=b"]),
    ),
    Asked(
        "BindMount", ("/a", "/b", True, False), path=PLAIN,
        done=("bind_mount", "plain", "/a", "/b", True, False, False),
    ),
    Asked("CopyFrom", ("/a", "/b"), done=("copy", "box", "/a", "/b", False, False, 524288)),
    Asked("CopyTo", ("/a", "/b"), done=("copy", "box", "/a", "/b", True, False, 524288)),
    Asked("CopyFromWithFlags", ("/a", "/b", 1), done=("copy", "box", "/a", "/b", False, True, 524288)),
    Asked("CopyToWithFlags", ("/a", "/b", 1), done=("copy", "box", "/a", "/b", True, True, 524288)),
    Asked("OpenRootDirectory", gives=[FD]),
]  # fmt: skip
IMAGE = [
    Asked("Remove", done=("remove", "deb-12")),
    Asked("Rename", ("b",), done=("rename", "deb-12", "b")),
    Asked("Clone", ("b", True), done=("clone", "deb-12", "b", True)),
    Asked("MarkReadOnly", (True,), done=("set_read_only", "deb-12", True)),
    Asked("SetLimit", (5,), done=("set_limit", "deb-12", 5)),
    Asked("GetHostname", gives=["inside"]),
    Asked("GetMachineID", gives=[MACHINE_ID]),
    Asked("GetMachineInfo", gives=[{"CHASSIS": "vm"}]),
    Asked("GetOSRelease", gives=[{"ID": "debian"}]),
]


def _of(member: str, asked: Asked, name: str) -> Asked:
    """The manager's member that does the same to the one that is named."""
    return Asked(member, (name, *asked.arguments), asked.gives, asked.done)


_M, _I = {one.member: one for one in MACHINE}, {one.member: one for one in IMAGE}
SCOPE = [["TasksMax", Variant("t", 5)]]
MANAGER = [
    Asked("GetMachine", ("box",), [BOX]),
    Asked("GetImage", ("deb-12",), [DEB]),
    Asked("GetMachineByPID", (LEADER,), [BOX]),
    Asked("ListMachines", gives=[[
        [".host", "host", "", machine_path(".host")],
        ["box", "container", "systemd-nspawn", BOX],
        ["plain", "container", "systemd-nspawn", PLAIN],
    ]]),
    Asked("ListImages", gives=[[
        [".host", "directory", False, 0, 0, UNKNOWN_SIZE, image_path(".host")],
        ["deb-12", "subvolume", False, 11, 22, 33, DEB],
        [".gone", "raw", True, 1, 2, 3, image_path(".gone")],
        ["vendor", "raw", True, 1, 2, 3, image_path("vendor")],
    ]]),
    Asked("CreateMachine", (*REGISTERED, SCOPE), [machine_path("new")],
          ("start_scope", "machine-new.scope", ["TasksMax"])),
    Asked("CreateMachineWithNetwork", (*REGISTERED, [7], SCOPE), [machine_path("new")],
          ("start_scope", "machine-new.scope", ["TasksMax"])),
    Asked("RegisterMachine", REGISTERED, [machine_path("new")]),
    Asked("RegisterMachineWithNetwork", (*REGISTERED, [7, 8]), [machine_path("new")]),
    Asked("UnregisterMachine", ("box",), done=None),
    _of("TerminateMachine", _M["Terminate"], "box"),
    _of("KillMachine", _M["Kill"], "box"),
    _of("GetMachineAddresses", _M["GetAddresses"], "box"),
    _of("GetMachineSSHInfo", _M["GetSSHInfo"], "box"),
    _of("GetMachineOSRelease", _M["GetOSRelease"], "box"),
    _of("OpenMachinePTY", _M["OpenPTY"], "box"),
    _of("OpenMachineLogin", _M["OpenLogin"], "box"),
    _of("OpenMachineShell", _M["OpenShell"], "box"),
    _of("BindMountMachine", _M["BindMount"], "plain"),
    _of("CopyFromMachine", _M["CopyFrom"], "box"),
    _of("CopyToMachine", _M["CopyTo"], "box"),
    _of("CopyFromMachineWithFlags", _M["CopyFromWithFlags"], "box"),
    _of("CopyToMachineWithFlags", _M["CopyToWithFlags"], "box"),
    _of("OpenMachineRootDirectory", _M["OpenRootDirectory"], "box"),
    _of("GetMachineUIDShift", _M["GetUIDShift"], "box"),
    _of("RemoveImage", _I["Remove"], "deb-12"),
    _of("RenameImage", _I["Rename"], "deb-12"),
    _of("CloneImage", _I["Clone"], "deb-12"),
    _of("MarkImageReadOnly", _I["MarkReadOnly"], "deb-12"),
    _of("GetImageHostname", _I["GetHostname"], "deb-12"),
    _of("GetImageMachineID", _I["GetMachineID"], "deb-12"),
    _of("GetImageMachineInfo", _I["GetMachineInfo"], "deb-12"),
    _of("GetImageOSRelease", _I["GetOSRelease"], "deb-12"),
    Asked("SetPoolLimit", (6,), done=("set_pool_limit", 6)),
    _of("SetImageLimit", _I["SetLimit"], "deb-12"),
    Asked("CleanPool", ("hidden",), [[[".gone", 5]]], ("remove", ".gone")),
    Asked("MapFromMachineUser", ("box", 1000), [525288]),
    Asked("MapToMachineUser", (525288,), ["box", BOX, 1000]),
    Asked("MapFromMachineGroup", ("box", 1000), [525288]),
    Asked("MapToMachineGroup", (525288,), ["box", BOX, 1000]),
]  # fmt: skip
OBJECTS = {
    MANAGER_INTERFACE: (MANAGER_PATH, "manager-257.xml", MANAGER),
    MACHINE_INTERFACE: (BOX, "machine-257.xml", MACHINE),
    IMAGE_INTERFACE: (DEB, "image-257.xml", IMAGE),
}
PROPERTY_VALUES = {
    MANAGER_INTERFACE: {"PoolPath": "/var/lib/machines", "PoolUsage": 1000, "PoolLimit": UNKNOWN_SIZE},
    MACHINE_INTERFACE: {
        "Name": "box", "Id": MACHINE_ID, "Timestamp": 1_700_000_000_000_000, "TimestampMonotonic": 5_000_000,
        "Service": "systemd-nspawn", "Unit": "machine-box.scope", "Leader": LEADER, "Class": "container",
        "RootDirectory": "/var/lib/machines/box", "NetworkInterfaces": [3, 4], "VSockCID": 77,
        "SSHAddress": "vsock/77", "SSHPrivateKeyPath": "/run/key", "State": "running",
    },
    IMAGE_INTERFACE: {
        "Name": "deb-12", "Path": "/var/lib/machines/deb-12", "Type": "subvolume", "ReadOnly": False,
        "CreationTimestamp": 11, "ModificationTimestamp": 22, "Usage": 33, "Limit": 44, "UsageExclusive": 55,
        "LimitExclusive": 66,
    },
}  # fmt: skip


def reference(interface: str) -> ET.Element:
    root = ET.parse(REFERENCE / OBJECTS[interface][1]).getroot()
    (found,) = [one for one in root.findall("interface") if one.attrib["name"] == interface]
    return found


@pytest.mark.parametrize("interface", OBJECTS)
def test_no_method_is_left_out_below(interface: str) -> None:
    known = [method.attrib["name"] for method in reference(interface).findall("method")]
    assert [asked.member for asked in OBJECTS[interface][2]] == known


@pytest.mark.parametrize(
    ("interface", "asked"),
    [(interface, asked) for interface, (_, _, many) in OBJECTS.items() for asked in many],
    ids=str,
)
async def test_a_method_answers(client: Connection, fake: FakeHost, interface: str, asked: Asked) -> None:
    fake.processes.units[99] = "new.service"
    (method,) = [one for one in reference(interface).findall("method") if one.attrib["name"] == asked.member]
    taken = [one.attrib["type"] for one in method.findall("arg") if one.attrib["direction"] == "in"]
    path = asked.path or OBJECTS[interface][0]
    found = await client.call(MACHINE1, path, interface, asked.member, "".join(taken), *asked.arguments)
    for index, value in enumerate(asked.gives):
        if value is FD:
            os.close(found[index])
            found[index] = FD
    assert found == asked.gives
    if asked.done is not None:
        assert fake.done == [asked.done]


@pytest.mark.parametrize("interface", OBJECTS)
async def test_every_property_tells_its_value(client: Connection, interface: str) -> None:
    known = [one.attrib["name"] for one in reference(interface).findall("property")]
    (found,) = await client.call(MACHINE1, OBJECTS[interface][0], PROPERTIES, "GetAll", "s", interface)
    assert list(found) == known
    assert {name: variant.value for name, variant in found.items()} == PROPERTY_VALUES[interface]


@pytest.mark.parametrize("interface", [MACHINE_INTERFACE, IMAGE_INTERFACE])
async def test_one_of_the_managers_members_wants_a_name_that_is_known(
    client: Connection, interface: str
) -> None:
    machine = interface == MACHINE_INTERFACE
    member, error = ("TerminateMachine", "NoSuchMachine") if machine else ("RemoveImage", "NoSuchImage")
    with pytest.raises(CallError, match=f"{MACHINE1}.{error}"):
        await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, "s", "nobody")


async def test_machines_are_told_of_as_they_come_and_go(client: Connection, fake: FakeHost) -> None:
    heard: list[tuple[str, list[Any]]] = []
    done = asyncio.Event()

    def on_signal(signal: Signal) -> None:
        heard.append((signal.member, signal.body))
        if signal.member == "MachineRemoved":
            done.set()

    subscription = await client.subscribe(on_signal, sender=MACHINE1, path=MANAGER_PATH)
    fake.processes.units[99] = "new.service"
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    await client.call(*manager, "RegisterMachine", "sayssus", *REGISTERED)
    await client.call(*manager, "UnregisterMachine", "s", "new")
    await asyncio.wait_for(done.wait(), 5)
    await subscription.cancel()
    assert heard == [(name, ["new", machine_path("new")]) for name in ("MachineNew", "MachineRemoved")]
