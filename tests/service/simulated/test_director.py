"""What changes by itself, and that it stops when time does."""

from __future__ import annotations

import asyncio

import pytest

from machined.contract import ErrorName, nspawn_unit
from machined.host.errors import Refused
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.director import Director
from machined.host.simulated.estate import Estate
from tests.service.simulated.estates import close_estate, dump, make_estate, push


class Starter:
    """A service manager that starts containers right away, or refuses to."""

    def __init__(self, estate: Estate, *, refuses: bool = False) -> None:
        self._estate = estate
        self._refuses = refuses
        self.started: list[str] = []

    async def start_unit(self, unit: str, mode: str) -> str:
        self.started.append(unit)
        if self._refuses:
            raise Refused(ErrorName.UNIT_MASKED, f"Unit {unit} is masked.")
        await self._estate.boot(unit.removeprefix("systemd-nspawn@").removesuffix(".service"), unit)
        return "/job/1"


async def pass_minutes(estate: Estate, minutes: int) -> None:
    assert isinstance(estate.clock, StandingClock)
    for _ in range(minutes * 6):
        await push(estate.clock, 10)


async def directed(seed: int, minutes: int) -> dict[str, object]:
    estate = make_estate(seed)
    Director(estate, Starter(estate)).start()
    await pass_minutes(estate, minutes)
    seen = dump(estate)
    await close_estate(estate)
    return seen


class TestChance:
    async def test_the_same_seed_has_the_same_future(self) -> None:
        assert await directed(3, 4) == await directed(3, 4)

    async def test_another_seed_has_another(self) -> None:
        first, second = await directed(3, 1), await directed(4, 1)
        assert first["journal"] != second["journal"]

    async def test_while_time_stands_nothing_changes(self, estate: Estate) -> None:
        Director(estate, Starter(estate)).start()
        before = dump(estate)
        for _ in range(200):
            await asyncio.sleep(0)
        assert dump(estate) == before


class TestChanges:
    @pytest.fixture
    async def starter(self, estate: Estate) -> Starter:
        starter = Starter(estate)
        Director(estate, starter).start()
        return starter

    async def test_loads_wander_about_what_is_usual(self, estate: Estate, starter: Starter) -> None:
        leader = estate.machines["qemu-3-accounting"].leader
        seen = set()
        for _ in range(30):
            await pass_minutes(estate, 1)
            seen.add(leader.load)
            assert 0.22 * 0.4 <= leader.load <= 0.22 * 1.7
            assert 6 * 1024**3 < leader.memory < 11 * 1024**3
        assert len(seen) > 20

    async def test_machines_go_on_logging(self, estate: Estate, starter: Starter) -> None:
        unit = nspawn_unit("web-1")
        before = len(estate.journal.of_unit(unit))
        await pass_minutes(estate, 5)
        new = estate.journal.of_unit(unit)[before:]
        assert 20 < len(new) < 200
        assert not [entry for entry in new if "@" in entry.message]
        assert any(entry.pid > 1 for entry in new)

    async def test_images_grow(self, estate: Estate, starter: Starter) -> None:
        before = estate.pool_usage()
        await pass_minutes(estate, 5)
        assert before < estate.pool_usage() < before + 1024**3

    async def test_a_container_comes_and_goes(self, estate: Estate, starter: Starter) -> None:
        machine = estate.machines["build-runner-7"]
        await pass_minutes(estate, 6)
        assert not machine.is_running
        assert starter.started.count(nspawn_unit("build-runner-7")) >= 2

    async def test_one_that_was_booting_is_up_soon(self, estate: Estate, starter: Starter) -> None:
        machine = estate.machines["mail"]
        assert machine.is_booting
        await pass_minutes(estate, 1)
        assert not machine.is_booting
        assert machine.addresses
        assert len(estate.processes.of_machine("mail")) > 5


async def test_what_cannot_be_started_again_rests(estate: Estate) -> None:
    starter = Starter(estate, refuses=True)
    Director(estate, starter).start()
    await pass_minutes(estate, 6)
    assert starter.started == [nspawn_unit("build-runner-7")]
    assert "build-runner-7" not in estate.machines


async def test_one_that_somebody_stopped_is_left_alone(estate: Estate) -> None:
    starter = Starter(estate)
    Director(estate, starter).start()
    estate.processes.end(estate.machines["build-runner-7"].leader)
    await pass_minutes(estate, 6)
    assert starter.started == []
