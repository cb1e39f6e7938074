"""Taking machines off whose units have ended."""

from __future__ import annotations

import asyncio
import logging

from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.units import Units
from machined.machines.ending import Ending
from machined.machines.index import Index
from machined.machines.machine import Machine
from machined.machines.scopes import scope_name

logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds after which the service manager is asked again, where it could not tell."""


class Collection:
    """Looks whether machines have ended, one look at a time for each.

    Args:
        units: Are asked.
        index: Who is listed.
        ending: Ends those that have.
        improvements: Whether only units that were made for machines are stopped once more.
    """

    def __init__(self, units: Units, index: Index, ending: Ending, improvements: Improvements = ALL) -> None:
        self._improvements = improvements
        self._units = units
        self._index = index
        self._ending = ending
        self._looking: dict[Machine, asyncio.Task[None]] = {}
        self._again: set[Machine] = set()
        self._later: dict[Machine, asyncio.TimerHandle] = {}

    async def stop(self) -> None:
        """Look no more."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def look(self, machine: Machine) -> None:
        """Take the machine off if its unit has ended; look again if news come while looking."""
        if machine in self._looking:
            self._again.add(machine)
            return
        task = asyncio.get_running_loop().create_task(self._collect(machine))
        self._looking[machine] = task
        task.add_done_callback(lambda task: self._on_looked(machine, task))

    async def is_alive(self, machine: Machine) -> bool:
        """Whether a machine has a job that is pending, or a unit that is active.

        Raises:
            Refused: The service manager does not tell.
        """
        if machine.scope_job and await self._units.is_job_pending(machine.scope_job):
            return True
        return bool(machine.unit) and await self._units.is_active(machine.unit)

    async def end(self, machine: Machine) -> bool:
        """Stop what may be left of a machine that is not alive; whether that is over now.

        A unit that was not made for it is left alone: whoever it belongs to may be starting it anew just now.

        Raises:
            Refused: The service manager does not tell.
        """
        is_spared = self._improvements.stops_scopes_alone and machine.unit != scope_name(machine.name)
        if not machine.is_closing and not is_spared:
            try:
                await self._ending.stop(machine)
            except (Refused, OSError) as error:
                logger.info("the unit of %s could not be stopped once more: %s", machine.name, error)
        return not await self.is_alive(machine)

    async def _collect(self, machine: Machine) -> None:
        if not self._index.has(machine):
            return
        try:
            if not await self.is_alive(machine) and await self.end(machine):
                await self._ending.remove(machine)
        except (Refused, OSError) as error:
            # Trouble with the service manager: the machine stays until it can be asked
            logger.warning("cannot tell whether %s has ended: %s", machine.name, error)
            self._look_later(machine)

    def _look_later(self, machine: Machine) -> None:
        if machine not in self._later:
            loop = asyncio.get_running_loop()
            self._later[machine] = loop.call_later(PATIENCE, self._on_time, machine)

    def _on_time(self, machine: Machine) -> None:
        del self._later[machine]
        self.look(machine)

    def _on_looked(self, machine: Machine, task: asyncio.Task[None]) -> None:
        del self._looking[machine]
        if machine in self._again:
            self._again.discard(machine)
            if self._index.has(machine) and not task.cancelled():
                self.look(machine)
