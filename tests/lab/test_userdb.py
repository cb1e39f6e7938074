"""Users and groups of machines: the real service answers as ours does, and its clients take ours for it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
from collections.abc import AsyncIterator, Iterator

import pytest

from machined.host.inside import IdRange
from machined.machines.registry import Registry
from machined.varlink import UserDatabase
from tests.lab.host import LabHost
from tests.lab.images import machine_names, sleeper
from tests.lab.place import wait_until
from tests.lab.userdb import SOCKET, answers, mapped
from tests.service.domain.hosts import FakeHost
from tests.service.varlink.conftest import mapped_registry
from tests.service.varlink.facts import BROKEN, MACHINES, NONE, PARAMETERS, RECORDS, SERVICE, VM, error, user

pytestmark = pytest.mark.lab()

OURS = "/run/ours/userdb"


@pytest.fixture(scope="module")
def peopled(lab: LabHost) -> Iterator[LabHost]:
    """The lab host with the machines of the facts."""
    with contextlib.ExitStack() as stack:
        for name, (users, groups) in MACHINES.items():
            stack.enter_context(mapped(lab, name, users, groups))
        stack.enter_context(sleeper(lab, VM, machine_class="vm"))
        yield lab


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """One with the same machines."""
    registry = await mapped_registry(FakeHost())
    yield registry
    await registry.stop()


async def outside(lab: LabHost, registry: Registry, path: str) -> UserDatabase:
    """Our user database, listening in a lab host from outside of it."""
    database = UserDatabase(registry)
    await database.start(lab.root / path[1:])
    return database


def test_the_real_one_answers_so(peopled: LabHost) -> None:
    assert answers(peopled, [*RECORDS]) == RECORDS


@pytest.mark.lab("trixie")
def test_the_real_one_refuses_so(peopled: LabHost) -> None:
    assert answers(peopled, [*PARAMETERS]) == PARAMETERS


def test_the_real_one_cuts_off_so(peopled: LabHost) -> None:
    assert answers(peopled, BROKEN) == dict.fromkeys(BROKEN)


def test_the_real_one_listens_so(peopled: LabHost) -> None:
    facts = peopled.ask("stat", "--format=%F %a %U %G", SOCKET, "/run/systemd/userdb").splitlines()
    assert facts == ["socket 666 root root", "directory 755 root root"]


def test_the_real_one_tells_of_a_leader_that_is_gone_by_its_errno(lab: LabHost) -> None:
    maps = [IdRange(0, 5_000_000, 65536)]
    with mapped(lab, "headless", maps, maps) as leader:
        lab.ask("kill", "-KILL", str(leader))
        wait_until(lambda: not (lab.root / f"proc/{leader}").exists(), "its leader is gone")
        assert "headless" in machine_names(lab)
        by_number, by_name = user(uid=5_000_000), user(userName="vu-headless-0")
        gone = error("io.systemd.System", errno=errno.ENOENT)
        assert answers(lab, [by_number, by_name]) == {by_number: NONE, by_name: gone}


@pytest.mark.lab("trixie")
async def test_ours_describes_itself_as_the_real_one_does(lab: LabHost, registry: Registry) -> None:
    lab.ask("systemctl", "start", "systemd-machined")
    database = await outside(lab, registry, OURS)
    try:
        for interface in ("io.systemd", "io.systemd.UserDatabase", "org.varlink.service"):
            said = [
                await asyncio.to_thread(lab.ask, "varlinkctl", "introspect", path, interface)
                for path in (OURS, SOCKET)
            ]
            assert said[0] == said[1]
        info = await asyncio.to_thread(lab.ask, "varlinkctl", "info", "--json=short", OURS)
        assert json.loads(info)["interfaces"] == [
            "io.systemd",
            "io.systemd.UserDatabase",
            "org.varlink.service",
        ]
    finally:
        await database.close()


@pytest.mark.lab("trixie")
async def test_varlinkctl_takes_ours_for_the_real_one(peopled: LabHost, registry: Registry) -> None:
    database = await outside(peopled, registry, OURS)
    try:
        for parameters in (
            {"uid": 1_000_000},
            {"userName": "vu-web-0"},
            {"uid": 5},
            {},
            {"service": "x"},
            {"uid": "x"},
            {"foo": 1},
        ):
            words = json.dumps({"service": "io.systemd.Machine"} | parameters)
            said = []
            for path in (OURS, SOCKET):
                call = ["varlinkctl", "call", path, "io.systemd.UserDatabase.GetUserRecord", words]
                done = await asyncio.to_thread(peopled.run, *call, check=False)
                said.append((done.returncode, done.stdout, done.stderr))
            assert said[0] == said[1]
    finally:
        await database.close()


LOOK_UPS = (
    ("passwd", "vu-web-0"),
    ("passwd", "1000005"),
    ("passwd", "3000009"),
    ("group", "vg-web-7"),
    ("group", "2000000"),
    ("passwd", "vu-web-65536"),
    ("passwd", "vu-no-0"),
    ("passwd", "3000010"),
    ("group", "vg-web-70005"),
)


def looked_up(host: LabHost) -> list[str]:
    """What libc in a host finds of users and groups."""
    return [host.run("getent", *words, check=False).stdout for words in LOOK_UPS]


@pytest.mark.promise("libc finds users and groups of machines by the service, as it does by systemd's")
async def test_libc_finds_them_by_ours_as_by_the_real_one(peopled: LabHost, registry: Registry) -> None:
    real = await asyncio.to_thread(looked_up, peopled)
    assert real[0].startswith("vu-web-0:")
    assert real[5:] == [""] * 4
    for words in LOOK_UPS:  # as we have it in our own process
        assert not peopled.run("getent", *words, check=False, SYSTEMD_BYPASS_USERDB=SERVICE).stdout
    await asyncio.to_thread(peopled.ask, "systemctl", "stop", "systemd-machined")
    database = await outside(peopled, registry, SOCKET)
    try:
        assert await asyncio.to_thread(looked_up, peopled) == real
    finally:
        await database.close()
        await asyncio.to_thread(peopled.ask, "systemctl", "start", "systemd-machined")
