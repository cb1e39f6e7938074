"""The objects of units: `org.freedesktop.systemd1.Unit` and what their types add."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Interface, Member, Method
from machined.bus.units.actions import UnitActions, Values
from machined.bus.units.type_properties import (
    GROUP_PROPERTIES,
    KILL_PROPERTIES,
    SCOPE_PROPERTIES,
    SERVICE_PROPERTIES,
    SETTING_PROPERTIES,
)
from machined.bus.units.unit_properties import UNIT_PROPERTIES
from machined.contract import SYSTEMD1, SYSTEMD1_UNIT_INTERFACE, ErrorName, escape_label, unescape_label
from machined.host.errors import Refused
from machined.host.unit_names import is_unit_name, unit_type
from machined.host.unit_status import JobType, UnitStatus

INVOCATION_DIGITS = 32
_JOBS = {
    "Start": JobType.START,
    "Stop": JobType.STOP,
    "Reload": JobType.RELOAD,
    "Restart": JobType.RESTART,
    "TryRestart": JobType.TRY_RESTART,
    "ReloadOrRestart": JobType.RELOAD_OR_RESTART,
}


class UnitObjects:
    """Answers the members of units. A path of any unit will do, also of one that is not loaded.

    Attributes:
        unit: The table of what all units have.
        types: The tables of what types of units have besides, by type.
    """

    def __init__(self, actions: UnitActions) -> None:
        self._actions = actions
        self._manager = actions.manager
        self.unit = Interface(SYSTEMD1_UNIT_INTERFACE, [*UNIT_PROPERTIES, *self._methods()])
        processes = Method("GetProcesses", "", "a(sus) processes", self._on_get_processes)
        limits: list[Member] = [*GROUP_PROPERTIES, processes, *SETTING_PROPERTIES]
        self.types = {
            "service": _typed("Service", [*SERVICE_PROPERTIES, *limits, *KILL_PROPERTIES]),
            "scope": _typed("Scope", [*SCOPE_PROPERTIES, *limits, *KILL_PROPERTIES]),
            "slice": _typed("Slice", limits),
            "target": _typed("Target", []),
        }

    def interfaces(self, unit: UnitStatus) -> Sequence[Interface]:
        """What a unit offers: what is of its type comes first."""
        of_type = self.types.get(unit_type(unit.name))
        return (of_type, self.unit) if of_type else (self.unit,)

    async def find(self, label: str, _request: Request) -> UnitStatus:
        """The unit of a path's last element: its name, or an invocation id.

        Raises:
            Refused: InvalidArgs for what is neither.
        """
        try:
            name = unescape_label(label)
        except UnicodeDecodeError:
            name = label
        if len(name) == INVOCATION_DIGITS and (found := self._of_invocation(name)):
            name = found
        if not is_unit_name(name):
            raise Refused(
                ErrorName.INVALID_ARGS, f"Unit name {name} is neither a valid invocation ID nor unit name."
            )
        return self._manager.load(name)

    def _of_invocation(self, digits: str) -> str:
        try:
            return self._manager.unit_of_invocation(bytes.fromhex(digits))
        except ValueError:
            return ""

    async def enumerate(self) -> Sequence[str]:
        """The labels of all loaded units."""
        return [escape_label(unit.name) for unit in self._manager.loaded()]

    def _methods(self) -> list[Method]:
        return [
            *(
                Method(name, "s mode", "o job", partial(self._on_job, type=type))
                for name, type in _JOBS.items()
            ),
            Method("Kill", "s whom, i signal", "", self._on_kill),
            Method("ResetFailed", "", "", self._on_reset_failed),
            Method("SetProperties", "b runtime, a(sv) properties", "", self._on_set_properties),
            Method("Ref", "", "", self._on_ref),
            Method("Unref", "", "", self._on_unref),
        ]

    async def _on_job(self, unit: UnitStatus, request: Request, mode: str, *, type: JobType) -> Values:
        return await self._actions.queue(request, unit.name, type, mode)

    async def _on_kill(self, unit: UnitStatus, request: Request, whom: str, signal: int) -> None:
        await self._actions.kill(request, unit.name, whom, signal)

    async def _on_reset_failed(self, unit: UnitStatus, request: Request) -> None:
        await self._actions.reset_failed(request, unit.name)

    async def _on_set_properties(
        self, unit: UnitStatus, request: Request, is_runtime: bool, properties: Sequence[Sequence[Any]]
    ) -> None:
        await self._actions.set_properties(request, unit.name, is_runtime, properties)

    async def _on_ref(self, unit: UnitStatus, request: Request) -> None:
        await self._actions.reference(request, unit.name)

    async def _on_unref(self, unit: UnitStatus, request: Request) -> None:
        await self._actions.release(request, unit.name)

    async def _on_get_processes(self, unit: UnitStatus, _request: Request) -> Values:
        return [[list(process) for process in self._actions.processes(unit.name)]]


def _typed(name: str, members: Sequence[Member]) -> Interface:
    return Interface(f"{SYSTEMD1}.{name}", members)
