"""Fixtures of the tests of a real host's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from machined.wire import Connection, connect
from tests.service.linux.managers import Peer, service_manager
from tests.support.daemon import private_daemon


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with private_daemon(tmp_path) as address:
        yield address


@pytest.fixture
async def connection(address: str) -> AsyncIterator[Connection]:
    connection = await connect(address)
    yield connection
    await connection.close()


@pytest.fixture
async def manager(address: str) -> AsyncIterator[Peer]:
    """Who owns the name of PID 1."""
    peer = await service_manager(address)
    yield peer
    await peer.connection.close()
