"""Fixtures of the tests of units."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from machined.bus.local import LocalBus
from machined.bus.units import UnitService
from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.simulated.units import SimulatedUnits
from machined.wire import Connection, connect
from tests.service.units.estates import Place


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    await made.estate.close()


@pytest.fixture
def units(place: Place) -> SimulatedUnits:
    return place.units


class Nobody:
    """An authority that lets nobody do anything; root is not asked."""

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        raise Refused(ErrorName.ACCESS_DENIED, action)


@pytest.fixture
async def served(place: Place, tmp_path: Path) -> AsyncIterator[LocalBus]:
    """A bus on which the units are served."""
    bus = await LocalBus.listen(tmp_path / "bus")
    connection = bus.attach()
    service = UnitService(connection, place.units, Nobody(), bytes(range(16)))
    await service.start()
    yield bus
    await service.stop()
    await bus.close()


@pytest.fixture
async def client(served: LocalBus) -> AsyncIterator[Connection]:
    """A caller on it; root, as the tests are."""
    connection = await connect(served.address)
    yield connection
    await connection.close()
