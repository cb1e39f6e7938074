"""Ending machines: stopping their units, and taking them off."""

from __future__ import annotations

import logging
from collections.abc import Callable

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.ports import Host
from machined.host.units import Units
from machined.machines.index import Index
from machined.machines.jobs import ScopeJobs
from machined.machines.machine import Machine

logger = logging.getLogger(__name__)

STOPPED = "58432bd3bace477cb514b56381b8a758"
"""What the journal knows the end of a machine by (SD_MESSAGE_MACHINE_STOP in sd-messages.h)."""
_GONE = {ErrorName.NO_SUCH_UNIT, ErrorName.LOAD_FAILED}


class Ending:
    """Ends machines.

    Args:
        host: What is below.
        index: Who is listed.
        jobs: Who waits for the start of a scope.
        on_removed: Told of each machine that was taken off.
    """

    def __init__(
        self, host: Host, index: Index, jobs: ScopeJobs, on_removed: Callable[[Machine], None]
    ) -> None:
        self._host = host
        self._index = index
        self._jobs = jobs
        self._on_removed = on_removed

    async def stop(self, machine: Machine) -> None:
        """Stop a machine's unit; returns once that is on its way. A unit that is gone is stopped.

        Raises:
            Refused: What the service manager says.
        """
        try:
            machine.scope_job = await self._host.units.stop_unit(machine.unit, "fail")
        except Refused as refused:
            if refused.name not in _GONE:
                raise
            machine.scope_job = ""
        machine.is_closing = True
        if self._index.has(machine):  # else it was taken off meanwhile, and must not be written down anew
            await self._host.states.save(machine.record())

    async def remove(self, machine: Machine) -> None:
        """Take a machine off, without ending what runs in it; the host's own entry stays."""
        if machine.is_host or not self._index.has(machine):
            return
        machine.is_closing = True
        self._index.remove(machine)
        self._jobs.fail(machine.start_job, f"Machine '{machine.name}' ended before its scope had started")
        if machine.process is not None:
            machine.process.release()
        await self._host.states.remove(machine.name)
        fields = {"MESSAGE_ID": STOPPED, "NAME": machine.name, "LEADER": str(machine.leader)}
        logger.info("Machine %s terminated.", machine.name, extra={"fields": fields})
        self._on_removed(machine)
        if machine.is_referenced:
            await give_up_reference(self._host.units, machine.unit)


async def give_up_reference(units: Units, unit: str) -> None:
    """Let the service manager forget a scope that we made, once it has ended."""
    try:
        await units.unref_unit(unit)
    except (Refused, OSError) as error:
        logger.debug("the reference to %s could not be given up: %s", unit, error)
