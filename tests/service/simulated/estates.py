"""Making estates, and doing things to them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from machined.host.inside import Place
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.population import populate
from machined.host.simulated.scenario import read_scenario
from machined.host.simulated.storage import SimulatedStorage
from machined.host.storage import Image

T = TypeVar("T")

EPOCH = 1_757_000_000.0
"""When the standing clock of tests stands."""


def make_estate(seed: int = 1) -> Estate:
    """The estate of the demo at its start."""
    scenario = read_scenario()
    estate = Estate(StandingClock(scenario.host.uptime, EPOCH), seed, scenario)
    populate(estate)
    return estate


async def close_estate(estate: Estate) -> None:
    await estate.close()


async def push(clock: StandingClock, seconds: float) -> None:
    """Let time pass for those too who have just begun."""
    for _ in range(3):
        await asyncio.sleep(0)
    await clock.advance(seconds)


async def in_time(clock: StandingClock, work: Coroutine[Any, Any, T], seconds: float = 600) -> T:
    """Do something that takes time, and let that time pass."""
    task = asyncio.ensure_future(work)
    passed = 0.0
    await asyncio.sleep(0)
    while not task.done() and passed < seconds:
        await clock.advance(0.5)
        passed += 0.5
    return await task


def place_of(estate: Estate, name: str) -> Place:
    """Where to find the inside of a machine."""
    return Place(name, estate.machines[name].leader.pid)


def no_progress(done: int, total: int) -> None:
    """Take note of nothing."""


async def image(storage: SimulatedStorage, name: str) -> Image:
    """An image that must be there."""
    found = await storage.find(name)
    assert found is not None, name
    return found


def dump(estate: Estate) -> dict[str, object]:
    """All of an estate that somebody could see."""
    return {
        "processes": [
            (one.pid, one.inner_pid, one.parent, one.unit, one.command, one.started, one.memory, one.load)
            for one in estate.processes.processes.values()
        ],
        "machines": [
            (one.name, one.id, one.addresses, one.ifindices, one.timestamp, one.is_booting, one.reason)
            for one in estate.machines.values()
        ],
        "images": [one.describe() for one in estate.images.values()],
        "journal": list(estate.journal.entries),
        "files": [
            (one.name, path, node.mode, node.uid, node.mtime, b"" if node.is_folder else node.read())
            for one in estate.images.values()
            for path, node in one.tree.walk()
        ],
    }
