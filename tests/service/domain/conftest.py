"""Fixtures of the domain's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from machined.machines.machine import Machine
from machined.machines.registry import Registry
from tests.service.domain.hosts import FakeHost, Permits


class Heard:
    """What a registry told."""

    def __init__(self) -> None:
        self.new: list[str] = []
        self.removed: list[str] = []

    def on_machine_new(self, machine: Machine) -> None:
        self.new.append(machine.name)

    def on_machine_removed(self, machine: Machine) -> None:
        self.removed.append(machine.name)


@pytest.fixture
def fake() -> FakeHost:
    return FakeHost()


@pytest.fixture
def permits() -> Permits:
    return Permits()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def registry(fake: FakeHost, heard: Heard) -> AsyncIterator[Registry]:
    registry = Registry(fake.host)
    registry.listen(heard)
    await registry.start()
    yield registry
    await registry.stop()
