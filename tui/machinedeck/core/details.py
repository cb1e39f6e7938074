"""What a list does not tell of a machine: its state, times, operating system and addresses."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterable

from machinedeck.core.host import Host
from machinedeck.core.repeat import Repeat
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine, OperatingSystem, State

AT_ONCE = 4
"""How many machines are looked at at the same time: the service answers one after the other anyway."""

AGAIN_SECONDS = (0.5, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
"""When a young machine is looked at again: it gets its addresses and files only while it boots."""


class Details:
    """Reads the details of machines into the store, each machine one look at a time.

    Args:
        host: What to ask.
        store: Where to write.
        on_gone: Called when a machine turns out not to be there any more.
        on_crash: Told of errors in the program.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        on_gone: Callable[[], None],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._host = host
        self._store = store
        self._on_gone = on_gone
        self._on_crash = on_crash
        self._looks: dict[str, Repeat] = {}
        self._tries: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.may_look = asyncio.Event()
        """Set while there is time for details: names are shown before anything else is read."""
        self.may_look.set()

    def look(self, name: str) -> None:
        """Read the details of a machine soon."""
        if name not in self._looks:
            self._looks[name] = Repeat(f"look at {name}", lambda: self._look(name), self._on_crash)
        self._looks[name].ask()

    def keep(self, names: Iterable[str]) -> None:
        """Forget about all machines but these."""
        for name in self._looks.keys() - set(names):
            self.drop(name)

    def drop(self, name: str) -> None:
        """Forget about a machine; it may come again under the same name."""
        self._tries.pop(name, None)
        if timer := self._timers.pop(name, None):
            timer.cancel()
        if look := self._looks.pop(name, None):
            look.cancel()

    async def _look(self, name: str) -> None:
        await self.may_look.wait()
        async with self._slots:
            machine = self._store.registered.get(name)
            if machine is None:
                return
            try:
                machine = await self._read(machine)
            except Failure as failure:
                if failure.kind is Kind.NOT_THERE:
                    self._on_gone()
                return  # whatever else it is, the lists meet it too and say so
        if _is_unfinished(machine):
            self._look_again(name)

    async def _read(self, known: Machine) -> Machine:
        machine = await self._host.properties(known)
        if known.timestamp_monotonic and machine.identity != known.identity:
            machine = machine._replace(os=None, addresses=None)
            self._tries.pop(known.name, None)
        self._store.update_machine(machine)
        if machine.kind != "container" or machine.state is State.CLOSING:
            return machine
        if machine.os is None:
            machine = machine._replace(os=await self._os(machine.name))
            self._store.update_machine(machine)
        machine = machine._replace(addresses=await self._addresses(machine.name))
        self._store.update_machine(machine)
        return machine

    async def _os(self, name: str) -> OperatingSystem | None:
        try:
            return await self._host.os(name)
        except Failure as failure:
            _pass_on_if_lost(failure)
            return None

    async def _addresses(self, name: str) -> tuple[str, ...] | None:
        try:
            return await self._host.addresses(name)
        except Failure as failure:
            _pass_on_if_lost(failure)
            return None

    def _look_again(self, name: str) -> None:
        tries = self._tries.get(name, 0)
        # Looks that news of its unit asked for meanwhile use up none of those that are still to come
        if name not in self._timers and tries < len(AGAIN_SECONDS):
            self._tries[name] = tries + 1
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(AGAIN_SECONDS[tries], self._on_time, name)

    def _on_time(self, name: str) -> None:
        del self._timers[name]
        self.look(name)


def _pass_on_if_lost(failure: Failure) -> None:
    """A machine that cannot tell (no such file yet, another class) is shown as unknown, no more."""
    if failure.kind in {Kind.NO_BUS, Kind.NO_SERVICE}:
        raise failure


def _is_unfinished(machine: Machine) -> bool:
    if machine.state is State.OPENING:
        return True
    if machine.kind != "container" or machine.state is not State.RUNNING:
        return False
    return machine.os is None or not any(map(_is_routable, machine.addresses or ()))


def _is_routable(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_link_local
    except ValueError:
        return False
