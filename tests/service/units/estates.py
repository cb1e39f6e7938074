"""A small host for the tests of units, and someone who writes down what becomes of its units."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from machined.contract import SYSTEMD1_UNIT_INTERFACE
from machined.host.errors import Refused
from machined.host.registration import Registration
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.population import populate
from machined.host.simulated.scenario import read_scenario
from machined.host.simulated.units import SimulatedUnits

EPOCH = 1_757_000_000.0
SCENARIO = Path(__file__).with_name("scenario.toml")

ALPHA = "systemd-nspawn@alpha.service"
"""Runs at the start, and is enabled."""
BETA = "systemd-nspawn@beta.service"
"""Neither."""


class Register:
    """The registrar of the tests: who is registered, and who may not be."""

    def __init__(self) -> None:
        self.machines: dict[str, Registration] = {}
        self.refused: set[str] = set()

    async def register(self, registration: Registration) -> None:
        if registration.name in self.refused:
            raise Refused("org.freedesktop.machine1.MachineExists", "no")
        self.machines[registration.name] = registration

    async def unregister(self, name: str) -> None:
        self.machines.pop(name, None)


class Diary:
    """Writes down what becomes of one unit: signals by name, states as `active/sub` where they change."""

    def __init__(self, unit: str, state: str = "inactive/dead") -> None:
        self.unit = unit
        self.trail: list[str] = []
        self._state = state

    def on_job_new(self, job_id: int, job: str, unit: str) -> None:
        if unit == self.unit:
            self.trail.append("JobNew")

    def on_job_removed(self, job_id: int, job: str, unit: str, result: str) -> None:
        if unit == self.unit:
            self.trail.append(f"JobRemoved {result}")

    def on_unit_new(self, unit: str) -> None:
        if unit == self.unit:
            self._state = "inactive/dead"
            self.trail.append("UnitNew")

    def on_unit_removed(self, unit: str) -> None:
        if unit == self.unit:
            self.trail.append("UnitRemoved")

    def on_unit_changed(self, unit: str, interface: str, changed: dict[str, Any]) -> None:
        if unit != self.unit or interface != SYSTEMD1_UNIT_INTERFACE:
            return
        state = f"{changed['ActiveState'].value}/{changed['SubState'].value}"
        if state != self._state:
            self._state = state
            self.trail.append(state)

    def taken(self) -> list[str]:
        """What was written down since this was last asked."""
        trail, self.trail = self.trail, []
        return trail


class Place:
    """A host with its units, and time that is pushed."""

    def __init__(self) -> None:
        scenario = read_scenario(SCENARIO)
        self.clock = StandingClock(scenario.host.uptime, EPOCH)
        self.estate = Estate(self.clock, 1, scenario)
        populate(self.estate)
        self.register = Register()
        self.units = SimulatedUnits(self.estate, self.register)

    def follow(self, unit: str) -> Diary:
        """Write down what becomes of a unit from now on."""
        found = self.units.find(unit)
        diary = Diary(unit, f"{found.active_state}/{found.sub_state}" if found else "inactive/dead")
        self.units.listen(diary)
        return diary

    async def push(self, seconds: float) -> None:
        """Let time pass, for those too who have just begun."""
        for _ in range(10):
            await asyncio.sleep(0)
        await self.clock.advance(seconds)
        for _ in range(10):
            await asyncio.sleep(0)

    def state(self, unit: str) -> str:
        """`active/sub`, or "not loaded"."""
        found = self.units.find(unit)
        return f"{found.active_state}/{found.sub_state}" if found else "not loaded"

    def signal_leader(self, machine: str, number: int) -> None:
        self.estate.processes.signal(self.estate.machines[machine].leader, number)
