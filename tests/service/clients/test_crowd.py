"""Two hundred clients of the service at once, most of them hostile: the good ones lose nothing."""

from __future__ import annotations

import asyncio
import os
from itertools import cycle, islice

import pytest

from machined.bus.local import Limits
from machined.contract import MACHINE1, MACHINE_INTERFACE, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import Connection, Signal, connect
from tests.service.clients.marks import stays_whole
from tests.service.local_bus.hostile import BORNE, BYTES, CUT_OFF, Way, attack, saying
from tests.service.local_bus.raw import RawClient
from tests.support.demo_service import DemoService
from tests.support.waiting import until

GOOD = 40
HOSTILE = 160
ROUNDS = 2
MARGIN = 160 << 20
"""Bytes that the service may take beyond what the limits let wait: the objects around the messages."""
MANAGER = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)


# Hostile


async def takes_no_lists(client: RawClient, service: str) -> None:
    """Ask for lists, and read none."""
    while True:
        for member in ("ListImages", "ListMachines"):
            await client.start(member, destination=service, path=MANAGER_PATH, interface=MANAGER_INTERFACE)


async def takes_no_shells(client: RawClient, service: str) -> None:
    """Ask for shells, and take none of the descriptors."""
    while True:
        await client.start(
            "OpenMachineShell",
            "sssasas",
            *("web-1", "root", "", [], []),
            destination=service,
            path=MANAGER_PATH,
            interface=MANAGER_INTERFACE,
        )


async def dies_in_mid_call(client: RawClient, service: str) -> None:
    """Ask for a terminal and go."""
    where = {"destination": service, "path": MANAGER_PATH, "interface": MANAGER_INTERFACE}
    await client.start("OpenMachinePTY", "s", "web-2", **where)
    client.close()


async def calls_what_is_not_there(client: RawClient, service: str) -> None:
    """Call objects and methods that do not exist, with a descriptor each."""
    where = {"path": f"{MANAGER_PATH}/machine/nope", "interface": "a.b", "destination": service}
    for _ in range(200):
        reply = await client.call("Nothing", "h", 0, fds=[client.sock.fileno()], **where)
        assert reply.error


OURS: list[Way] = [takes_no_lists, takes_no_shells, dies_in_mid_call, calls_what_is_not_there]


# Good


async def read_shell(client: Connection, number: int) -> bool:
    """Whether a shell says what it is told to."""
    text = f"said in {client.unique_name} {number}"
    arguments = ("web-1", "root", "/bin/echo", ["echo", text], [])
    fd, _path = await client.call(*MANAGER, "OpenMachineShell", "sssasas", *arguments, timeout=None)
    try:
        said = b""
        os.set_blocking(fd, False)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, ended.set)
        while True:
            await ended.wait()
            ended.clear()
            try:
                said += os.read(fd, 4096)
            except BlockingIOError:
                continue
            except OSError:
                return said == f"{text}\r\n".encode()  # the other side hung up
    finally:
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)


async def one_round(client: Connection, number: int) -> int:
    """Calls of each kind; how many were answered right."""
    path = f"{MANAGER_PATH}/machine/db_2dprimary"
    [machines] = await client.call(*MANAGER, "ListMachines", timeout=None)
    [images] = await client.call(*MANAGER, "ListImages", timeout=None)
    [properties] = await client.call(
        MACHINE1, path, "org.freedesktop.DBus.Properties", "GetAll", "s", MACHINE_INTERFACE, timeout=None
    )
    [fields] = await client.call(*MANAGER, "GetMachineOSRelease", "s", "metrics", timeout=None)
    return sum(
        (
            "db-primary" in {row[0] for row in machines},
            "web-1" in {row[0] for row in images},
            properties["Name"].value == "db-primary",
            fields["ID"] == "ubuntu",
            await read_shell(client, number),
        )
    )


async def behave(client: Connection) -> int:
    """Call, round after round; how many answers were right."""
    return sum([await one_round(client, number) for number in range(ROUNDS)])


@stays_whole
@pytest.mark.timeout(180)
async def test_the_good_lose_nothing_among_the_hostile(demo: DemoService) -> None:
    clients = [await connect(demo.address, timeout=60) for _ in range(GOOD)]
    heard: list[list[str]] = [[] for _ in clients]
    for client, names in zip(clients, heard, strict=True):

        def hear(signal: Signal, names: list[str] = names) -> None:
            names.append(signal.body[0])

        await client.subscribe(hear, sender=MACHINE1, member="MachineRemoved", arg0="web-2")
    assert await one_round(clients[0], 0) == 5
    before, fds = demo.memory(), demo.fds()
    ways = islice(cycle([*OURS, *CUT_OFF, *BORNE, *map(saying, BYTES.values())]), HOSTILE)
    attackers = [asyncio.create_task(attack(demo.address, MACHINE1, way)) for way in ways]
    try:
        tasks = [asyncio.create_task(behave(client)) for client in clients]
        await clients[0].call(*MANAGER, "KillMachine", "ssi", "web-2", "leader", 9, timeout=None)
        right = await asyncio.gather(*tasks)
        await until(lambda: all(heard), seconds=60, what="the signal at each client")
    finally:
        for task in attackers:
            task.cancel()
        results = await asyncio.gather(*attackers, return_exceptions=True)
    assert [result for result in results if not isinstance(result, asyncio.CancelledError)] == []
    assert right == [ROUNDS * 5] * GOOD
    assert heard == [["web-2"]] * GOOD
    peak, limits = demo.memory(), Limits()
    print(f"memory before {before >> 20} MiB, at its peak {peak >> 20} MiB")
    assert peak - before < limits.waiting_bytes + limits.incoming_bytes + MARGIN
    await until(lambda: demo.fds() <= fds, seconds=30, what="descriptors of the service")
    for client in clients:
        assert client.is_open
        await client.close()
