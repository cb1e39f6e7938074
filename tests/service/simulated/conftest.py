"""An estate as the demo has it at its start, with time that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.inside import SimulatedInside
from machined.host.simulated.storage import SimulatedStorage
from tests.service.simulated.estates import close_estate, make_estate


@pytest.fixture
async def estate() -> AsyncIterator[Estate]:
    made = make_estate()
    yield made
    await close_estate(made)


@pytest.fixture
def clock(estate: Estate) -> StandingClock:
    assert isinstance(estate.clock, StandingClock)
    return estate.clock


@pytest.fixture
def storage(estate: Estate) -> SimulatedStorage:
    return SimulatedStorage(estate)


@pytest.fixture
async def inside(estate: Estate) -> AsyncIterator[SimulatedInside]:
    made = SimulatedInside(estate)
    yield made
    await made.close()
