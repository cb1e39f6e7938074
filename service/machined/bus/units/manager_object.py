"""The manager's object: `org.freedesktop.systemd1.Manager`."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Interface, Member, Method, Signal
from machined.bus.units.actions import MANAGE_UNIT_FILES, MANAGE_UNITS, RELOAD, UnitActions, Values
from machined.bus.units.clients import Clients
from machined.bus.units.look_ups import LookUps
from machined.bus.units.manager_properties import MANAGER_PROPERTIES
from machined.contract import SYSTEMD1_MANAGER_INTERFACE
from machined.host.unit_manager import UnitManager
from machined.host.unit_names import no_such_job
from machined.host.unit_status import FileChange, JobType

DEFAULT_TARGET = "multi-user.target"
_JOBS = {
    "StartUnit": JobType.START,
    "StopUnit": JobType.STOP,
    "ReloadUnit": JobType.RELOAD,
    "RestartUnit": JobType.RESTART,
    "TryRestartUnit": JobType.TRY_RESTART,
    "ReloadOrRestartUnit": JobType.RELOAD_OR_RESTART,
}
_SIGNALS = [
    Signal("UnitNew", "s id, o unit"),
    Signal("UnitRemoved", "s id, o unit"),
    Signal("JobNew", "u id, o job, s unit"),
    Signal("JobRemoved", "u id, o job, s unit, s result"),
    Signal("UnitFilesChanged"),
    Signal("Reloading", "b active"),
]


class ManagerObject:
    """Answers the members of the manager.

    Attributes:
        interface: The table.
    """

    def __init__(self, actions: UnitActions, clients: Clients) -> None:
        self._actions = actions
        self._clients = clients
        members: list[Member] = [*MANAGER_PROPERTIES, *LookUps(actions).methods()]
        members += [*self._about_units(), *self._about_files(), *_SIGNALS]
        self.interface = Interface(SYSTEMD1_MANAGER_INTERFACE, members)

    def _about_units(self) -> list[Method]:
        transient = "s name, s mode, a(sv) properties, a(sa(sv)) aux"
        return [
            *(
                Method(name, "s name, s mode", "o job", partial(self._on_job, type=type))
                for name, type in _JOBS.items()
            ),
            Method("KillUnit", "s name, s whom, i signal", "", self._on_kill),
            Method("ResetFailedUnit", "s name", "", self._on_reset_failed_unit),
            Method("SetUnitProperties", "s name, b runtime, a(sv) properties", "", self._on_set_properties),
            Method("RefUnit", "s name", "", self._on_ref),
            Method("UnrefUnit", "s name", "", self._on_unref),
            Method("StartTransientUnit", transient, "o job", self._on_start_transient),
            Method("CancelJob", "u id", "", self._on_cancel_job),
            Method("ResetFailed", "", "", self._on_reset_failed),
            Method("Subscribe", "", "", self._on_subscribe),
            Method("Unsubscribe", "", "", self._on_unsubscribe),
            Method("Reload", "", "", self._on_reload),
        ]

    def _about_files(self) -> list[Method]:
        named, forced = "as files, b runtime", "as files, b runtime, b force"
        changes = "a(sss) changes"
        enabled = f"b carries_install_info, {changes}"
        return [
            Method("ListUnitFiles", "", "a(ss) unit_files", self._on_list_files),
            Method(
                "ListUnitFilesByPatterns",
                "as states, as patterns",
                "a(ss) unit_files",
                self._on_list_files,
            ),
            Method("GetUnitFileState", "s file", "s state", self._on_get_file_state),
            Method("EnableUnitFiles", forced, enabled, self._on_enable),
            Method("DisableUnitFiles", named, changes, self._on_disable),
            Method("MaskUnitFiles", forced, changes, self._on_mask),
            Method("UnmaskUnitFiles", named, changes, self._on_unmask),
            Method("GetDefaultTarget", "", "s name", self._on_get_default_target),
        ]

    # Units.

    async def _on_job(
        self, _: UnitManager, request: Request, name: str, mode: str, *, type: JobType
    ) -> Values:
        return await self._actions.queue(request, name, type, mode)

    async def _on_kill(self, _: UnitManager, request: Request, name: str, whom: str, signal: int) -> None:
        await self._actions.kill(request, await self._actions.named(request, name), whom, signal)

    async def _on_reset_failed_unit(self, _: UnitManager, request: Request, name: str) -> None:
        await self._actions.reset_failed(request, await self._actions.named(request, name))

    async def _on_set_properties(
        self,
        _: UnitManager,
        request: Request,
        name: str,
        is_runtime: bool,
        properties: Sequence[Sequence[Any]],
    ) -> None:
        name = await self._actions.named(request, name)
        await self._actions.set_properties(request, name, is_runtime, properties)

    async def _on_ref(self, _: UnitManager, request: Request, name: str) -> None:
        await self._actions.reference(request, await self._actions.named(request, name))

    async def _on_unref(self, _: UnitManager, request: Request, name: str) -> None:
        await self._actions.release(request, await self._actions.named(request, name))

    async def _on_start_transient(
        self,
        _: UnitManager,
        request: Request,
        name: str,
        mode: str,
        properties: Sequence[Sequence[Any]],
        auxiliary: Sequence[Any],
    ) -> Values:
        return await self._actions.start_transient(request, name, mode, properties)

    async def _on_cancel_job(self, manager: UnitManager, request: Request, job_id: int) -> None:
        job = next((one for one in manager.jobs() if one.id == job_id), None)
        if job is None:
            raise no_such_job(job_id)
        await self._actions.permit(request, job.unit, "cancel")
        await manager.cancel_job(job_id)

    async def _on_reset_failed(self, manager: UnitManager, request: Request) -> None:
        await request.permit(MANAGE_UNITS, {})
        await manager.reset_failed()

    # Listening.

    async def _on_subscribe(self, _: UnitManager, request: Request) -> None:
        await self._clients.subscribe(request.call.sender)

    async def _on_unsubscribe(self, _: UnitManager, request: Request) -> None:
        self._clients.unsubscribe(request.call.sender)

    async def _on_reload(self, manager: UnitManager, request: Request) -> None:
        await request.permit(RELOAD, {})
        await manager.reload()

    # Unit files.

    async def _on_list_files(
        self, manager: UnitManager, _: Request, states: Sequence[str] = (), patterns: Sequence[str] = ()
    ) -> Values:
        def is_wanted(path: str, state: str) -> bool:
            name = path.rpartition("/")[2]
            named = not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
            return named and (not states or state in states)

        return [[[path, state] for path, state in manager.unit_files() if is_wanted(path, state)]]

    async def _on_get_file_state(self, manager: UnitManager, _: Request, name: str) -> Values:
        return [manager.file_state(name)]

    async def _on_enable(
        self, manager: UnitManager, request: Request, names: list[str], is_runtime: bool, forces: bool
    ) -> Values:
        await request.permit(MANAGE_UNIT_FILES, {})
        has_install, changes = await manager.enable_files(names, is_runtime, forces)
        return [has_install, _rows(changes)]

    async def _on_disable(
        self, manager: UnitManager, request: Request, names: list[str], is_runtime: bool
    ) -> Values:
        await request.permit(MANAGE_UNIT_FILES, {})
        return [_rows(await manager.disable_files(names, is_runtime))]

    async def _on_mask(
        self, manager: UnitManager, request: Request, names: list[str], is_runtime: bool, forces: bool
    ) -> Values:
        await request.permit(MANAGE_UNIT_FILES, {})
        return [_rows(await manager.mask_files(names, is_runtime))]

    async def _on_unmask(
        self, manager: UnitManager, request: Request, names: list[str], is_runtime: bool
    ) -> Values:
        await request.permit(MANAGE_UNIT_FILES, {})
        return [_rows(await manager.unmask_files(names, is_runtime))]

    async def _on_get_default_target(self, _manager: UnitManager, _: Request) -> Values:
        return [DEFAULT_TARGET]


def _rows(changes: list[FileChange]) -> list[list[str]]:
    return [list(change) for change in changes]
