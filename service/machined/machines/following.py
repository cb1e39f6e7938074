"""Following the units of machines."""

from __future__ import annotations

import asyncio
from typing import Any

from machined.host.states import States
from machined.machines.collection import Collection
from machined.machines.index import Index
from machined.machines.jobs import ScopeJobs
from machined.machines.machine import Machine

_ENDED = {"inactive", "failed"}


class Following:
    """Looks after a machine when its unit, or a job of it, gives reason to: a `UnitListener`.

    Args:
        index: Who is listed.
        jobs: Who waits for the start of a scope.
        collection: Looks whether a machine has ended.
        states: Where a job that has ended is crossed out.
    """

    def __init__(self, index: Index, jobs: ScopeJobs, collection: Collection, states: States) -> None:
        self._index = index
        self._jobs = jobs
        self._collection = collection
        self._states = states
        self._saving: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Wait for what is being written down."""
        await asyncio.gather(*self._saving)

    def on_job_new(self, job_id: int, job: str, unit: str) -> None:
        """Nothing: a job of our own is known by the call that made it."""

    def on_job_removed(self, job_id: int, job: str, unit: str, result: str) -> None:
        """A scope has started, or a unit was stopped."""
        machine = self._index.of_unit(unit)
        if machine is not None and machine.scope_job == job:
            machine.scope_job = ""
            self.save(machine)
        self._jobs.ended(job, unit, result)
        if machine is not None:
            self._collection.look(machine)

    def on_unit_new(self, unit: str) -> None:
        """Nothing: a unit that comes takes no machine away."""

    def on_unit_removed(self, unit: str) -> None:
        """The unit of a machine may be gone."""
        self.on_unit_changed(unit, "", {})

    def on_unit_changed(self, unit: str, interface: str, changed: dict[str, Any]) -> None:
        """The unit of a machine may have ended, unless the news say that it is active."""
        machine = self._index.of_unit(unit)
        if machine is None:
            return
        state = changed.get("ActiveState")
        if state is None or state.value in _ENDED:
            self._collection.look(machine)

    def on_reloading(self, is_active: bool) -> None:
        """Units may have changed, or gone, without a word while they were read anew."""
        if not is_active:
            for machine in self._index.all():
                if not machine.is_host:
                    self._collection.look(machine)

    def save(self, machine: Machine) -> None:
        """Write a machine down, if it is listed by then."""
        task = asyncio.get_running_loop().create_task(self.save_now(machine))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def save_now(self, machine: Machine) -> None:
        """Write a machine down, if it is listed; returns once that is done."""
        if self._index.has(machine):
            await self._states.save(machine.record())
