"""The simulated host as a whole, with the machines of the service on it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from machined.contract import VSOCK_CID_ANY, nspawn_unit
from machined.host.inside import Place, ShellRequest
from machined.host.registration import Registration
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.scenario import read_scenario
from machined.host.simulated.simulation import Simulation
from machined.machines.registry import Registry
from tests.service.simulated.estates import EPOCH, dump, in_time, no_progress, push

TOUCHES = (
    "open",
    "os.",
    "subprocess.",
    "socket.connect",
    "socket.bind",
    "signal.",
    "shutil.",
    "pty.",
    "mmap.",
)
"""Audit events of what could touch the real host (sys.audit)."""


async def permit(action: str, details: Mapping[str, str]) -> None:
    """Allow everything."""


class Direct:
    """Registers with the machines of the service, without a bus between."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def register(self, registration: Registration) -> None:
        await self._registry.register(registration, registration.leader)

    async def unregister(self, name: str) -> None:
        if machine := self._registry.find(name):
            await self._registry.unregister(machine, permit)


class Stage:
    """A simulation with the machines of the service."""

    def __init__(self, seed: int = 1) -> None:
        scenario = read_scenario()
        self.clock = StandingClock(scenario.host.uptime, EPOCH)
        self.simulation = Simulation(seed, self.clock, scenario)
        self.registry = Registry(self.simulation.host)
        self.simulation.registrar = Direct(self.registry)

    async def start(self) -> None:
        await self.registry.start()
        await self.simulation.start(self._terminate)

    async def stop(self) -> None:
        await self.registry.stop()
        await self.simulation.stop()

    async def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            await push(self.clock, 1)

    def states(self) -> dict[str, str]:
        return {machine.name: machine.state for machine in self.registry.machines()}

    async def _terminate(self, name: str) -> None:
        await self.registry.terminate(self.registry.get(name), permit)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await made.start()
    yield made
    await made.stop()


class TestMachines:
    async def test_they_are_in_all_states_at_the_start(self, stage: Stage) -> None:
        states = stage.states()
        assert states["mail"] == "opening"
        assert states["legacy-shop"] == "closing"
        assert states["web-1"] == states["qemu-3-accounting"] == states[".host"] == "running"
        assert set(states) == {".host", *stage.simulation.estate.machines}

    async def test_they_have_old_timestamps_and_all_their_facts(self, stage: Stage) -> None:
        machine = stage.registry.get("fedora-test")
        assert machine.machine_class == "vm"
        assert machine.vsock_cid == 3190
        assert machine.ssh_address == "vsock/3190"
        machine = stage.registry.get("db-primary")
        assert stage.clock.realtime() - machine.timestamp > 41 * 86400 * 1_000_000
        assert machine.root_directory == "/var/lib/machines/db-primary"
        assert machine.vsock_cid == VSOCK_CID_ANY
        assert len(machine.ifindices) == 1
        assert stage.registry.get("ldap").root_directory == ""

    async def test_opening_and_closing_come_to_their_ends(self, stage: Stage) -> None:
        await stage.pass_time(70)
        states = stage.states()
        assert states["mail"] == "running"
        assert "legacy-shop" not in states

    async def test_a_start_registers_and_a_power_off_takes_it_off(self, stage: Stage) -> None:
        units = stage.simulation.units
        await units.start_unit(nspawn_unit("scratch"), "fail")
        await stage.pass_time(4)
        assert stage.states()["scratch"] == "running"
        machine = stage.registry.get("scratch")
        await stage.registry.kill(machine, "leader", 38, permit)
        await stage.pass_time(5)
        assert stage.registry.find("scratch") is None
        assert not await units.is_active(nspawn_unit("scratch"))

    async def test_a_reboot_brings_another_one_of_the_same_name(self, stage: Stage) -> None:
        before = stage.registry.get("web-1")
        await stage.registry.kill(before, "leader", 2, permit)
        await stage.pass_time(10)
        after = stage.registry.get("web-1")
        assert after is not before
        assert after.leader != before.leader
        assert after.timestamp > before.timestamp

    async def test_the_build_container_comes_back_to_the_service(self, stage: Stage) -> None:
        seen = set()
        for _ in range(30):
            await stage.pass_time(10)
            if machine := stage.registry.find("build-runner-7"):
                seen.add(machine.leader)
        assert len(seen) >= 2

    async def test_the_host_tells_of_itself(self, stage: Stage) -> None:
        facts = stage.simulation.host.facts
        assert facts.vsock_cid == 1
        assert facts.boot_realtime == stage.clock.realtime() - stage.clock.monotonic()
        text = stage.simulation.estate.host_tree.read("/etc/machine-id").decode()
        assert text.strip() == facts.machine_id.hex()


