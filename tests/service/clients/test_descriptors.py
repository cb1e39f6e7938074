"""The service keeps no descriptor of anything that is over, and no memory either."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import AsyncIterator
from itertools import cycle
from typing import Any

import pytest

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import Connection, connect
from tests.service.clients.marks import stays_whole
from tests.service.local_bus.raw import NO_REPLY, RawClient
from tests.support.demo_service import DemoService
from tests.support.waiting import until

COUNT = 1000
AT_ONCE = 50
GROWTH = 32 << 20
"""Bytes that the service may grow by while it deals with 1,000 of anything."""


@pytest.fixture
async def connection(demo: DemoService) -> AsyncIterator[Connection]:
    """A client that has had an answer of each kind, so that all the service imports late is imported."""
    connection = await connect(demo.address)
    for member, arguments in OPENERS:
        fd = (await connection.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, *arguments))[0]
        os.close(fd)
    yield connection
    await connection.close()


OPENERS: list[tuple[str, tuple[Any, ...]]] = [
    ("OpenMachinePTY", ("s", "web-1")),
    ("OpenMachineShell", ("sssasas", "web-1", "root", "", [], [])),
    ("OpenMachineShell", ("sssasas", "web-1", "root", "/bin/sleep", ["sleep", "3600"], [])),
    ("OpenMachineLogin", ("s", "web-1")),
    ("OpenMachineRootDirectory", ("s", "statsd-relay")),
]
"""Calls whose reply carries a descriptor."""
MIXED = [*OPENERS[:4] * 5, OPENERS[4]]
"""The same, with fewer of the last, for which the service fills a folder."""


async def settled(demo: DemoService) -> int:
    """How many descriptors the service has, once that is the same for a while."""
    counts: list[int] = []

    def is_still() -> bool:
        counts.append(demo.fds())
        return len(counts) >= 20 and len(set(counts[-20:])) == 1

    await until(is_still, what="a settled number of descriptors")
    return counts[-1]


async def assert_back_to(demo: DemoService, fds: int, memory: int) -> None:
    """Wait until the service has no more descriptors than it had, and look at its memory."""
    await until(lambda: demo.fds() <= fds, seconds=30, what=f"{fds} descriptors, there are {demo.fds()}")
    grown = demo.memory("VmRSS") - memory
    print(f"{fds} descriptors; memory grown by {grown >> 10} KiB")
    assert grown < GROWTH


@stays_whole
@pytest.mark.parametrize(
    ("member", "arguments", "count"),
    [(*OPENERS[0], COUNT), (*OPENERS[1], COUNT), (*OPENERS[4], COUNT // 5)],
    ids=["pty", "shell", "root"],
)
async def test_a_thousand_descriptors_that_are_fetched(
    demo: DemoService, connection: Connection, member: str, arguments: tuple[Any, ...], count: int
) -> None:
    fds, memory = await settled(demo), demo.memory("VmRSS")

    async def fetch() -> None:
        reply = await connection.call(
            MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, *arguments, timeout=60
        )
        os.fstat(reply[0])
        os.close(reply[0])

    for _ in range(count // AT_ONCE):
        await asyncio.gather(*(fetch() for _ in range(AT_ONCE)))
    await assert_back_to(demo, fds, memory)


@stays_whole
async def test_a_thousand_calls_with_descriptors_that_nobody_wants(
    demo: DemoService, connection: Connection
) -> None:
    """Unknown methods, and known ones that take no descriptor."""
    fds, memory = await settled(demo), demo.memory("VmRSS")
    client = await RawClient.join(demo.address)
    try:
        for number, member in zip(
            range(COUNT), cycle(("Nothing", "ListMachines", "GetMachine")), strict=False
        ):
            reading, writing = os.pipe()
            try:
                reply = await client.call(
                    member,
                    "hh",
                    0,
                    1,
                    destination=MACHINE1,
                    path=MANAGER_PATH,
                    interface=MANAGER_INTERFACE,
                    fds=[reading, writing],
                )
            finally:
                os.close(reading)
                os.close(writing)
            assert reply.error.rpartition(".")[2] in {"UnknownMethod", "InvalidArgs"}, number
    finally:
        client.close()
    await assert_back_to(demo, fds, memory)


@stays_whole
async def test_a_thousand_clients_that_die_before_their_answer(
    demo: DemoService, connection: Connection
) -> None:
    """They go right after the call; its reply, with a descriptor, meets nobody."""
    fds, memory = await settled(demo), demo.memory("VmRSS")
    openers = cycle(MIXED)

    async def die() -> None:
        client = await RawClient.join(demo.address)
        await start(client, *next(openers))
        client.close()

    for _ in range(COUNT // AT_ONCE):
        await asyncio.gather(*(die() for _ in range(AT_ONCE)))
    await assert_back_to(demo, fds, memory)
    body = await connection.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "ListMachines")
    assert "web-1" in {row[0] for row in body[0]}


@stays_whole
async def test_a_thousand_clients_that_leave_descriptors_unread(
    demo: DemoService, connection: Connection
) -> None:
    """Their replies are sent, and never received: the kernel drops what is in the socket."""
    fds, memory = await settled(demo), demo.memory("VmRSS")

    async def ask_and_die(opener: tuple[str, tuple[Any, ...]]) -> None:
        client = await RawClient.join(demo.address)
        try:
            await start(client, *opener)
            await until(lambda: select.select([client.sock], [], [], 0)[0], what="a reply")
        finally:
            client.close()

    openers = cycle(MIXED)
    for _ in range(COUNT // AT_ONCE):
        await asyncio.gather(*(ask_and_die(next(openers)) for _ in range(AT_ONCE)))
    await assert_back_to(demo, fds, memory)


async def test_calls_that_want_no_reply_leave_nothing(demo: DemoService, connection: Connection) -> None:
    fds, memory = await settled(demo), demo.memory("VmRSS")
    client = await RawClient.join(demo.address)
    try:
        for _, opener in zip(range(COUNT), cycle(MIXED), strict=False):
            await start(client, *opener, flags=NO_REPLY)
        await client.sync()
    finally:
        client.close()
    await assert_back_to(demo, fds, memory)


@stays_whole
async def test_copies_of_roots_do_not_pile_up(demo: DemoService, connection: Connection) -> None:
    """A descriptor of a folder needs a real one; the latest stays as long as its client may read it."""
    for _ in range(40):
        [fd] = await connection.call(
            MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "OpenMachineRootDirectory", "s", "statsd-relay"
        )
        files = os.listdir(f"/proc/self/fd/{fd}/etc")
        os.close(fd)
        assert "relay.json" in files
    assert len(list(demo.temporary.iterdir())) <= 16


async def start(client: RawClient, member: str, arguments: tuple[Any, ...], flags: int = 0) -> None:
    """Send a call to the manager, and wait for nothing."""
    where = {"destination": MACHINE1, "path": MANAGER_PATH, "interface": MANAGER_INTERFACE}
    await client.start(member, *arguments, **where, flags=flags)
