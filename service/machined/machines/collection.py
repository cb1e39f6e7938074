"""Taking machines off whose units have ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from machined.host.errors import Refused
from machined.host.ports import Host
from machined.machines.machine import Machine

logger = logging.getLogger(__name__)


class Collection:
    """Looks whether machines have ended, one look at a time for each.

    Args:
        host: Its units are asked.
        is_listed: Whether a machine is still there.
        remove: Takes a machine off.
    """

    def __init__(
        self, host: Host, is_listed: Callable[[Machine], bool], remove: Callable[[Machine], Awaitable[None]]
    ) -> None:
        self._host = host
        self._is_listed = is_listed
        self._remove = remove
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    async def stop(self) -> None:
        """Look no more."""
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def look(self, machine: Machine) -> None:
        """Take the machine off if its unit has ended; look again if news come while looking."""
        if machine.name in self._looking:
            self._again.add(machine.name)
            return
        task = asyncio.get_running_loop().create_task(self._collect(machine))
        self._looking[machine.name] = task
        task.add_done_callback(lambda _: self._on_looked(machine))

    async def is_alive(self, machine: Machine) -> bool:
        """Whether a machine has a job that is pending, or a unit that is active."""
        units = self._host.units
        if machine.scope_job and await units.is_job_pending(machine.scope_job):
            return True
        return await units.is_active(machine.unit)

    async def _collect(self, machine: Machine) -> None:
        if not self._is_listed(machine):
            return  # taken off since: it must not be written down anew
        try:
            await self._host.states.save(machine.record())
            if not await self.is_alive(machine):
                await self._remove(machine)
        except (Refused, OSError) as error:
            # Trouble with the service manager: the machine stays until it can be asked
            logger.warning("cannot tell whether %s has ended: %s", machine.name, error)

    def _on_looked(self, machine: Machine) -> None:
        del self._looking[machine.name]
        if machine.name in self._again:
            self._again.discard(machine.name)
            if self._is_listed(machine):
                self.look(machine)