async def seen_of(seed: int) -> dict[str, object]:
    stage = Stage(seed)
    await stage.start()
    await stage.pass_time(200)
    seen = dump(stage.simulation.estate) | {"states": stage.states()}
    await stage.stop()
    return seen


class TestChance:
    async def test_the_same_seed_plays_the_same(self) -> None:
        assert await seen_of(5) == await seen_of(5)

    async def test_another_seed_plays_another(self) -> None:
        assert await seen_of(5) != await seen_of(6)

    async def test_nothing_moves_while_time_stands(self, stage: Stage) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        before = dump(stage.simulation.estate) | {"states": stage.states()}
        for _ in range(300):
            await asyncio.sleep(0)
        assert dump(stage.simulation.estate) | {"states": stage.states()} == before

    async def test_without_a_clock_time_runs(self) -> None:
        simulation = Simulation()
        await simulation.start()
        before = simulation.host.clock.monotonic()
        await asyncio.sleep(0.02)
        assert simulation.host.clock.monotonic() > before
        await simulation.stop()


class Watch:
    """Notes what could touch the real host, while it is on. An audit hook stays for good, so there is one."""

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[tuple[str, tuple[Any, ...]]] = []
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and event.startswith(TOUCHES):
            self.seen.append((event, arguments))


WATCH: list[Watch] = []


@pytest.fixture
def watch() -> Iterator[Watch]:
    if not WATCH:
        WATCH.append(Watch())
    one = WATCH[0]
    one.seen.clear()
    yield one
    one.is_on = False


async def play_all(stage: Stage) -> None:
    """Do a bit of everything that needs no descriptor."""
    await stage.start()
    host = stage.simulation.host
    for image in await host.storage.discover():
        if image.name in {"scratch", "recovery", "router-disk", ".host"}:
            await host.storage.metadata(image)
    found = await host.storage.find("scratch")
    assert found is not None
    await in_time(stage.clock, host.storage.clone(found, "copy", False, no_progress))
    await in_time(stage.clock, host.storage.remove(found, no_progress))
    for machine in stage.registry.machines():
        if machine.machine_class == "container" and machine.name not in {"edge-proxy", "statsd-relay"}:
            place = Place(machine.name, machine.leader)
            await host.inside.os_release(place)
            await host.inside.addresses(place)
            await host.inside.user_map(place)
    await host.units.kill_unit(nspawn_unit("web-2"), "all", 9)
    await stage.pass_time(120)


async def test_nothing_of_the_real_host_is_touched(watch: Watch) -> None:
    first, second = Stage(), Stage()
    await play_all(first)  # imports what is imported late
    await first.stop()
    watch.is_on = True
    await play_all(second)
    await second.stop()
    watch.is_on = False
    assert watch.seen == []


async def test_the_watch_sees_what_there_is_to_see(watch: Watch) -> None:
    watch.is_on = True
    os.close(os.open(__file__, os.O_RDONLY))
    os.listdir("/")
    watch.is_on = False
    assert {event for event, _ in watch.seen} >= {"open", "os.listdir"}


async def test_stopping_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    stage = Stage()
    await stage.start()
    host = stage.simulation.host
    web = stage.registry.get("web-1")
    place = Place(web.name, web.leader)
    request = ShellRequest("root", "", [], ["TERM=xterm"])
    opened = [(await host.inside.open_shell(place, request)).fd, (await host.inside.open_login(place)).fd]
    opened.append((await host.inside.open_pty(Place(".host", 1, is_host=True))).fd)
    opened.append(await host.inside.open_root(place))
    await host.units.start_unit(nspawn_unit("scratch"), "fail")
    await stage.pass_time(1)
    assert len(os.listdir(tmp_path)) == 1
    await stage.stop()
    assert os.listdir(tmp_path) == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for fd in opened:
        os.close(fd)
