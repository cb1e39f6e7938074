"""Taking over what runs on the simulated host before its service manager is there."""

from __future__ import annotations

from machined.contract import nspawn_unit
from machined.host.simulated.estate import Estate
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.units.factory import UnitFactory
from machined.host.simulated.units.jobs import JobQueue
from machined.host.simulated.units.nspawn import READY
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import EXITED, SimulatedUnit
from machined.host.simulated.units.unit_files import UnitFiles
from machined.host.simulated.units.vendor import VendorUnit
from machined.host.unit_names import unit_type
from machined.host.unit_status import ActiveState, JobType, MainProcess, Moment

SECOND = 1_000_000
"""In microseconds."""
BOOT_SECONDS = 12
"""Seconds after the boot at which the host's own units were up."""
FAILED_AGO = 2 * 3600
"""Seconds since units failed that had failed at the start."""


class Adoption:
    """Makes units for what an estate has at the start, as if they had long been up.

    Attributes:
        opening: The object paths of the jobs of machines that are still starting, by machine.
    """

    def __init__(self, roster: Roster, jobs: JobQueue, files: UnitFiles, factory: UnitFactory) -> None:
        self._estate: Estate = roster.estate
        self._roster = roster
        self._jobs = jobs
        self._files = files
        self._factory = factory
        self.opening: dict[str, str] = {}

    def take_over(self) -> None:
        """Make the units. Containers that run are enabled: the host starts them at boot."""
        self._take_host()
        for machine in list(self._estate.machines.values()):
            self._take_machine(machine)
        for name in self._estate.scenario.failed:
            self._take_failed(nspawn_unit(name))

    def _take_host(self) -> None:
        processes = self._estate.processes.processes.values()
        own = dict.fromkeys(one.unit for one in processes if one.unit and not one.machine)
        machine_units = {machine.unit for machine in self._estate.machines.values()}
        services = [name for name in own if name not in machine_units]
        for name in services:
            self._files.vendor.setdefault(name, VendorUnit(name))
        others = [
            name
            for name, found in self._files.vendor.items()
            if found.is_up and (unit_type(name) in {"slice", "target"} or found.service_type == "oneshot")
        ]
        enabled = [name for name in (*others, *services) if self._can_enable(name)]
        self._files.enable(enabled, is_runtime=False)
        boot = self._ago(self._estate.clock.monotonic() - BOOT_SECONDS * SECOND)
        for name in (*others, *services):
            self._add(self._factory.make(name), boot)

    def _can_enable(self, name: str) -> bool:
        found = self._files.find(name)
        return found is not None and bool(found.installs_into) and not self._files.is_masked(name)

    def _take_machine(self, machine: SimulatedMachine) -> None:
        unit = self._factory.make(machine.unit)
        began = Moment(machine.timestamp, machine.timestamp_monotonic)
        if unit.behaviour is self._factory.nspawn:
            if self._can_enable(unit.name):
                self._files.enable([unit.name], is_runtime=False)
            self._factory.nspawn.adopt(unit, machine)
        elif unit.type == "scope":
            unit.is_transient = True
            unit.fragment_path = f"/run/systemd/transient/{unit.name}"
            unit.collect_mode = "inactive-or-failed"
        else:
            unit.main = machine.leader
        if unit.behaviour is not self._factory.nspawn:
            unit.load_state = "loaded"
            unit.slice = "machine.slice"
            unit.description = f"Virtual Machine {machine.name}"
        if machine.is_booting:
            self._estate.run(self._open(unit, machine))
            self._add(unit, began, ActiveState.ACTIVATING, "start")
            self.opening[machine.name] = self._jobs.enqueue(unit, JobType.START, "fail").path
        else:
            self._add(unit, began)

    async def _open(self, unit: SimulatedUnit, machine: SimulatedMachine) -> None:
        await machine.wait_up()
        if machine.is_running and unit.active is ActiveState.ACTIVATING:
            unit.status_text = READY
            self._roster.enter(unit, ActiveState.ACTIVE, "running")

    def _take_failed(self, name: str) -> None:
        unit = self._factory.make(name)
        when = self._ago(FAILED_AGO * SECOND)
        unit.result = "exit-code"
        unit.main_status = MainProcess(0, 0, when, when, EXITED, 1)
        self._add(unit, when, ActiveState.ACTIVATING, "start")
        unit.enter(ActiveState.FAILED, "failed", when)

    def _add(
        self,
        unit: SimulatedUnit,
        began: Moment,
        active: ActiveState = ActiveState.ACTIVE,
        sub: str = "",
    ) -> None:
        if unit.type == "service" and unit.main is None and active is ActiveState.ACTIVE:
            unit.main = next(iter(self._estate.processes.of_unit(unit.name)), None)
        if unit.main:
            unit.main_status = MainProcess(unit.main.pid, unit.main.pid, began)
        running = {"service": "running" if unit.main else "exited", "scope": "running"}
        unit.invocation = self._estate.chance(f"invocation {unit.name}").randbytes(16)
        unit.enter(active, sub or running.get(unit.type, "active"), began)
        self._roster.add(unit)

    def _ago(self, microseconds: int) -> Moment:
        now = self._roster.now()
        return Moment(now.realtime - microseconds, now.monotonic - microseconds)
