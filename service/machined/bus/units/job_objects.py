"""The objects of jobs: `org.freedesktop.systemd1.Job`."""

from __future__ import annotations

from collections.abc import Sequence

from machined.bus.senders import Request
from machined.bus.table import Interface, Method, Property
from machined.bus.units.actions import UnitActions
from machined.contract import SYSTEMD1
from machined.host.unit_status import Job, unit_path


class JobObjects:
    """Answers the members of jobs.

    Attributes:
        interface: The table.
    """

    def __init__(self, actions: UnitActions) -> None:
        self._actions = actions
        self._manager = actions.manager
        self.interface = Interface(
            f"{SYSTEMD1}.Job",
            [
                Method("Cancel", "", "", self._on_cancel),
                Property("Id", "u", lambda job: job.id, "const"),
                Property("Unit", "(so)", lambda job: [job.unit, unit_path(job.unit)], "const"),
                Property("JobType", "s", lambda job: str(job.type), "const"),
                Property("State", "s", lambda job: job.state, "true"),
            ],
        )

    async def find(self, label: str, _request: Request) -> Job | None:
        """The job of a path's last element, its number; None if there is none."""
        return next((job for job in self._manager.jobs() if str(job.id) == label), None)

    async def enumerate(self) -> Sequence[str]:
        """The numbers of all jobs."""
        return [str(job.id) for job in self._manager.jobs()]

    async def _on_cancel(self, job: Job, request: Request) -> None:
        await self._actions.permit(request, job.unit, "cancel")
        await self._manager.cancel_job(job.id)
