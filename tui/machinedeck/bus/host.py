"""A host reached over a message bus."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from machined.contract import MACHINE1
from machined.wire import Connection
from machinedeck.bus.errors import asked
from machinedeck.bus.image_acting import BusImageActing
from machinedeck.bus.machine1 import Machine1
from machinedeck.bus.machine_acting import BusMachineActing
from machinedeck.bus.opening import AddressOpening, Opening
from machinedeck.bus.operations1 import follow_operations
from machinedeck.bus.systemd1 import Systemd1
from machinedeck.bus.usage import BusUsage
from machinedeck.model.event import (
    Listener,
    Lost,
    MachineAppeared,
    MachineGone,
    OperationEnded,
    OperationMoved,
    ServiceMoved,
    UnitBusy,
)
from machinedeck.model.failure import READ_ONLY, Failure, Kind
from machinedeck.model.image import Image, ImageSizes, Pool
from machinedeck.model.machine import Machine, OperatingSystem
from machinedeck.model.wish import Wish

_log = logging.getLogger(__name__)


class BusHost:
    """The machines and units of the host behind a message bus.

    Args:
        bus: The D-Bus address of the bus, or another way to it.
        name: The host's name, for the header.
        mode: How it is reached, for the header.
        is_demo: Whether the host is made up.
        is_read_only: Whether it is only looked at: nothing is changed, and no shell opened.
    """

    def __init__(
        self, bus: str | Opening, name: str, mode: str, *, is_demo: bool = False, is_read_only: bool = False
    ) -> None:
        self.name = name
        self.mode = mode
        self.is_demo = is_demo
        self.is_read_only = is_read_only
        self._opening = AddressOpening(bus) if isinstance(bus, str) else bus
        self._connection: Connection | None = None
        self._machine1: Machine1 | None = None
        self._systemd1: Systemd1 | None = None
        self._usage: BusUsage | None = None
        self._acting: tuple[BusMachineActing, BusImageActing] | None = None

    async def open(self, listener: Listener) -> None:
        """Connect, make sure somebody serves the machines, and follow them.

        Raises:
            Failure: No bus (`NO_BUS`), nobody serves machines there (`NO_SERVICE`), our own service does
                not run (`OWN_SERVICE`), or a refusal.
        """
        await self._disconnect()
        connection = await self._opening.open()
        try:
            await self._follow(connection, listener)
        except BaseException as error:
            # What a call says of a connection that ended is not why it did.
            is_lost = isinstance(error, Failure) and error.kind is Kind.NO_BUS
            lost = self._opening.lost(error.__cause__) if is_lost else None
            await connection.close()
            await self._opening.close()
            if lost is not None:
                raise lost from error
            raise
        self._connection = connection

    async def _follow(self, connection: Connection, listener: Listener) -> None:
        systemd1, machine1 = Systemd1(connection), Machine1(connection)

        def on_closed(reason: Exception | None) -> None:
            if self._connection is not connection:
                return  # closed by us, or never handed out
            failure = self._opening.lost(reason)
            systemd1.on_lost(failure)
            listener(Lost(failure))

        def on_owner(owner: str) -> None:
            listener(ServiceMoved(bool(owner)))

        with asked("look for the service of machines"):
            await connection.watch_name(MACHINE1, on_owner)
            if (
                not await connection.name_owner(MACHINE1)
                and MACHINE1 not in await connection.activatable_names()
            ):
                raise Failure(Kind.NO_SERVICE, f"Nobody on this bus serves {MACHINE1}.")
        # All at once: each is a way there and back
        await asyncio.gather(
            machine1.subscribe(
                lambda name: listener(MachineAppeared(name)), lambda name: listener(MachineGone(name))
            ),
            _follow_units(systemd1, listener),
            follow_operations(
                connection,
                lambda operation: listener(OperationMoved(operation)),
                lambda number: listener(OperationEnded(number)),
            ),
        )
        self._machine1 = machine1
        self._systemd1, self._usage = systemd1, BusUsage(connection)
        self._acting = BusMachineActing(connection, machine1, systemd1), BusImageActing(connection)
        connection.on_closed(on_closed)

    async def close(self) -> None:
        """Let go of the connection, and of what serves it if that is our own."""
        await self._disconnect()
        await self._opening.close()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @property
    def machine_acting(self) -> BusMachineActing:
        """See `core.host.Host`."""
        return self._may_act()[0]

    @property
    def image_acting(self) -> BusImageActing:
        """See `core.host.Host`."""
        return self._may_act()[1]

    def _may_act(self) -> tuple[BusMachineActing, BusImageActing]:
        if self.is_read_only:
            raise Failure(Kind.REFUSED, READ_ONLY)
        if self._acting is None:
            raise Failure(Kind.NO_BUS, "Not connected to the message bus yet.")
        return self._acting

    @property
    def _machines(self) -> Machine1:
        if self._machine1 is None:
            raise Failure(Kind.NO_BUS, "Not connected to the message bus yet.")
        return self._machine1

    async def machines(self) -> list[Machine]:
        """See `core.host.Host`."""
        return await self._machines.machines()

    async def properties(self, machine: Machine) -> Machine:
        """See `core.host.Host`."""
        return await self._machines.properties(machine)

    async def os(self, name: str) -> OperatingSystem | None:
        """See `core.host.Host`."""
        return await self._machines.os(name)

    async def addresses(self, name: str) -> tuple[str, ...]:
        """See `core.host.Host`."""
        return await self._machines.addresses(name)

    async def images(self) -> list[Image]:
        """See `core.host.Host`."""
        return await self._machines.images()

    async def image_os(self, name: str) -> OperatingSystem | None:
        """See `core.host.Host`."""
        return await self._machines.image_os(name)

    async def every_property(self, subject: Machine | Image | Pool) -> dict[str, Any]:
        """See `core.host.Host`."""
        return await self._machines.every_property(subject)

    async def image_sizes(self, image: Image) -> ImageSizes:
        """See `core.host.Host`."""
        return await self._machines.image_sizes(image)

    async def failed(self) -> frozenset[str]:
        """See `core.host.Host`."""
        if self._systemd1 is None:
            raise Failure(Kind.NO_BUS, "Not connected to the message bus yet.")
        return await self._systemd1.failed_machines()

    @property
    def usage(self) -> BusUsage:
        """See `core.host.Host`."""
        if self._usage is None:
            raise Failure(Kind.NO_BUS, "Not connected to the message bus yet.")
        return self._usage

    async def pool(self) -> Pool:
        """See `core.host.Host`."""
        return await self._machines.pool()

    async def open_root(self, name: str) -> int:
        """See `core.host.Host`."""
        return await self._machines.open_root(name)

    async def open_terminal(self, wish: Wish) -> int:
        """See `core.host.Host`."""
        self._may_act()
        if wish.is_login:
            return await self._machines.login(wish.machine)
        return await self._machines.shell(wish.machine, wish.user, wish.program, wish.environment)


async def _follow_units(systemd1: Systemd1, listener: Listener) -> None:
    """Follow the jobs of units; without them states are read at the next look."""
    try:
        await systemd1.subscribe(lambda unit: listener(UnitBusy(unit)))
    except Failure as failure:
        if failure.kind is Kind.NO_BUS:
            raise
        _log.warning("States are read at the next look, not at once: %s", failure)
