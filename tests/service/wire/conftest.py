"""Fixtures of the tests of the wire."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import open_fds
from tests.service.wire.drivers import Driver, Ours, Plain
from tests.support.daemon import private_daemon

LIMITS = {"max_replies_per_connection": 50_000, "max_match_rules_per_connection": 5_000}


@pytest.fixture(
    params=[
        Ours,
        pytest.param(
            Plain,
            marks=pytest.mark.xfail(
                strict=True,
                raises=(AssertionError, TimeoutError, BlockingIOError),
                reason="the fault of plain dbus-next",
            ),
        ),
    ],
    ids=["ours", "plain"],
)
def library(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Our wire, which must pass, and plain dbus-next, which must fail: else the test proves nothing."""
    before = open_fds()
    yield request.param
    if request.param is Plain:
        for fd in set(open_fds()) - set(before):  # what it leaks is its own fault, not the next test's
            os.close(fd)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a private bus."""
    with private_daemon(tmp_path, limits=LIMITS) as address:
        yield address


@pytest.fixture
async def peers(address: str, library: Any) -> AsyncIterator[tuple[Driver, Driver]]:
    """A service and a client, both of the library under test."""
    service = await library.connect(address)
    client = await library.connect(address)
    yield service, client
    await client.close()
    await service.close()


@pytest.fixture
async def pair(address: str) -> AsyncIterator[tuple[Any, Any]]:
    """A service and a client of our wire."""
    service = await Ours.connect(address)
    client = await Ours.connect(address)
    yield service.connection, client.connection
    await client.close()
    await service.close()
