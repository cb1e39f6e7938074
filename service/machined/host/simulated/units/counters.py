"""What the units of the simulated host use, summed from their processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from machined.host.simulated.estate import Estate
from machined.host.simulated.processes import Process
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_names import ROOT_SLICE, parent_slice
from machined.host.unit_settings import UNLIMITED
from machined.host.unit_status import ControlGroup

SECOND = 1_000_000
"""In microseconds."""
NANOSECONDS = 1000
"""In one microsecond."""


def slices_above(slice_name: str) -> list[str]:
    """A slice and those that it is in, the root last."""
    chain = []
    while slice_name:
        chain.append(slice_name)
        slice_name = parent_slice(slice_name)
    return chain


class Counters:
    """CPU, memory and tasks of units. CPU time is each process's load, summed up over the clock.

    Args:
        estate: Has the processes and the clock.
        unit_of: The loaded unit of this name, or `None`.
    """

    def __init__(self, estate: Estate, unit_of: Callable[[str], SimulatedUnit | None]) -> None:
        self._estate = estate
        self._unit_of = unit_of
        self._counted_to: dict[Process, int] = {}
        self._cpu: defaultdict[str, float] = defaultdict(float)
        self._peaks: defaultdict[str, int] = defaultdict(int)

    def restart(self, unit: str) -> None:
        """Count from nothing again: the unit is started anew."""
        self._cpu.pop(unit, None)
        self._peaks.pop(unit, None)

    def on_process_ended(self, process: Process) -> None:
        """Count what a process used up to its end."""
        self._count([process])
        self._counted_to.pop(process, None)

    def processes(self, unit: SimulatedUnit) -> list[Process]:
        """The processes of a unit, for a slice those of all that is in it; oldest first."""
        table = self._estate.processes
        if unit.type != "slice":
            return table.of_unit(unit.name)
        if unit.name == ROOT_SLICE:
            return list(table.processes.values())
        return [one for one in table.processes.values() if unit.name in self._slices_of(one.unit)]

    def group(self, unit: SimulatedUnit) -> ControlGroup | None:
        """The control group of a unit and what it uses now; `None` for a kind that has none."""
        if unit.type not in {"service", "scope", "slice"}:
            return None
        shape = ControlGroup(
            unit.group,
            unit.slice if unit.name != ROOT_SLICE else "",
            delegate=unit.delegate,
            kill_mode=unit.kill_mode,
            kill_signal=unit.kill_signal,
        )
        processes = self.processes(unit)
        self._count(processes)
        cpu = int(self._cpu[unit.name]) if unit.name in self._cpu else UNLIMITED
        if unit.is_at_rest:
            return shape._replace(cpu=cpu)
        memory = min(sum(process.memory for process in processes), unit.settings.memory_max)
        self._peaks[unit.name] = peak = max(self._peaks[unit.name], memory)
        return shape._replace(memory=memory, memory_peak=peak, cpu=cpu, tasks=len(processes))

    def _slices_of(self, unit_name: str) -> list[str]:
        unit = self._unit_of(unit_name)
        return slices_above(unit.slice) if unit else [ROOT_SLICE]

    def _count(self, processes: list[Process]) -> None:
        now = self._estate.clock.monotonic()
        shares: dict[str, float] = {}
        for process in processes:
            since = self._counted_to.get(process, process.started)
            self._counted_to[process] = now
            if process.unit not in shares:
                shares[process.unit] = self._share(process.unit)
            used = max(now - since, 0) * process.load * shares[process.unit] * NANOSECONDS
            for name in (process.unit, *self._slices_of(process.unit)):
                self._cpu[name] += used

    def _share(self, unit_name: str) -> float:
        """How much of what its processes want a unit's quota lets them have."""
        unit = self._unit_of(unit_name)
        if unit is None or unit.settings.cpu_quota_per_second == UNLIMITED:
            return 1.0
        wanted = sum(process.load for process in self._estate.processes.of_unit(unit_name))
        allowed = unit.settings.cpu_quota_per_second / SECOND
        return min(1.0, allowed / wanted) if wanted else 1.0
