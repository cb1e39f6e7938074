"""A close look at one machine, image or the pool: all that can be asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from machinedeck.core.actions import Subject
from machinedeck.core.host import Host
from machinedeck.core.usage import UsageSource
from machinedeck.model.failure import Failure
from machinedeck.model.machine import Machine
from machinedeck.model.properties import property_text
from machinedeck.model.usage import Branch, Process, tree

LOOK_SECONDS = 2.0
"""Between two looks at the same subject."""


class Running(NamedTuple):
    """A process in its place in the tree, and what it uses of one processor, per cent."""

    branch: Branch
    cpu: float | None


class Inspection(NamedTuple):
    """What a look has found."""

    subject: Subject
    properties: tuple[tuple[str, str], ...] = ()
    interfaces: tuple[str, ...] = ()
    """Names of the host's ends of its network interfaces, numbers where the host is another."""
    processes: tuple[Running, ...] = ()
    trouble: str = ""
    """What could not be asked, and why; "" for nothing."""


class Inspector:
    """Looks closely, again and again, so that rates can be told.

    Args:
        host: What to ask.
        usage: Gives what lists processes; raises `Failure` while the host is not open.
        interface_name: Names an interface of this host by its number; None where the host is another.
        clock: A clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        host: Host,
        usage: Callable[[], UsageSource],
        interface_name: Callable[[int], str] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._usage = usage
        self._interface_name = interface_name
        self._clock = clock
        self._before: dict[tuple[int, int | None], tuple[float, int]] = {}

    async def look(self, subject: Subject) -> Inspection:
        """Look at a subject; never raises `Failure`."""
        if isinstance(subject, Machine) and not subject.state.is_registered:
            return Inspection(subject)
        try:
            values = await self._host.every_property(subject)
            processes: tuple[Running, ...] = ()
            if isinstance(subject, Machine):
                processes = self._with_shares(await self._usage().processes(subject))
        except Failure as failure:
            return Inspection(subject, trouble=str(failure))
        indices = values.pop("NetworkInterfaces", ())
        texts = tuple((name, property_text(name, value)) for name, value in sorted(values.items()))
        return Inspection(subject, texts, tuple(map(self._interface, indices)), processes)

    def _interface(self, index: int) -> str:
        return str(index) if self._interface_name is None else self._interface_name(index)

    def _with_shares(self, processes: list[Process]) -> tuple[Running, ...]:
        now, before = self._clock(), self._before
        self._before = {(one.pid, one.started): (now, one.cpu) for one in processes if one.cpu is not None}
        return tuple(Running(branch, _share(branch.process, now, before)) for branch in tree(processes))


def _share(
    process: Process, now: float, before: dict[tuple[int, int | None], tuple[float, int]]
) -> float | None:
    known = before.get((process.pid, process.started))
    if known is None or process.cpu is None or now <= known[0]:
        return None
    return max(0, process.cpu - known[1]) / (now - known[0]) / 1e7
