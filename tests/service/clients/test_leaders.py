"""Real processes as leaders of machines of the simulated host."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, Connection, connect
from tests.support.demo_service import DemoService
from tests.support.waiting import until

MANAGER = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
CREATE = "sayssusa(sv)"


@pytest.fixture
async def connection(demo: DemoService) -> AsyncIterator[Connection]:
    """A client."""
    connection = await connect(demo.address)
    yield connection
    await connection.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


async def create(connection: Connection, name: str, leader: int) -> None:
    """Register a machine in a scope of its own."""
    words = (name, bytes(16), "test", "container", leader, "", [])
    await connection.call(*MANAGER, "CreateMachine", CREATE, *words)


async def listed(connection: Connection) -> set[str]:
    """The names of all machines."""
    [rows] = await connection.call(*MANAGER, "ListMachines")
    return {row[0] for row in rows}


async def await_gone(connection: Connection) -> None:
    """Wait until our machine is listed no more."""
    async with asyncio.timeout(10):
        while "mine" in await listed(connection):  # noqa: ASYNC110 - the service is asked, no event tells
            await asyncio.sleep(0.01)


async def test_a_machine_ends_with_its_real_leader(
    demo: DemoService, connection: Connection, process: subprocess.Popen[bytes]
) -> None:
    removed = asyncio.Event()
    await connection.subscribe(lambda _: removed.set(), sender=MACHINE1, member="MachineRemoved", arg0="mine")
    before = demo.fds()
    await create(connection, "mine", process.pid)
    assert "mine" in await listed(connection)
    process.kill()
    async with asyncio.timeout(10):
        await removed.wait()
    assert "mine" not in await listed(connection)
    await until(lambda: demo.fds() <= before, what="descriptors of the service")


async def test_a_machine_that_was_let_go_can_be_made_again(
    demo: DemoService, connection: Connection, process: subprocess.Popen[bytes]
) -> None:
    before = demo.fds()
    for _ in range(3):
        await create(connection, "mine", process.pid)
        await connection.call(*MANAGER, "TerminateMachine", "s", "mine")
        await await_gone(connection)
    assert process.poll() is None
    await until(lambda: demo.fds() <= before, what="descriptors of the service")


async def test_a_leader_that_is_gone_leads_nothing(demo: DemoService, connection: Connection) -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    await create(connection, "mine", process.pid)
    await await_gone(connection)


async def test_a_leader_leads_one_machine(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    await create(connection, "mine", process.pid)
    with pytest.raises(CallError, match="leads another machine"):
        await create(connection, "other", process.pid)
    assert "other" not in await listed(connection)
