"""The machines there are by name, by leader and by unit, so that no call has to go through all of them."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.machines.machine import Machine


class Index:
    """The machines. What is not listed yet but on its way has its name and its leader already.

    Args:
        improvements: Whether the name of what is not listed in the end is free at once.
    """

    def __init__(self, improvements: Improvements = ALL) -> None:
        self._improvements = improvements
        self._by_name: dict[str, Machine] = {}
        self._by_leader: dict[int, Machine] = {}
        self._by_unit: dict[str, Machine] = {}
        self._on_their_way: set[str] = set()

    def all(self) -> list[Machine]:
        """All machines, the host's own entry first."""
        return list(self._by_name.values())

    def find(self, name: str) -> Machine | None:
        """The machine of a name."""
        return self._by_name.get(name)

    def of_leader(self, pid: int) -> Machine | None:
        """The machine that a process leads, or led if it has ended; never the host."""
        machine = self._by_leader.get(pid)
        return machine if machine is not None and self.has(machine) else None

    def of_unit(self, unit: str) -> Machine | None:
        """The machine whose unit this is; never the host."""
        return self._by_unit.get(unit)

    def has(self, machine: Machine) -> bool:
        """Whether a machine is listed."""
        return self._by_name.get(machine.name) is machine

    @contextmanager
    def on_its_way(self, machine: Machine) -> Iterator[None]:
        """Keep the name for a machine that is to be listed, and its leader once that was claimed.

        Raises:
            Refused: MachineExists.
        """
        if machine.name in self._by_name or machine.name in self._on_their_way:
            raise Refused(ErrorName.MACHINE_EXISTS, f"Machine '{machine.name}' already exists")
        self._on_their_way.add(machine.name)
        try:
            yield
        finally:
            if self.has(machine) or self._improvements.frees_refused_names:
                self._on_their_way.discard(machine.name)
            else:  # when what is at hand was looked at, as the reference collects what it has refused
                asyncio.get_running_loop().call_soon(self._on_their_way.discard, machine.name)
            if not self.has(machine):
                self._release(machine)

    def claim_leader(self, machine: Machine) -> None:
        """Have the leader lead this machine alone.

        A leader that has ended claims nothing any more: its pid may be that of another process by now.

        Raises:
            FileExistsError: It leads another one.
        """
        other = self._by_leader.get(machine.leader)
        if other is not None and other.is_leader_alive:
            text = f"The leader of '{machine.name}' leads another machine already"
            raise FileExistsError(errno.EEXIST, text)
        self._by_leader[machine.leader] = machine

    def claim_unit(self, machine: Machine) -> None:
        """Have the unit belong to this machine alone.

        Raises:
            FileExistsError: It belongs to another one.
        """
        if machine.unit in self._by_unit:
            raise FileExistsError(errno.EEXIST, f"{machine.unit} belongs to another machine already")
        self._by_unit[machine.unit] = machine

    def add(self, machine: Machine) -> None:
        """List a machine; what it claimed before is its own."""
        self._by_name[machine.name] = machine

    def remove(self, machine: Machine) -> None:
        """List a machine no more."""
        del self._by_name[machine.name]
        self._release(machine)

    def _release(self, machine: Machine) -> None:
        if self._by_leader.get(machine.leader) is machine:
            del self._by_leader[machine.leader]
        if self._by_unit.get(machine.unit) is machine:
            del self._by_unit[machine.unit]
