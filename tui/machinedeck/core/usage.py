"""Keeping count of what machines use: each so often a look at the counters, and the rates between two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from machined.contract import HOST_MACHINE
from machinedeck.core.status import Link
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure
from machinedeck.model.machine import Identity, Machine, State
from machinedeck.model.usage import Counted, Process, Usage

SAMPLE_SECONDS = 2.0
"""Between two looks."""

FIRST_SECONDS = 0.5
"""Until the next look while there was nothing to look at."""

IDLE_TIMES = 5
"""How many times as long as a look took nothing is looked at after it, at least."""

ALL = 200
"""Machines up to which each look is at all of them; of more, at those that are seen and at others in turn."""

IN_TURN = 100
"""Others in one look: of a thousand machines, the last is looked at after 20 seconds."""

SLICE = 50
"""Machines that are looked at before others get their turn in the event loop."""


class UsageSource(Protocol):
    """Where counters come from. May raise `Failure`."""

    async def count(self, machine: Machine) -> Counted | None:
        """What the unit of a machine has used; None where nothing can be told."""
        ...

    async def processes(self, machine: Machine) -> list[Process]:
        """The processes of a machine."""
        ...

    def keep(self, names: set[str]) -> None:
        """Forget what is kept of all machines but these."""
        ...


class _Last(NamedTuple):
    identity: Identity
    at: float
    counted: Counted


class Sampler:
    """Writes the usage of every machine that runs into the store, until its task is cancelled.

    Args:
        store: Which machines there are, and where to write.
        source: What counts.
        clock: A clock that only goes forward, in seconds.
        seen: Tells the names of machines that are on the screen now.
    """

    def __init__(
        self,
        store: Store,
        source: UsageSource,
        clock: Callable[[], float] = time.monotonic,
        seen: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._seen = seen
        self._turn = 0
        self._last: dict[str, _Last] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            began = self._clock()
            if self._store.status.link is Link.UP:
                await self.look()
            if not self._last or self._has_only_host_yet():
                await asyncio.sleep(FIRST_SECONDS)  # nothing runs yet, as far as it was read
                continue
            # Where looking takes long, over a slow bus or at very many, it is done less often.
            await asyncio.sleep(max(SAMPLE_SECONDS, (self._clock() - began) * IDLE_TIMES))

    def _has_only_host_yet(self) -> bool:
        """Whether nothing but the host was counted, for the machines were not looked at yet."""
        is_alone = self._last.keys() == {HOST_MACHINE}
        return is_alone and any(one.state is State.UNKNOWN for one in self._store.registered.values())

    async def look(self) -> None:
        """Look at every machine once, or at some of very many."""
        running = {one.name: one for one in self._store.registered.values() if one.state is State.RUNNING}
        if self._store.host is not None:
            running[HOST_MACHINE] = self._store.host
        found = {
            name: usage
            for name, usage in self._store.usage.items()
            if name in running and name in self._last and self._last[name].identity == running[name].identity
        }
        for at, machine in enumerate(self._chosen(list(running.values()))):
            if at % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            found.pop(machine.name, None)
            usage = await self._usage(machine)
            if usage is not None:
                found[machine.name] = usage
        self._last = {name: last for name, last in self._last.items() if name in found}
        self._source.keep(set(found))
        self._store.set_usage(found)

    def _chosen(self, running: list[Machine]) -> list[Machine]:
        if len(running) <= ALL or not self._last:
            return running
        seen = {HOST_MACHINE, *self._seen()}
        others = [one for one in running if one.name not in seen]
        start = self._turn % max(1, len(others))
        self._turn = start + IN_TURN
        in_turn = (others + others)[start : start + min(IN_TURN, len(others))]
        return [*(one for one in running if one.name in seen), *in_turn]

    async def _usage(self, machine: Machine) -> Usage | None:
        try:
            counted = await self._source.count(machine)
        except Failure:
            return None  # it ended, or the bus is away, which the lists meet too and tell of
        if counted is None:
            return None
        now = _Last(machine.identity, self._clock(), counted)
        before, self._last[machine.name] = self._last.get(machine.name), now
        return Usage(_share(before, now), counted.memory, counted.tasks, counted.is_summed)


def _share(before: _Last | None, now: _Last) -> float | None:
    """Per cent of one processor between two looks; None where there is nothing to compare."""
    if before is None or before.identity != now.identity or now.at <= before.at:
        return None
    if before.counted.cpu is None or now.counted.cpu is None:
        return None
    # What was summed over processes gets smaller when one of them ends.
    used = max(0, now.counted.cpu - before.counted.cpu)
    return used / (now.at - before.at) / 1e7
