"""What can be asked of the service manager without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Method
from machined.bus.units.actions import UnitActions, Values
from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused
from machined.host.unit_manager import UnitManager
from machined.host.unit_names import is_template, is_unit_name, no_such_job
from machined.host.unit_status import Job, UnitStatus, unit_path

INVOCATION_SIZE = 16
INT_MAX = 2**31 - 1

_UNIT = "a(ssssssouso) units"
_JOB = "a(usssoo) jobs"


class LookUps:
    """Answers the members of the manager that look for units and jobs."""

    def __init__(self, actions: UnitActions) -> None:
        self._actions = actions

    def methods(self) -> list[Method]:
        """Their part of the table."""
        return [
            Method("GetUnit", "s name", "o unit", self._on_get_unit),
            Method("GetUnitByPID", "u pid", "o unit", self._on_get_unit_by_pid),
            Method("GetUnitByInvocationID", "ay invocation_id", "o unit", self._on_get_by_invocation),
            Method("LoadUnit", "s name", "o unit", self._on_load_unit),
            Method("GetUnitProcesses", "s name", "a(sus) processes", self._on_get_processes),
            Method("GetJob", "u id", "o job", self._on_get_job),
            Method("ListUnits", "", _UNIT, self._on_list_units),
            Method("ListUnitsFiltered", "as states", _UNIT, self._on_list_units),
            Method("ListUnitsByPatterns", "as states, as patterns", _UNIT, self._on_list_units),
            Method("ListUnitsByNames", "as names", _UNIT, self._on_list_by_names),
            Method("ListJobs", "", _JOB, self._on_list_jobs),
        ]

    async def _on_get_unit(self, _: UnitManager, request: Request, name: str) -> Values:
        name = await self._actions.named(request, name)
        self._actions.require_loaded(name)
        return [unit_path(name)]

    async def _on_get_unit_by_pid(self, manager: UnitManager, request: Request, pid: int) -> Values:
        if pid > INT_MAX:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid PID {pid - 2**32}")
        return [unit_path(manager.unit_of(pid or await request.pid()))]

    async def _on_get_by_invocation(self, manager: UnitManager, request: Request, raw: bytes) -> Values:
        if not any(raw):
            pid = await request.pid()
            try:
                return [unit_path(manager.unit_of(pid))]
            except Refused:
                sentence = f"Client {pid} not member of any unit."
                raise Refused(ErrorName.NO_SUCH_UNIT, sentence) from None
        if len(raw) != INVOCATION_SIZE:
            raise Refused(ErrorName.INVALID_ARGS, "Invalid invocation ID")
        if not (unit := manager.unit_of_invocation(bytes(raw))):
            raise Refused(
                f"{SYSTEMD1}.NoUnitForInvocationID",
                f"No unit with the specified invocation ID {bytes(raw).hex()} known.",
            )
        return [unit_path(unit)]

    async def _on_load_unit(self, manager: UnitManager, request: Request, name: str) -> Values:
        return [manager.load(await self._actions.named(request, name)).path]

    async def _on_get_processes(self, _: UnitManager, request: Request, name: str) -> Values:
        name = await self._actions.named(request, name)
        return [[list(process) for process in self._actions.processes(name)]]

    async def _on_get_job(self, manager: UnitManager, _: Request, job_id: int) -> Values:
        if (job := next((one for one in manager.jobs() if one.id == job_id), None)) is None:
            raise no_such_job(job_id)
        return [job.path]

    async def _on_list_units(
        self, manager: UnitManager, _: Request, states: Sequence[str] = (), patterns: Sequence[str] = ()
    ) -> Values:
        def is_wanted(unit: UnitStatus) -> bool:
            named = not patterns or any(fnmatchcase(unit.name, pattern) for pattern in patterns)
            own = {unit.load_state, str(unit.active_state), unit.sub_state}
            return named and (not states or not own.isdisjoint(states))

        return [[_unit_row(unit) for unit in manager.loaded() if is_wanted(unit)]]

    async def _on_list_by_names(self, manager: UnitManager, _: Request, names: Sequence[str]) -> Values:
        found = [name for name in names if is_unit_name(name) and not is_template(name)]
        return [[_unit_row(manager.load(name)) for name in found]]

    async def _on_list_jobs(self, manager: UnitManager, _: Request) -> Values:
        return [[_job_row(job) for job in manager.jobs()]]


def _unit_row(unit: UnitStatus) -> list[Any]:
    job = [unit.job.id, str(unit.job.type), unit.job.path] if unit.job else [0, "", "/"]
    following = ""
    return [
        unit.name,
        unit.description,
        unit.load_state,
        str(unit.active_state),
        unit.sub_state,
        following,
        unit.path,
        *job,
    ]


def _job_row(job: Job) -> list[Any]:
    return [job.id, job.unit, str(job.type), job.state, job.path, unit_path(job.unit)]
