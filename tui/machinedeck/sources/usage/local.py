"""The usage of machines of this very host."""

from __future__ import annotations

import contextlib
from pathlib import Path

from machined.contract import HOST_MACHINE
from machinedeck.apart import Apart
from machinedeck.model.machine import Machine
from machinedeck.model.usage import Counted, Process
from machinedeck.sources.mountinfo import read_kernel_text
from machinedeck.sources.usage.counters import Counters, summed
from machinedeck.sources.usage.groups import find_trees, folders_of, pids_below
from machinedeck.sources.usage.processes import read_processes
from machinedeck.sources.usage.whole_host import count_host

KEPT = 100
"""Machines whose files stay open. Three each; a process may have 1024 open in all (getrlimit(2))."""

PATIENCE_SECONDS = 2.0
"""How long a machine's processes are waited for: there may be thousands, one of them stuck."""


class LocalUsage:
    """Reads what machines use. Files stay open between looks: to open them anew takes most of the time."""

    def __init__(self) -> None:
        self._trees = find_trees(read_kernel_text(Path("/proc/self/mountinfo")))
        self._kept: dict[str, tuple[tuple[str, int, int], Counters]] = {}
        self._looks: dict[tuple[str, str], Apart] = {}

    async def count(self, machine: Machine) -> Counted | None:
        """What the unit of a machine, or all of the host, has used; None where nothing can be told."""
        return _whole_host() if machine.name == HOST_MACHINE else await self._count(machine)

    async def _count(self, machine: Machine) -> Counted | None:
        if not machine.unit or machine.leader <= 0:
            return None
        try:
            counters = self._counters(machine)
            try:
                counted = counters.read()
            finally:
                self._let_go(machine, counters)
        except OSError:
            self.forget(machine.name)  # it ended; a new run of it is found anew
            return None
        except ValueError:
            return None  # what the kernel wrote is no number: not counted
        if counters.processes_folder is None or None not in counted[:3]:
            return counted
        try:
            return await self._apart(machine, "sums").look(summed, counted, counters.processes_folder)
        except (TimeoutError, BlockingIOError):
            return counted

    async def processes(self, machine: Machine) -> list[Process]:
        """The processes of a machine; none where they cannot be told."""
        if not machine.unit or machine.leader <= 0:
            return []
        try:
            counters = self._counters(machine)
            folder = counters.processes_folder
            self._let_go(machine, counters)
        except OSError:
            return []
        if folder is None:
            return []
        # One may be stuck in the kernel with its memory held: then they are shown by their short names
        for what, has_commands in (("commands", True), ("names", False)):
            with contextlib.suppress(TimeoutError):
                return await self._apart(machine, what).look(_processes, folder, has_commands=has_commands)
        return []

    def _apart(self, machine: Machine, what: str) -> Apart:
        """What looks at a machine's processes, one look after the other for each purpose."""
        return self._looks.setdefault((machine.name, what), Apart(PATIENCE_SECONDS))

    def _counters(self, machine: Machine) -> Counters:
        run = machine.unit, machine.leader, machine.timestamp_monotonic
        known = self._kept.get(machine.name)
        if known is not None and known[0] == run:
            return known[1]
        self.forget(machine.name)
        memberships = read_kernel_text(Path(f"/proc/{machine.leader}/cgroup"))
        counters = Counters(folders_of(machine.unit, memberships, self._trees))
        if len(self._kept) < KEPT:
            self._kept[machine.name] = run, counters
        return counters

    def _let_go(self, machine: Machine, counters: Counters) -> None:
        if machine.name not in self._kept:
            counters.close()

    def forget(self, name: str) -> None:
        """Close the files of a machine."""
        if known := self._kept.pop(name, None):
            known[1].close()

    def keep(self, names: set[str]) -> None:
        """Forget all machines but these."""
        # A look that is out is remembered: else each new one would leave another thread behind
        self._looks = {key: look for key, look in self._looks.items() if key[0] in names or look.is_out}
        for name in self._kept.keys() - names:
            self.forget(name)

    def close(self) -> None:
        """Forget all."""
        self.keep(set())


def _processes(folder: Path, *, has_commands: bool) -> list[Process]:
    return read_processes(sorted(set(pids_below(folder))), has_commands=has_commands)


def _whole_host() -> Counted | None:
    try:
        return count_host()
    except (OSError, ValueError, IndexError):
        return None  # not to be read here: not counted
