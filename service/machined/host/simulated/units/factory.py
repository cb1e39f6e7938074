"""Making units from their files."""

from __future__ import annotations

from machined.host.simulated.registrar import Registrar
from machined.host.simulated.units.behaviour import Behaviour, Passive
from machined.host.simulated.units.jobs import JobQueue
from machined.host.simulated.units.nspawn import TEMPLATE, NspawnService, supervisor_command
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.scope import Scope
from machined.host.simulated.units.service import Service
from machined.host.simulated.units.transient import ScopeProperties
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.simulated.units.unit_files import UnitFiles
from machined.host.unit_names import ROOT_SLICE, instance_of, parent_slice, template_of, unit_type
from machined.host.unit_settings import Settings

PERPETUAL = {ROOT_SLICE, "init.scope"}
"""Units that are always up (systemd.special(7))."""
MACHINE_TASKS = 16384
"""Tasks that a machine may have (systemd-nspawn@.service)."""


class UnitFactory:
    """Makes units, each with the behaviour of its kind."""

    def __init__(self, roster: Roster, jobs: JobQueue, files: UnitFiles, registrar: Registrar) -> None:
        self._roster = roster
        self._files = files
        self.passive = Passive(roster)
        self.service = Service(roster)
        self.nspawn = NspawnService(roster, jobs, registrar)
        self.scope = Scope(roster)
        self.settings: dict[str, Settings] = {}
        """What SetUnitProperties left, by unit."""

    def make(self, name: str) -> SimulatedUnit:
        """A unit as its file describes it; one without a file is `not-found`, and named after itself."""
        found = self._files.find(name)
        unit = SimulatedUnit(name, name, self._behaviour(name), slice=self._slice(name))
        if self._files.is_masked(name):
            unit.load_state = "masked"
        elif found is None and unit.type == "slice":
            unit.description = f"Slice /{name.removesuffix('.slice').replace('-', '/')}"
        elif found is None:
            unit.load_state = "not-found"
        else:
            unit.description = found.description.replace("%i", instance_of(name))
            unit.service_type = found.service_type
            unit.fragment_path = self._files.path(name)
        unit.is_perpetual = name in PERPETUAL
        if unit.behaviour is self.nspawn:
            unit.command = supervisor_command(instance_of(name))
            unit.kill_mode = "mixed"
            unit.delegate = True
            unit.settings = Settings(tasks_max=MACHINE_TASKS)
        unit.settings = self.settings.get(name, unit.settings)
        return unit

    def make_scope(self, name: str, wanted: ScopeProperties) -> SimulatedUnit:
        """A transient scope; the processes it takes in are waited for."""
        unit = SimulatedUnit(name, wanted.description or name, self.scope, slice=wanted.slice)
        unit.fragment_path = f"/run/systemd/transient/{name}"
        unit.is_transient = True
        unit.collect_mode = wanted.collect_mode
        unit.delegate = wanted.delegate
        unit.kill_mode = wanted.kill_mode
        unit.kill_signal = wanted.kill_signal
        unit.settings = wanted.settings
        self.scope.expect(unit, wanted.pids)
        return unit

    def _behaviour(self, name: str) -> Behaviour:
        if template_of(name) == TEMPLATE:
            return self.nspawn
        match unit_type(name):
            case "service":
                return self.service
            case "scope":
                return self.scope
            case _:
                return self.passive

    def _slice(self, name: str) -> str:
        match unit_type(name):
            case "slice":
                return parent_slice(name)
            case _ if template_of(name) == TEMPLATE:
                return "machine.slice"
            case _ if name == "init.scope":
                return ROOT_SLICE
            case _:
                return "system.slice"
