"""Fixtures: a user database of machines that map their users."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.machines.machine import Registration
from machined.machines.registry import Registry
from machined.varlink import UserDatabase
from tests.service.domain.hosts import FakeHost
from tests.service.varlink.facts import MACHINES, VM


async def mapped_registry(fake: FakeHost) -> Registry:
    """A registry with the machines of the facts; whoever asks for it stops it."""
    registry = Registry(fake.host)
    await registry.start()
    for leader, name in enumerate([*MACHINES, VM], start=50):
        fake.processes.units[leader] = f"{leader}.service"
        kind = "vm" if name == VM else "container"
        await registry.register(Registration(name, b"", "test", kind, leader, "", []), leader)
        fake.inside.users[name], fake.inside.groups[name] = MACHINES.get(name, ([], []))
    return registry


@pytest.fixture
def fake() -> FakeHost:
    return FakeHost()


@pytest.fixture
async def registry(fake: FakeHost) -> AsyncIterator[Registry]:
    registry = await mapped_registry(fake)
    yield registry
    await registry.stop()


@pytest.fixture
async def database(registry: Registry, tmp_path: Path) -> AsyncIterator[str]:
    """The path of its socket."""
    database = UserDatabase(registry)
    await database.start(tmp_path / "userdb" / "socket")
    yield str(tmp_path / "userdb" / "socket")
    await database.close()
