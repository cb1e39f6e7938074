"""Jobs: what is to be done to units, one at a time for each (systemctl(1), `--job-mode=`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from machined.contract import SYSTEMD1
from machined.host.errors import Refused
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_names import no_such_job
from machined.host.unit_status import ActiveState, Job, JobType

DISPATCH_SECONDS = 0.03
"""How long a job waits before it is at work; about what a real host took."""

_STARTS = frozenset({JobType.START, JobType.RESTART})


@dataclass(slots=True, eq=False)
class _Entry:
    unit: SimulatedUnit
    task: asyncio.Task[None] | None = None
    is_irreversible: bool = False


class JobQueue:
    """The jobs of all units; a unit has one at most."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._entries: dict[int, _Entry] = {}
        self.last_id = 0
        self.failed = 0
        """Jobs that failed so far."""

    def all(self) -> list[Job]:
        """The jobs that are not done."""
        return [entry.unit.job for entry in self._entries.values() if entry.unit.job]

    def is_pending(self, path: str) -> bool:
        """Whether a job is not done; by its object path."""
        return any(job.path == path for job in self.all())

    def enqueue(self, unit: SimulatedUnit, type: JobType, mode: str, *, is_new: bool = False) -> Job:
        """Queue a job, or change the one that the unit has.

        Args:
            unit: Whose.
            type: What it does.
            mode: What becomes of another job in its way.
            is_new: Whether the unit was loaded for it: that was told already, and shows the job.

        Raises:
            Refused: TransactionIsDestructive, the unit has another one that may not be replaced.
        """
        if unit.job:
            if job := self._merge(unit, unit.job, type):
                return job
            if mode == "fail" or self._entries[unit.job.id].is_irreversible:
                raise Refused(
                    f"{SYSTEMD1}.TransactionIsDestructive",
                    f"Transaction for {unit.name}/{type} is destructive ({unit.name} has '{unit.job.type}' "
                    f"job queued, but '{type}' is included in transaction).",
                )
            self._remove(unit.job, "canceled")
        return self._add(unit, type, mode, is_new)

    def cancel(self, job_id: int) -> None:
        """Give up a job. Refused with NoSuchJob."""
        entry = self._entries.get(job_id)
        if entry is None or entry.unit.job is None:
            raise no_such_job(job_id)
        self._finish(entry.unit.job, "canceled")

    def _merge(self, unit: SimulatedUnit, job: Job, type: JobType) -> Job | None:
        """The job that does both, or None: starting and stopping do not go together."""
        if type == job.type or (job.type is JobType.RESTART and type in _STARTS):
            return job
        if job.type is JobType.START and type is JobType.RESTART:
            unit.job = job._replace(type=type, state="waiting")
            self._work(unit.job)
            return unit.job
        return None

    def _add(self, unit: SimulatedUnit, type: JobType, mode: str, is_new: bool) -> Job:
        self.last_id += 1
        job = unit.job = Job(self.last_id, unit.name, type, "waiting")
        self._entries[job.id] = _Entry(unit, is_irreversible=mode == "replace-irreversibly")
        if not is_new:
            self._roster.tell(unit)
        for listener in list(self._roster.listeners):
            listener.on_job_new(job.id, job.path, unit.name)
        self._work(job)
        return job

    def _work(self, job: Job) -> None:
        entry = self._entries[job.id]
        if entry.task:
            entry.task.cancel()
        entry.task = self._roster.estate.run(self._run(job, entry.unit))

    async def _run(self, job: Job, unit: SimulatedUnit) -> None:
        await self._roster.estate.clock.sleep(DISPATCH_SECONDS)
        running = unit.job = job._replace(state="running")
        self._finish(running, await self._perform(unit, job.type))

    async def _perform(self, unit: SimulatedUnit, type: JobType) -> str:
        if type is JobType.TRY_RESTART and unit.is_at_rest:
            return "done"
        # A unit that is to be restarted by itself has stopped already; whoever stops it wants it down
        is_down = type is JobType.START or (type is not JobType.STOP and unit.sub == "auto-restart-queued")
        if not is_down:
            await self._stop(unit)
        return "done" if type is JobType.STOP else await self._start(unit)

    async def _stop(self, unit: SimulatedUnit) -> None:
        unit.is_stopping = True
        if not unit.is_at_rest and unit.active is not ActiveState.DEACTIVATING:
            unit.behaviour.stop(unit)
        await unit.until(lambda: unit.is_at_rest)

    async def _start(self, unit: SimulatedUnit) -> str:
        await unit.until(lambda: unit.active is not ActiveState.DEACTIVATING)
        if unit.is_at_rest or unit.sub == "auto-restart-queued":
            unit.behaviour.start(unit)
        await unit.until(lambda: unit.is_at_rest or unit.active is ActiveState.ACTIVE)
        return "done" if unit.active is ActiveState.ACTIVE else "failed"

    def _finish(self, job: Job, result: str) -> None:
        unit = self._remove(job, result)
        self._roster.tell(unit)
        self._roster.collect(unit)

    def _remove(self, job: Job, result: str) -> SimulatedUnit:
        entry = self._entries.pop(job.id)
        entry.unit.job = None
        if entry.task and entry.task is not asyncio.current_task():
            entry.task.cancel()
        self.failed += result in {"failed", "timeout", "dependency"}
        for listener in list(self._roster.listeners):
            listener.on_job_removed(job.id, job.path, entry.unit.name, result)
        return entry.unit
