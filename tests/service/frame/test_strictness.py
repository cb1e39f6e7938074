"""What the objects answer otherwise than those of systemd-machined, and, if strict, as there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH, OPERATIONS_PATH
from machined.host.improvements import ALL, NONE, Improvements
from machined.service import Service
from machined.wire import CallError, Connection, connect
from tests.service.frame.fakehost import FakeHost

PROPERTIES = "org.freedesktop.DBus.Properties"


@pytest.fixture(params=[ALL, NONE], ids=["better", "strict"])
def improvements(request: pytest.FixtureRequest) -> Improvements:
    chosen: Improvements = request.param
    return chosen


@pytest.fixture
async def service(daemon_address: str, fake: FakeHost, improvements: Improvements) -> AsyncIterator[Service]:
    connection = await connect(daemon_address)
    service = Service(connection, fake.host(), improvements=improvements)
    await service.start()
    yield service
    await service.stop()
    await connection.close()


@pytest.fixture
async def client(daemon_address: str, service: Service) -> AsyncIterator[Connection]:
    connection = await connect(daemon_address)
    yield connection
    await connection.close()


async def test_arguments_that_do_not_fit(client: Connection, improvements: Improvements) -> None:
    """systemd looks for the property before it looks at what else there is."""
    words = (MACHINE1, MANAGER_PATH, PROPERTIES)
    getting = client.call(*words, "Get", "sss", MANAGER_INTERFACE, "PoolPath", "more")
    if improvements == NONE:
        assert (await getting)[0].signature == "s"
    else:
        with pytest.raises(CallError, match="InvalidArgs"):
            await getting
    with pytest.raises(CallError) as caught:
        await client.call(*words, "Set", "sss", MANAGER_INTERFACE, "PoolPath", "x")
    assert caught.value.name.endswith("PropertyReadOnly" if improvements == NONE else "InvalidArgs")


async def test_operations_are_told_of(client: Connection, improvements: Improvements) -> None:
    asking = client.call(MACHINE1, OPERATIONS_PATH, PROPERTIES, "GetAll", "s", "")
    if improvements == ALL:
        await asking
    else:
        with pytest.raises(CallError, match="UnknownObject"):
            await asking
