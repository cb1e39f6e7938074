"""What machines use, as PID 1 tells of their units: for hosts whose files are not ours to read."""

from __future__ import annotations

import asyncio

from machined.contract import (
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    UNKNOWN_SIZE,
    escape_label,
)
from machined.wire import CallError, Connection
from machinedeck.bus.errors import asked
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.usage import Counted, Process

_INTERFACES = {"service": f"{SYSTEMD1}.Service", "scope": f"{SYSTEMD1}.Scope"}


PATHS = 100
"""Object paths that are kept whatever machines there are."""


class BusUsage:
    """Asks for the counters and processes of units, on one open connection. Every call raises `Failure`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._paths: dict[str, str] = {}

    def keep(self, names: set[str]) -> None:
        """See `core.usage.UsageSource`: object paths are kept by unit, and few bytes each."""
        if len(self._paths) > 2 * len(names) + PATHS:
            self._paths.clear()

    async def count(self, machine: Machine) -> Counted | None:
        """What the unit of a machine has used; None where nothing can be told."""
        interface = _INTERFACES.get(machine.unit.rpartition(".")[2])
        if interface is None:
            return None
        path = self._paths.get(machine.unit)
        if path is None:
            path = self._paths[machine.unit] = f"{SYSTEMD1_PATH}/unit/{escape_label(machine.unit)}"
        with asked(f"read the counters of {clean(machine.unit)}"):
            cpu, memory, tasks = await asyncio.gather(
                *(
                    self._one(path, interface, name)
                    for name in ("CPUUsageNSec", "MemoryCurrent", "TasksCurrent")
                )
            )
        return Counted(cpu, memory, tasks)

    async def _one(self, path: str, interface: str, name: str) -> int | None:
        try:
            value = await self._connection.get_property(SYSTEMD1, path, interface, name)
        except CallError:
            return None  # not counted by this version, or the unit ended meanwhile
        return value if isinstance(value, int) and value != UNKNOWN_SIZE else None

    async def processes(self, machine: Machine) -> list[Process]:
        """The processes of a machine, as far as PID 1 tells of them."""
        if not machine.unit:
            return []
        with asked(f"list the processes of {clean(machine.name)}"):
            (rows,) = await self._connection.call(
                SYSTEMD1,
                SYSTEMD1_PATH,
                SYSTEMD1_MANAGER_INTERFACE,
                "GetUnitProcesses",
                "s",
                machine.unit,
            )
        return [
            Process(pid, 0, command, None, "", None, None, None, None)
            for _group, pid, command in sorted(rows, key=lambda row: row[1])
        ]
