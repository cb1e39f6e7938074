"""A host that exists only in memory: what it answers and when is the test's to say."""

from __future__ import annotations

import os
import pty
import tty
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machined.contract import image_path, machine_path
from machinedeck.model.event import (
    Listener,
    Lost,
    MachineAppeared,
    MachineGone,
    OperationEnded,
    ServiceMoved,
    UnitBusy,
)
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Image, ImageSizes, Pool
from machinedeck.model.machine import Identity, Machine, OperatingSystem, State
from machinedeck.model.operation import Operation
from machinedeck.model.usage import Counted, Process
from machinedeck.model.wish import Wish

DEBIAN = OperatingSystem("Debian GNU/Linux 12 (bookworm)", "debian", "12")
FEDORA = OperatingSystem("Fedora Linux 44 (Server Edition)", "fedora", "44")

NOW = 1_772_800_000.0
"""The time it is in every picture, seconds of real time."""


def machine(name: str, **values: object) -> Machine:
    """A running container, with other values where given."""
    known = Machine(
        name=name,
        state=State.RUNNING,
        kind="container",
        service="systemd-nspawn",
        unit=f"systemd-nspawn@{name}.service",
        leader=4242,
        machine_id="00112233445566778899aabbccddeeff",
        timestamp=int((NOW - 7200) * 1e6),
        timestamp_monotonic=1000,
        os=DEBIAN,
        addresses=("10.0.0.2",),
        path=machine_path(name),
    )
    return known._replace(**values)


def image(name: str, **values: object) -> Image:
    """An image in a directory, with other values where given."""
    known = Image(
        name=name,
        type="directory",
        is_read_only=False,
        created=int((NOW - 86400 * 9) * 1e6),
        modified=None,
        usage=None,
        path=image_path(name),
    )
    return known._replace(**values)


@dataclass
class FakeHost:
    """Implements `machinedeck.core.host.Host`; every call is noted in `calls`."""

    running: dict[str, Machine] = field(default_factory=dict)
    stored: dict[str, Image] = field(default_factory=dict)
    space: Pool = field(default_factory=lambda: Pool("/var/lib/machines", None, None))
    refusals: dict[str, Failure] = field(default_factory=dict)
    """Failures to raise, by the name of the method."""
    name: str = "atlas"
    mode: str = "system bus"
    is_demo: bool = False
    is_read_only: bool = False
    calls: list[tuple[str, ...]] = field(default_factory=list)
    masters: list[int] = field(default_factory=list)
    """The far ends of the terminals handed out: what is written here shows in them."""
    listener: Listener | None = None
    wishes: list[Wish] = field(default_factory=list)
    """The terminals that were asked for."""
    lists_itself: bool = False
    """Whether it is among its machines, as systemd-machined has it."""
    sizes: dict[str, ImageSizes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Machines whose unit failed."""
    counted: dict[str, Counted] = field(default_factory=dict)
    inside: dict[str, list[Process]] = field(default_factory=dict)
    """Processes, by the name of the machine."""
    properties_told: dict[str, Any] = field(default_factory=dict)
    """All that is told of any object."""
    is_read_only: bool = False
    kept: set[str] = field(default_factory=set)
    roots: dict[str, Path] = field(default_factory=dict)
    """Where the files of machines are."""

    def _called(self, *call: str) -> None:
        self.calls.append(call)
        if failure := self.refusals.get(call[0]):
            raise failure

    def tell(self, event: object) -> None:
        """Tell of an event, as the bus would."""
        assert self.listener is not None, "the host is not open"
        self.listener(event)

    def appear(self, new: Machine) -> None:
        """A machine is registered."""
        self.running[new.name] = new
        self.tell(MachineAppeared(new.name))

    def vanish(self, name: str) -> None:
        """A machine ends."""
        del self.running[name]
        self.tell(MachineGone(name))

    def lose(self) -> None:
        """The connection ends."""
        self.tell(Lost(Failure(Kind.NO_BUS, "The message bus closed the connection.")))

    async def open(self, listener: Listener) -> None:
        self._called("open")
        self.listener = listener

    async def close(self) -> None:
        self.listener = None

    async def machines(self) -> list[Machine]:
        self._called("machines")
        listed = [Machine(m.name, kind=m.kind, service=m.service, path=m.path) for m in self.running.values()]
        itself = [Machine(".host", kind="host", path=machine_path(".host"))] if self.lists_itself else []
        return [*itself, *listed]

    def _running(self, name: str) -> Machine:
        if name not in self.running:
            raise Failure(Kind.NOT_THERE, f"No machine '{name}' known.")
        return self.running[name]

    async def properties(self, known: Machine) -> Machine:
        self._called("properties", known.name)
        return self._running(known.name)._replace(os=known.os, addresses=known.addresses)

    async def os(self, name: str) -> OperatingSystem | None:
        self._called("os", name)
        return self._running(name).os

    async def addresses(self, name: str) -> tuple[str, ...]:
        self._called("addresses", name)
        return self._running(name).addresses or ()

    async def images(self) -> list[Image]:
        self._called("images")
        return list(self.stored.values())

    async def image_os(self, name: str) -> OperatingSystem | None:
        self._called("image_os", name)
        return DEBIAN

    async def every_property(self, subject: Machine | Image | Pool) -> dict[str, Any]:
        self._called("every_property", getattr(subject, "name", "pool"))
        return dict(self.properties_told)

    async def image_sizes(self, image: Image) -> ImageSizes:
        self._called("image_sizes", image.name)
        return self.sizes.get(image.name, ImageSizes(None, None, None))

    async def failed(self) -> frozenset[str]:
        self._called("failed")
        return frozenset(self.broken)

    @property
    def usage(self) -> FakeHost:
        """What machines use is told here too."""
        return self

    async def count(self, known: Machine) -> Counted | None:
        return self.counted.get(known.name)

    async def processes(self, known: Machine) -> list[Process]:
        return self.inside.get(known.name, [])

    def keep(self, names: set[str]) -> None:
        self.kept = names

    async def pool(self) -> Pool:
        self._called("pool")
        return self.space

    async def open_root(self, name: str) -> int:
        self._called("open_root", name)
        return os.open(self.roots[name], os.O_PATH | os.O_DIRECTORY)

    async def open_terminal(self, wish: Wish) -> int:
        self.wishes.append(wish)
        self._called("login" if wish.is_login else "shell", wish.machine, wish.user)
        master, slave = pty.openpty()
        tty.setraw(slave)
        self.masters.append(slave)
        return master

    @property
    def machine_acting(self) -> FakeHost:
        """What is done is done here, as far as a test needs it."""
        return self

    @property
    def image_acting(self) -> FakeHost:
        """See `machine_acting`."""
        return self

    async def start(self, name: str) -> None:
        self._called("start", name)
        self.appear(machine(name))

    async def terminate(self, identity: Identity) -> None:
        self._called("terminate", identity.name)
        self.vanish(identity.name)

    async def cancel(self, operation: Operation) -> None:
        self._called("cancel", str(operation.id))
        self.tell(OperationEnded(operation.id))

    def hang_up(self) -> None:
        """End every shell that was handed out."""
        while self.masters:
            os.close(self.masters.pop())


__all__ = ["DEBIAN", "FEDORA", "NOW", "FakeHost", "ServiceMoved", "UnitBusy", "image", "machine"]
