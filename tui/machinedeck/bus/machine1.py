"""A client of `org.freedesktop.machine1`, reading its answers into the model."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from machined.contract import (
    HOST_MACHINE,
    IMAGE_INTERFACE,
    MACHINE1,
    MACHINE_INTERFACE,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    UNKNOWN_SIZE,
    ErrorName,
)
from machined.wire import CallError, Connection, Signal, Subscription
from machinedeck.bus.errors import asked
from machinedeck.model import format as written
from machinedeck.model.failure import Failure
from machinedeck.model.image import Image, ImageSizes, Pool
from machinedeck.model.machine import Machine, OperatingSystem, State
from machinedeck.model.text import clean

_ASKING: dict[str, Any] = {"interactive": True, "timeout": 300.0}
"""The operator may be asked for a password, and has as long as this to find it."""


ROOT_SECONDS = 5.0
"""How long it may take until the root of a machine is open."""


async def act(
    connection: Connection, member: str, signature: str, *arguments: Any, **options: Any
) -> list[Any]:
    """Have the manager do something to machines or images, for as long as it takes.

    Copies and removals may take hours, and a question for a password as long as the operator thinks.
    """
    return await connection.call(
        MACHINE1,
        MANAGER_PATH,
        MANAGER_INTERFACE,
        member,
        signature,
        *arguments,
        timeout=None,
        interactive=True,
        **options,
    )


class Machine1:
    """What the console asks of the service of machines, on one open connection.

    Every call raises `Failure`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _call(self, member: str, signature: str = "", *arguments: Any, **options: Any) -> list[Any]:
        return await self._connection.call(
            MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, signature, *arguments, **options
        )

    async def machines(self) -> list[Machine]:
        """The registered machines (the host itself among them), without their properties."""
        with asked("list the machines", is_activated=True):
            (rows,) = await self._call("ListMachines")
        return [Machine(name=name, kind=clean(kind), service=clean(service), path=path)
                for name, kind, service, path in rows]  # fmt: skip

    async def properties(self, machine: Machine) -> Machine:
        """`machine` with its properties read: state, unit, leader, id, times."""
        with asked(f"read the machine {clean(machine.name)}"):
            values = await self._connection.get_all(MACHINE1, machine.path, MACHINE_INTERFACE)
        return Machine(
            name=machine.name,
            state=_state(values.get("State", "")),
            kind=clean(values.get("Class", machine.kind)),
            service=clean(values.get("Service", machine.service)),
            unit=clean(values.get("Unit", "")),
            leader=int(values.get("Leader", 0)),
            machine_id=bytes(values.get("Id", b"")).hex(),
            timestamp=int(values.get("Timestamp", 0)),
            timestamp_monotonic=int(values.get("TimestampMonotonic", 0)),
            os=machine.os,
            addresses=machine.addresses,
            path=machine.path,
            root=str(values.get("RootDirectory", "")),
            ssh_address=str(values.get("SSHAddress", "")),
            ssh_key=str(values.get("SSHPrivateKeyPath", "")),
        )

    async def os(self, name: str) -> OperatingSystem | None:
        """The name of the operating system in a machine, `None` if it tells none."""
        with asked(f"read the OS of {clean(name)}"):
            (fields,) = await self._call("GetMachineOSRelease", "s", name)
        return written.operating_system(fields)

    async def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a machine; none where it shares the host's network."""
        with asked(f"read the addresses of {clean(name)}"):
            try:
                (rows,) = await self._call("GetMachineAddresses", "s", name)
            except CallError as error:
                if error.name == ErrorName.NO_PRIVATE_NETWORKING:
                    return ()
                raise
        return tuple(written.address(family, bytes(raw)) for family, raw in rows)

    async def images(self) -> list[Image]:
        """Every image the service finds, hidden ones and the host's own tree among them."""
        with asked("list the images", is_activated=True):
            (rows,) = await self._call("ListImages", timeout=None)
        return [
            Image(name, clean(type_), read_only, created or None, modified or None, _size(usage), path)
            for name, type_, read_only, created, modified, usage, path in rows
        ]

    async def image_os(self, name: str) -> OperatingSystem | None:
        """The operating system in an image, `None` if it tells none; refused while the image runs."""
        with asked(f"read the OS of the image {clean(name)}"):
            (fields,) = await self._call("GetImageOSRelease", "s", name)
        return written.operating_system(fields)

    async def every_property(self, subject: Machine | Image | Pool) -> dict[str, Any]:
        """All that the service says of one of its objects, by the names it has for it."""
        path, interface = MANAGER_PATH, MANAGER_INTERFACE
        if isinstance(subject, Machine):
            path, interface = subject.path, MACHINE_INTERFACE
        elif isinstance(subject, Image):
            path, interface = subject.path, IMAGE_INTERFACE
        with asked(f"read {clean(path)}"):
            return dict(await self._connection.get_all(MACHINE1, path, interface))

    async def image_sizes(self, image: Image) -> ImageSizes:
        """The sizes and limits of an image."""
        with asked(f"read the image {clean(image.name)}"):
            values = await self._connection.get_all(MACHINE1, image.path, IMAGE_INTERFACE)
        names = "UsageExclusive", "Limit", "LimitExclusive"
        return ImageSizes(*(_size(values.get(name, UNKNOWN_SIZE)) for name in names))

    async def pool(self) -> Pool:
        """Where images are kept and how full it is."""
        with asked("read the pool", is_activated=True):
            values = await self._connection.get_all(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
        return Pool(
            clean(values.get("PoolPath", "")),
            _size(values.get("PoolUsage", UNKNOWN_SIZE)),
            _size(values.get("PoolLimit", UNKNOWN_SIZE)),
        )

    async def open_root(self, name: str) -> int:
        """Open the root of a machine; a descriptor of the folder, the caller's to close."""
        with asked(f"look at the files of {clean(name)}"):
            (fd,) = await self._call("OpenMachineRootDirectory", "s", name, timeout=ROOT_SECONDS)
        return int(fd)

    async def shell(self, name: str, user: str, program: list[str], environment: list[str]) -> int:
        """Open a shell in a machine; the descriptor of its terminal, which is the caller's to close.

        Args:
            name: The machine.
            user: Who to be in it.
            program: What to run, its path first; empty for the user's own shell.
            environment: Variables, `NAME=VALUE`.
        """
        with _entered(name), asked(f"open a shell in {clean(name)}"):
            path = program[0] if program else ""
            fd, _path = await self._call(
                "OpenMachineShell", "sssasas", name, user, path, program, environment, **_ASKING
            )
        return int(fd)

    async def login(self, name: str) -> int:
        """Open a login prompt of a machine; the descriptor of its terminal, the caller's to close."""
        with _entered(name), asked(f"open a login prompt of {clean(name)}"):
            fd, _path = await self._call("OpenMachineLogin", "s", name, **_ASKING)
        return int(fd)

    async def subscribe(self, on_new: Callable[[str], None], on_removed: Callable[[str], None]) -> None:
        """Call back with the name of each machine that appears or goes."""

        async def listen(member: str, callback: Callable[[str], None]) -> Subscription:
            def on_signal(signal: Signal) -> None:
                callback(str(signal.body[0]))

            return await self._connection.subscribe(
                on_signal, sender=MACHINE1, path=MANAGER_PATH, interface=MANAGER_INTERFACE, member=member
            )

        with asked("follow the machines"):
            await listen("MachineNew", on_new)
            await listen("MachineRemoved", on_removed)


@contextmanager
def _entered(name: str) -> Iterator[None]:
    """Say how else a machine is entered, where there is no bus in it that could be asked for a terminal."""
    try:
        yield
    except Failure as failure:
        if "no system bus" not in failure.message or name == HOST_MACHINE:
            raise  # the error's name is that of any file that is not there (systemd 252 to 257)
        leader = f"$(machinectl show -pLeader --value {shlex.quote(clean(name))})"
        hint = f"Where no systemd with a bus runs in it, use: nsenter -a -t {leader}"
        raise Failure(failure.kind, failure.message, hint, failure.name) from failure


def _size(value: int) -> int | None:
    return None if value == UNKNOWN_SIZE else int(value)


def _state(word: str) -> State:
    try:
        return State(word)
    except ValueError:
        return State.UNKNOWN  # a word of a later version: shown as not known rather than guessed
