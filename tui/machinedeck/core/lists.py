"""The lists of the host: read into the store and asked anew; how the link stands when they cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from machinedeck.apart import Apart
from machinedeck.core.details import Details
from machinedeck.core.host import Host
from machinedeck.core.image_details import ImageDetails
from machinedeck.core.lateness import told_when_late
from machinedeck.core.repeat import Repeat
from machinedeck.core.soon import Soon
from machinedeck.core.status import Link, Part, Status
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Space
from machinedeck.model.machine import State

MISSING_SECONDS = 3.0
"""How long to wait before asking again for a service that was never there."""

AWAY_SECONDS = 0.5
"""How long to wait before asking a service again that is restarting."""

SPACE_SECONDS = 2.0
"""How long the file system of the pool may take to tell how much room there is."""

LOOKED_AT = 200
"""Machines that are looked at with each list although nothing was heard of them."""


class Lists:
    """Reads machines, images, the pool and units that failed into the store, each when it is asked for.

    Args:
        host: What to ask.
        store: Where to write.
        space: What tells of the file system that a path is on, if the host is this very one.
        on_crash: Told of errors in the program.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        space: Callable[[str], Space | None] | None,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._host = host
        self._store = store
        self._on_crash = on_crash
        self._space_of = space
        self._space = Apart(SPACE_SECONDS)
        self._soon = Soon()
        self._turn = 0
        self._has_been_up = False
        self._timer: asyncio.TimerHandle | None = None
        self.has_asked = asyncio.Event()
        """Set once the host was asked for the first lists, or could not be reached."""
        self.has_looked = asyncio.Event()
        """Set once the first machines are in the store, or it is known why there are none."""
        self._machines = self._repeat(Part.MACHINES, self._list_machines)
        self._images = self._repeat(Part.IMAGES, self._list_images)
        self._pool = self._repeat(Part.POOL, self._read_pool)
        self._failed = Repeat("read failed units", self._read_failed, on_crash)
        self.image_details = ImageDetails(host, store, on_crash)
        self.details = Details(host, store, self._machines.ask, on_crash)

    def _repeat(self, part: Part, read: Callable[[], Awaitable[None]]) -> Repeat:
        return Repeat(f"read {part}", lambda: self._list(part, read), self._on_crash)

    def ask(self) -> None:
        """Read everything anew, or the machines alone while there is no time for details."""
        self.has_asked.set()
        if not self.details.may_look.is_set():
            self._machines.ask()
            return
        for repeat in (self._machines, self._images, self._pool, self._failed):
            repeat.ask()

    def ask_machines(self) -> None:
        """Have the machines read anew after news of them."""
        self._soon.ask(self._machines, len(self._store.registered))

    def ask_failed(self) -> None:
        """Have it read anew which units failed, after news of one."""
        self._soon.ask(self._failed, len(self._store.registered))

    def ask_images(self) -> None:
        """Have the images and the pool read anew after news of them."""
        self._soon.ask(self._images, len(self._store.images))
        self._soon.ask(self._pool, len(self._store.images))

    def cancel(self) -> None:
        """Read no more until the next `ask`."""
        for repeat in (self._machines, self._images, self._pool, self._failed, self.image_details):
            repeat.cancel()
        self._soon.cancel()
        self.details.keep(())
        if self._timer is not None:
            self._timer.cancel()

    def on_down(self, failure: Failure) -> None:
        """Say that the host cannot be reached, and why."""
        self._store.drop_operations()
        self.has_asked.set()
        self.has_looked.set()
        link = Link.LOST if self._has_been_up else Link.MISSING
        self._store.set_status(Status(link, failure))

    def on_service_moved(self, is_there: bool) -> None:
        """Say that the service went, and read everything anew when it goes or comes."""
        if not is_there and self._has_been_up:
            self._store.set_status(Status(Link.AWAY))
        # Asking also brings a service back that is started on demand.
        self.ask()

    async def _list(self, part: Part, read: Callable[[], Awaitable[None]]) -> None:
        """Read one part; a failure is noted with it, a service that is away asked again later."""
        try:
            await read()
        except Failure as failure:
            if failure.kind is Kind.NO_BUS:
                return  # the connection says so itself
            if failure.kind is Kind.NO_SERVICE and not self._has_been_up:
                self.on_down(failure)
                self._ask_later(MISSING_SECONDS)
                return
            if failure.kind in {Kind.NO_SERVICE, Kind.TIMED_OUT}:
                if part is Part.MACHINES:
                    self.has_looked.set()  # it is there, and to be waited for
                self._store.set_status(Status(Link.AWAY, failure))
                self._ask_later(AWAY_SECONDS)
                return
            self._store.set_failure(part, failure)
        if part is Part.MACHINES:
            self.has_looked.set()
            self._has_been_up = True
            self._store.set_status(Status(Link.UP))

    def _ask_later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.ask)

    async def _list_machines(self) -> None:
        with told_when_late(self._store):
            machines = await self._host.machines()
        self._store.set_machines(machines)
        await self._read_host()
        self.details.keep(self._store.registered)
        self._look_at(list(self._store.registered))

    def _look_at(self, names: list[str]) -> None:
        """Look at new machines at once, and at all in turn: of very many, some with each list."""
        known = [name for name in names if self._store.registered[name].state is not State.UNKNOWN]
        self._turn = (self._turn + LOOKED_AT) % max(1, len(known)) if len(known) > LOOKED_AT else 0
        in_turn = (known + known)[self._turn : self._turn + min(LOOKED_AT, len(known))]
        new = [name for name in names if self._store.registered[name].state is State.UNKNOWN]
        for name in (*new, *in_turn):
            self.details.look(name)

    async def _read_host(self) -> None:
        if self._store.host is not None and not self._store.host.timestamp_monotonic:
            try:
                self._store.update_host(await self._host.properties(self._store.host))
            except Failure as failure:
                if failure.kind in {Kind.NO_BUS, Kind.NO_SERVICE}:
                    raise

    async def _read_failed(self) -> None:
        """Which machines' units failed; where that may not be asked, none are shown as that."""
        try:
            self._store.set_failed(await self._host.failed())
        except Failure as failure:
            if failure.kind is not Kind.NO_BUS:
                self._store.set_failed(frozenset())

    async def _list_images(self) -> None:
        self._store.set_images(await self._host.images())
        self.image_details.renew()

    async def _read_pool(self) -> None:
        pool, space = await self._host.pool(), None
        if self._space_of is not None:
            try:
                space = await self._space.look(self._space_of, pool.path)
            except OSError:
                # Not to be told, or a network's file system is slow: the pool is there all the same.
                space = None
        self._store.set_pool(pool, space)
