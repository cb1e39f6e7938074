"""What callers want done to units, and whether they may (org.freedesktop.systemd1(5), "Security").

The order of checks is that of systemd: names and modes, then the permission, then the state of the unit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from machined.bus.senders import Request
from machined.bus.units.clients import Clients
from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused
from machined.host.unit_manager import UnitManager
from machined.host.unit_names import (
    masked,
    not_found,
    not_loaded,
    require_mode,
    require_target,
    require_unit_name,
)
from machined.host.unit_status import Job, JobType, UnitProcess
from machined.wire import Variant

MANAGE_UNITS = f"{SYSTEMD1}.manage-units"
MANAGE_UNIT_FILES = f"{SYSTEMD1}.manage-unit-files"
RELOAD = f"{SYSTEMD1}.reload-daemon"

Values = Sequence[Any]


class UnitActions:
    """What is done to units by their names, for the manager's object and for their own.

    Args:
        manager: Does it.
        clients: Remember who asked for which job.
    """

    def __init__(self, manager: UnitManager, clients: Clients) -> None:
        self.manager = manager
        self._clients = clients

    async def permit(self, request: Request, unit: str, verb: str) -> None:
        """Return if the caller may do something to a unit. Refused otherwise."""
        await request.permit(MANAGE_UNITS, {"unit": unit, "verb": verb})

    async def named(self, request: Request, name: str) -> str:
        """The unit that is meant: without a name that of the caller.

        Raises:
            Refused: NoSuchUnit, the caller is in none.
        """
        if name:
            return name
        try:
            return self.manager.unit_of(await request.pid())
        except Refused:
            raise Refused(ErrorName.NO_SUCH_UNIT, "Client not member of any unit.") from None

    def require_loaded(self, name: str) -> None:
        """Return if a unit is loaded. Refused with NoSuchUnit otherwise."""
        if self.manager.find(name) is None:
            raise not_loaded(name)

    async def queue(self, request: Request, name: str, type: JobType, mode: str) -> Values:
        """Queue a job; its path."""
        require_unit_name(name)
        require_mode(mode)
        await self.permit(request, name, type.value)
        return await self._job(request, self.manager.enqueue(name, type, mode))

    async def start_transient(
        self, request: Request, name: str, mode: str, properties: Sequence[Sequence[Any]]
    ) -> Values:
        """Make a transient unit and queue its start; the path of the job."""
        await self.permit(request, name, "start")
        made = self.manager.start_transient(name, mode, pairs(properties), request.call.sender)
        return await self._job(request, made)

    async def _job(self, request: Request, queued: Awaitable[Job]) -> Values:
        with self._clients.asking(request.call.sender):
            job = await queued
            self._clients.note_job(job.path)  # one that was queued before is the caller's now, too
        return [job.path]

    async def kill(self, request: Request, name: str, whom: str, signal: int) -> None:
        """Send a signal to processes of a unit that is loaded."""
        self.require_loaded(name)
        require_target(whom, signal)
        await self.permit(request, name, "kill")
        await self.manager.kill_unit(name, whom, signal)

    async def reset_failed(self, request: Request, name: str) -> None:
        """Forget that a unit has failed."""
        self.require_loaded(name)
        await self.permit(request, name, "reset-failed")
        await self.manager.reset_failed(name)

    async def set_properties(
        self, request: Request, name: str, is_runtime: bool, properties: Sequence[Sequence[Any]]
    ) -> None:
        """Change limits of a unit."""
        status = self.manager.load(name)
        if status.load_state == "not-found":
            raise not_found(name)
        if status.load_state == "masked":
            raise masked(name)
        await self.permit(request, name, "set-property")
        await self.manager.set_properties(name, is_runtime, pairs(properties))

    async def reference(self, request: Request, name: str) -> None:
        """Keep a unit loaded for the caller."""
        await self.permit(request, name, "ref")
        await self.manager.ref_unit(name, request.call.sender)

    async def release(self, request: Request, name: str) -> None:
        """Give up a reference of the caller."""
        await self.manager.release_unit(name, request.call.sender)

    def processes(self, name: str) -> list[UnitProcess]:
        """The processes of a unit that is loaded."""
        return self.manager.processes(name)


def pairs(properties: Sequence[Sequence[Any]]) -> list[tuple[str, Variant]]:
    """What comes as `a(sv)`, as names and values."""
    return [(name, value) for name, value in properties]
