"""A simulated host for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.simulated_shell.guest import Guest, Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A host whose clock stands."""
    async with open_room(tmp_path) as made:
        yield made


@pytest.fixture
async def guest(room: Room) -> Guest:
    """Somebody at a root shell of a machine."""
    made = await room.shell()
    await made.ready()
    return made
