"""Fixtures of the tests of the frame: the service on a fake host, and a client, on a private bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from machined.bus.local import LocalBus
from machined.service import Service
from machined.wire import Connection, connect
from tests.service.frame.fakehost import FakeHost
from tests.support.daemon import private_daemon


@pytest.fixture
def daemon_address(tmp_path: Path) -> Iterator[str]:
    """The address of a private dbus-daemon."""
    with private_daemon(tmp_path) as address:
        yield address


@pytest.fixture(params=["local bus", "dbus-daemon"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a private bus, of either make."""
    if request.param == "dbus-daemon":
        with private_daemon(tmp_path) as address:
            yield address
    else:
        bus = await LocalBus.listen(tmp_path / "bus")
        yield bus.address
        await bus.close()


@pytest.fixture
def fake() -> FakeHost:
    """The host below the service."""
    return FakeHost()


@pytest.fixture
async def service(address: str, fake: FakeHost) -> AsyncIterator[Service]:
    """The service, started."""
    connection = await connect(address)
    service = Service(connection, fake.host())
    await service.start()
    yield service
    await service.stop()
    await connection.close()


@pytest.fixture
async def client(address: str, service: Service) -> AsyncIterator[Connection]:
    """A caller; root, as the tests are."""
    connection = await connect(address)
    yield connection
    await connection.close()
