"""What of the host is shown in machines, as far as it was done from here: machine1 itself keeps no list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from machinedeck.core.actions import YES, Action, Subject, Values
from machinedeck.model.machine import Identity, Machine


class Bind(NamedTuple):
    """One file or folder of the host that is seen in a machine."""

    source: str
    """Its path on the host."""
    destination: str
    """Where it is seen in the machine."""
    is_read_only: bool


class Binds:
    """The binds of this session, by the very run of a machine: they end with it."""

    def __init__(self) -> None:
        self._binds: dict[Identity, list[Bind]] = {}

    def of(self, machine: Machine) -> tuple[Bind, ...]:
        """What was bound into a machine from here and not taken away again, the latest first."""
        return tuple(reversed(self._binds.get(machine.identity, ())))

    def all(self, machines: Iterable[Machine]) -> list[tuple[Machine, Bind]]:
        """What is bound into those of some machines that are still the ones they were."""
        return [(machine, bind) for machine in machines for bind in self.of(machine)]

    def note(self, action: Action[Any], subject: Subject, values: Values) -> None:
        """Take note of an action that went well."""
        if not isinstance(subject, Machine) or action.id not in {"bind", "unbind"}:
            return
        known = self._binds.setdefault(subject.identity, [])
        if action.id == "bind":
            known.append(Bind(values["from"], values["to"], values.get("read-only") == YES))
        else:
            # What was bound twice to one place is seen there still: umount(8) takes the last away
            at = next((at for at in reversed(range(len(known))) if known[at].destination == values["to"]), -1)
            if at >= 0:
                del known[at]
