"""The service manager of the simulated host."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused
from machined.host.simulated.units.checks import (
    check_job,
    check_loadable,
    check_mode,
    check_transient,
)
from machined.host.simulated.units.factory import MACHINE_TASKS
from machined.host.simulated.units.file_commands import FileCommands
from machined.host.simulated.units.signalling import kill
from machined.host.simulated.units.transient import read_properties
from machined.host.unit_names import require_mode, require_unit_name
from machined.host.unit_settings import changed_settings, read_only
from machined.host.unit_status import ActiveState, Job, JobType
from machined.host.units import ScopeRequest
from machined.wire import Variant

OURS = ""
"""Who keeps the units that the service itself references."""


class SimulatedUnits(FileCommands):
    """The units of the simulated host, as `UnitManager`."""

    # Jobs.

    async def enqueue(self, unit: str, type: JobType, mode: str) -> Job:
        """Have a job done. See `UnitManager.enqueue`."""
        require_unit_name(unit)
        require_mode(mode)
        found = self.get(unit)
        check_mode(type, mode)
        check_job(found, type)
        if type is JobType.RELOAD_OR_RESTART:
            type = JobType.RESTART  # no unit here can be told to read its settings again
        is_new = unit not in self.roster.units
        if is_new:
            self.roster.add(found)
        return self.queue.enqueue(found, type, mode, is_new=is_new)

    async def cancel_job(self, job_id: int) -> None:
        """Give up a job. Refused with NoSuchJob."""
        self.queue.cancel(job_id)

    async def start_unit(self, unit: str, mode: str) -> str:
        """Start a unit; the object path of the job."""
        return (await self.enqueue(unit, JobType.START, mode)).path

    async def stop_unit(self, unit: str, mode: str) -> str:
        """Stop a unit; the object path of the job."""
        return (await self.enqueue(unit, JobType.STOP, mode)).path

    async def start_scope(self, request: ScopeRequest) -> str:
        """Make a transient scope for a machine; the object path of its start job."""
        properties = [
            ("Slice", Variant("s", "machine.slice")),
            ("Description", Variant("s", request.description)),
            ("PIDs", Variant("au", [request.leader])),
            ("Delegate", Variant("b", True)),
            ("CollectMode", Variant("s", "inactive-or-failed")),
            ("AddRef", Variant("b", True)),
            ("TasksMax", Variant("t", MACHINE_TASKS)),
            *request.properties,
        ]
        return (await self.start_transient(request.unit, "fail", properties, OURS)).path

    async def start_transient(
        self, unit: str, mode: str, properties: Sequence[tuple[str, Variant]], owner: str
    ) -> Job:
        """Make a transient scope and start it. See `UnitManager.start_transient`."""
        self._require_transient(unit, mode)
        wanted = read_properties(properties, self._has_process)
        if not wanted.pids:
            raise Refused(
                ErrorName.FILE_NOT_FOUND,
                f"Unit {unit} failed to load properly, please adjust/correct and reload service manager: "
                f"{os.strerror(errno.ENOENT)}",
            )
        scope = self.factory.make_scope(unit, wanted)
        if wanted.adds_reference:
            scope.owners[owner] += 1
        self.roster.add(scope)
        job = self.queue.enqueue(scope, JobType.START, mode, is_new=True)
        if wanted.slice not in self.roster.units:
            inside = self.factory.make(wanted.slice)
            self.roster.add(inside)
            inside.behaviour.start(inside)
        return job

    # What is done to single units.

    async def kill_unit(self, unit: str, whom: str, signal: int) -> None:
        """Send a signal to processes of a unit."""
        kill(self.roster, self.require_loaded(unit), whom, signal)

    async def reset_failed(self, unit: str = "") -> None:
        """Forget that a unit has failed; without a name that any has."""
        for found in [self.require_loaded(unit)] if unit else list(self.roster.units.values()):
            found.restarts = 0
            if found.active is ActiveState.FAILED:
                found.result = "success"
                self.roster.enter(found, ActiveState.INACTIVE, "dead")
                self.roster.collect(found)

    async def set_properties(
        self, unit: str, is_runtime: bool, properties: Sequence[tuple[str, Variant]]
    ) -> None:
        """Change limits of a unit. See `UnitManager.set_properties`."""
        require_unit_name(unit)
        found = self.get(unit)
        check_loadable(found)
        if properties and self.counters.group(found) is None:
            raise read_only(properties[0][0])
        found.settings = changed_settings(found.settings, properties)
        self.factory.settings[unit] = found.settings

    async def ref_unit(self, unit: str, owner: str) -> None:
        """Keep a unit loaded until `owner` gives up the reference."""
        require_unit_name(unit)
        found = self.get(unit)
        check_loadable(found)
        if unit not in self.roster.units:
            self.roster.add(found)
        found.owners[owner] += 1

    async def unref_unit(self, unit: str) -> None:
        """Give up the reference that `start_scope` took; nothing where it took none."""
        found = self.roster.units.get(unit)
        if found and found.owners[OURS]:
            await self.release_unit(unit, OURS)

    async def release_unit(self, unit: str, owner: str) -> None:
        """Give up one reference of `owner`. Refused with NotReferenced where it has none."""
        found = self.require_loaded(unit)
        if not found.owners[owner]:
            raise Refused(f"{SYSTEMD1}.NotReferenced", "Unit has not been referenced yet.")
        found.owners[owner] -= 1
        found.owners = +found.owners  # without those that are down to none
        self.roster.collect(found)

    def forget_owner(self, owner: str) -> None:
        """Give up all references of who has left the bus."""
        for found in list(self.roster.units.values()):
            if found.owners.pop(owner, 0):
                self.roster.collect(found)

    def _require_transient(self, unit: str, mode: str) -> None:
        check_transient(unit, mode)
        if unit in self.roster.units or self.files.find(unit):
            raise Refused(f"{SYSTEMD1}.UnitExists", f"Unit {unit} was already loaded or has a fragment file.")

    def _has_process(self, pid: int) -> bool:
        return self.estate.is_foreign(pid) or pid in self.estate.processes.processes
