"""The usage of machines of this very host."""

from __future__ import annotations

from pathlib import Path

from machinedeck.apart import Apart
from machinedeck.model.machine import Machine
from machinedeck.model.usage import Counted, Process
from machinedeck.sources.usage.counters import Counters
from machinedeck.sources.usage.groups import find_trees, folders_of, pids_below
from machinedeck.sources.usage.processes import read_processes

KEPT = 100
"""Machines whose files stay open. Three each; a process may have 1024 open in all (getrlimit(2))."""

PATIENCE_SECONDS = 2.0
"""How long the command lines of a machine's processes are waited for."""


class LocalUsage:
    """Reads what machines use. Files stay open between looks: to open them anew takes most of the time."""

    def __init__(self) -> None:
        self._trees = find_trees(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
        self._kept: dict[str, tuple[tuple[str, int, int], Counters]] = {}
        self._looks: dict[str, Apart] = {}

    async def count(self, machine: Machine) -> Counted | None:
        """What the unit of a machine has used; None where nothing can be told."""
        if not machine.unit or machine.leader <= 0:
            return None
        try:
            counters = self._counters(machine)
            try:
                return counters.read()
            finally:
                self._let_go(machine, counters)
        except OSError:
            self.forget(machine.name)  # it ended; a new run of it is found anew
            return None
        except ValueError:
            return None  # what the kernel wrote is no number: not counted

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
        pids = sorted(set(pids_below(folder)))
        look = self._looks.setdefault(machine.name, Apart(PATIENCE_SECONDS))
        try:
            return await look.look(read_processes, pids)
        except TimeoutError:
            # One of them is stuck in the kernel with its memory held: they are shown by their short names.
            return read_processes(pids, has_commands=False)

    def _counters(self, machine: Machine) -> Counters:
        run = machine.unit, machine.leader, machine.timestamp_monotonic
        known = self._kept.get(machine.name)
        if known is not None and known[0] == run:
            return known[1]
        self.forget(machine.name)
        memberships = Path(f"/proc/{machine.leader}/cgroup").read_text(errors="surrogateescape")
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
        self._looks = {name: look for name, look in self._looks.items() if name in names}
        for name in self._kept.keys() - names:
            self.forget(name)

    def close(self) -> None:
        """Forget all."""
        self.keep(set())
