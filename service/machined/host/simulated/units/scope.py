"""Scopes: groups of processes that somebody else started (systemd.scope(5))."""

from __future__ import annotations

from machined.host.simulated.processes import Process
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.service import STOP_SECONDS
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.simulated.visitors import follow
from machined.host.unit_status import ActiveState

SIGKILL = 9


class Scope:
    """A scope is up while it has a process."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._estate = roster.estate

    def expect(self, unit: SimulatedUnit, pids: list[int]) -> None:
        """Have processes that move into the scope once it starts."""
        unit.joining = pids

    def start(self, unit: SimulatedUnit) -> None:
        """Take the processes in; one that has ended meanwhile does not come."""
        self._roster.begin(unit)
        table = self._estate.processes
        pids, unit.joining = unit.joining, []
        for pid in pids:
            if self._estate.is_foreign(pid) and pid not in table.processes:
                visitor = table.spawn(Process(pid, "", unit=unit.name))
                self._estate.run(follow(table, visitor))
            elif pid in table.processes:
                table.processes[pid].unit = unit.name
        if table.of_unit(unit.name):
            self._roster.enter(unit, ActiveState.ACTIVE, "running")
            self._roster.log(unit, f"Started {unit.name} - {unit.description}.")
        else:
            unit.result = "resources"
            self._roster.enter(unit, ActiveState.FAILED, "failed")

    def stop(self, unit: SimulatedUnit) -> None:
        """Send the unit's signal to all its processes, and kill those that stay."""
        self._roster.log(unit, f"Stopping {unit.name} - {unit.description}...")
        self._roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigterm")
        self.signal(unit, unit.kill_signal)
        if self._estate.processes.of_unit(unit.name):
            self._estate.run(self._kill_late(unit))
        else:
            self._rest(unit)

    def signal(self, unit: SimulatedUnit, number: int) -> None:
        """Send all processes a signal. Those of the real host are let go instead: the demo touches none."""
        table = self._estate.processes
        for process in table.of_unit(unit.name):
            if process.pid not in table.processes:
                continue
            if self._estate.is_foreign(process.pid):
                table.end(process)
            else:
                table.signal(process, number)

    async def _kill_late(self, unit: SimulatedUnit) -> None:
        await self._estate.clock.sleep(STOP_SECONDS)
        if unit.active is ActiveState.DEACTIVATING:
            unit.result = "timeout"
            self._roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigkill")
            self.signal(unit, SIGKILL)

    def on_process_ended(self, unit: SimulatedUnit, process: Process) -> None:
        """The scope ends with its last process."""
        if not unit.is_at_rest and not self._estate.processes.of_unit(unit.name):
            self._rest(unit)

    def _rest(self, unit: SimulatedUnit) -> None:
        if unit.is_at_rest:
            return
        if unit.result == "success":
            self._roster.log(unit, f"{unit.name}: Deactivated successfully.")
            self._roster.enter(unit, ActiveState.INACTIVE, "dead")
        else:
            self._roster.enter(unit, ActiveState.FAILED, "failed")
        self._roster.collect(unit)
