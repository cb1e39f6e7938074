"""What can be done to machines over a message bus."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from machined.contract import (
    IMAGE_INTERFACE,
    MACHINE1,
    image_path,
    machine_path,
    nspawn_unit,
)
from machined.wire import Connection, Variant
from machinedeck.bus.errors import asked
from machinedeck.bus.machine1 import Machine1, act
from machinedeck.bus.systemd1 import Systemd1
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.limits import Limits
from machinedeck.model.machine import Identity, Machine
from machinedeck.model.text import clean

POWEROFF_SIGNAL = signal.SIGRTMIN + 4
"""Has systemd shut down (systemd(1), "Signals"); what `machinectl poweroff` sends to the leader."""

REBOOT_SIGNAL = signal.SIGINT
"""Has every init restart: ctrl-alt-del; what `machinectl reboot` sends to the leader."""

GONE_SECONDS = 30.0
"""How long a machine may stay listed, and its unit busy, after its stop job is done."""

LOOK_SECONDS = 0.1
"""Between two looks whether it is gone."""

MACHINES_TARGET = "machines.target"
"""What pulls in the machines at boot; `machinectl enable` enables it too."""


class BusMachineActing:
    """Implements `core.acting.MachineActing` on one open connection."""

    def __init__(self, connection: Connection, machine1: Machine1, systemd1: Systemd1) -> None:
        self._connection = connection
        self._call = partial(act, connection)
        self._machine1 = machine1
        self._systemd1 = systemd1

    async def _same(self, identity: Identity) -> Machine:
        """The machine as it is now.

        Raises:
            Failure: NOT_THERE, it ended, or another one has its name.
        """
        try:
            now = await self._machine1.properties(Machine(identity.name, path=machine_path(identity.name)))
        except Failure as failure:
            if failure.kind is not Kind.NOT_THERE:
                raise
            now = None
        if now is not None and not identity.timestamp_monotonic:
            raise Failure(
                Kind.REFUSED,
                f"{clean(identity.name)} was not looked at yet: it is not known which one it is.",
                "Nothing was done. Try again in a moment.",
            )
        if now is None or now.identity != identity:
            raise Failure(
                Kind.NOT_THERE,
                f"{clean(identity.name)} is not the machine it was: it ended, or was started anew.",
                "Nothing was done. Look at it again first.",
            )
        return now

    async def start(self, name: str) -> None:
        """See `core.acting.MachineActing`."""
        await self._systemd1.start(_template_unit(name))

    async def start_ephemeral(self, name: str) -> None:
        """See `core.acting.MachineActing`."""
        from machinedeck.bus.transient import ephemeral  # noqa: PLC0415 - seldom needed at start

        with asked(f"look at the image {clean(name)}"):
            values = await self._connection.get_all(MACHINE1, image_path(name), IMAGE_INTERFACE)
        unit, properties = ephemeral(name, str(values.get("Path", "")), str(values.get("Type", "")))
        await self._systemd1.start_transient(unit, properties)

    async def stop(self, identity: Identity) -> None:
        """See `core.acting.MachineActing`."""
        machine = await self._same(identity)
        await self._systemd1.stop(machine.unit)
        await self._gone(machine)

    async def restart(self, identity: Identity) -> None:
        """See `core.acting.MachineActing`."""
        machine = await self._same(identity)
        if not machine.unit.endswith(".service"):
            raise Failure(
                Kind.REFUSED,
                f"{clean(machine.name)} runs in {clean(machine.unit)}, which can be stopped but not started.",
                "Nothing was done. Stop it, and start it the way it was started.",
            )
        with _told_as(f"{clean(machine.name)} was not restarted: it did not end."):
            await self._systemd1.stop(machine.unit)
            await self._gone(machine)
        with _told_as(f"{clean(machine.name)} was stopped, but is not up again."):
            await self._systemd1.start(machine.unit)

    async def _gone(self, machine: Machine) -> None:
        """Wait until neither the machine is listed nor its unit at work.

        A start that comes before both is refused: the name is taken, or the old run takes the new one along.
        """
        deadline = asyncio.get_running_loop().time() + GONE_SECONDS
        while await self._is_listed(machine.identity) or (
            await self._systemd1.active_state(machine.unit) not in {"inactive", "failed"}
        ):
            if asyncio.get_running_loop().time() > deadline:
                raise Failure(
                    Kind.TIMED_OUT,
                    f"{clean(machine.name)} was told to stop, but is still there.",
                    "Terminate it, or send SIGKILL to all of its processes.",
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_listed(self, identity: Identity) -> bool:
        try:
            await self._same(identity)
        except Failure as failure:
            if failure.kind is not Kind.NOT_THERE:
                raise
            return False
        return True

    async def poweroff(self, identity: Identity) -> None:
        """See `core.acting.MachineActing`."""
        await self.kill(identity, "leader", POWEROFF_SIGNAL)

    async def reboot(self, identity: Identity) -> None:
        """See `core.acting.MachineActing`."""
        await self.kill(identity, "leader", REBOOT_SIGNAL)

    async def kill(self, identity: Identity, whom: str, signal: int) -> None:
        """See `core.acting.MachineActing`."""
        await self._same(identity)
        with asked(f"send a signal to {clean(identity.name)}"):
            await self._call("KillMachine", "ssi", identity.name, whom, signal)

    async def terminate(self, identity: Identity) -> None:
        """See `core.acting.MachineActing`."""
        await self._same(identity)
        with asked(f"terminate {clean(identity.name)}"):
            await self._call("TerminateMachine", "s", identity.name)

    async def enable(self, name: str) -> None:
        """See `core.acting.MachineActing`."""
        await self._systemd1.enable([_template_unit(name), MACHINES_TARGET])

    async def disable(self, name: str) -> None:
        """See `core.acting.MachineActing`."""
        await self._systemd1.disable(_template_unit(name))

    async def set_limits(self, identity: Identity, limits: Limits) -> None:
        """See `core.acting.MachineActing`."""
        machine = await self._same(identity)
        named = zip(("MemoryMax", "CPUQuotaPerSecUSec", "TasksMax"), limits, strict=True)
        properties = [(name, Variant("t", value)) for name, value in named if value is not None]
        await self._systemd1.set_properties(machine.unit, properties)

    async def login(self, identity: Identity) -> int:
        """See `core.acting.MachineActing`."""
        await self._same(identity)
        with asked(f"open a login in {clean(identity.name)}"):
            fd, _path = await self._call("OpenMachineLogin", "s", identity.name)
        return int(fd)

    async def copy_to(self, identity: Identity, source: str, destination: str, *, replaces: bool) -> None:
        """See `core.acting.MachineActing`."""
        await self._copy("CopyToMachine", identity, source, destination, replaces=replaces)

    async def copy_from(self, identity: Identity, source: str, destination: str, *, replaces: bool) -> None:
        """See `core.acting.MachineActing`."""
        await self._copy("CopyFromMachine", identity, source, destination, replaces=replaces)

    async def _copy(
        self, member: str, identity: Identity, source: str, destination: str, *, replaces: bool
    ) -> None:
        await self._same(identity)
        where = "to" if member.startswith("CopyTo") else "from"
        with asked(f"copy {clean(source)} {where} {clean(identity.name)}"):
            if replaces:
                arguments = "ssst", identity.name, source, destination, COPY_REPLACE
                await self._call(f"{member}WithFlags", *arguments)
            else:
                await self._call(member, "sss", identity.name, source, destination)

    async def bind(self, identity: Identity, source: str, destination: str, *, is_read_only: bool) -> None:
        """See `core.acting.MachineActing`."""
        await self._same(identity)
        with asked(f"bind {clean(source)} into {clean(identity.name)}"):
            await self._call(
                "BindMountMachine", "sssbb", identity.name, source, destination, is_read_only, True
            )

    async def unbind(self, identity: Identity, destination: str) -> None:
        """See `core.acting.MachineActing`."""
        from machinedeck.bus.running import command_end  # noqa: PLC0415 - seldom needed at start

        await self._same(identity)
        doing = f"unmount {clean(destination)} in {clean(identity.name)}"
        with asked(doing):
            arguments = ["umount", "--", destination]
            call = "sssasas", identity.name, "root", "/bin/umount", arguments, ["LC_ALL=C.UTF-8"]
            fd, _path = await self._call("OpenMachineShell", *call)
        try:
            said = await command_end(fd)
        except TimeoutError:
            said = "umount(8) did not end in time"
        if said:  # umount(8) says nothing where all went well
            raise Failure(
                Kind.REFUSED, f"Cannot {doing}: {clean(said, 300)}", "See what still uses it there."
            )


COPY_REPLACE = 1
"""The flag with which copies replace what is there (org.freedesktop.machine1(5), `COPY_REPLACE`)."""


@contextmanager
def _told_as(what: str) -> Iterator[None]:
    """Say with a failure which half of something it was."""
    try:
        yield
    except Failure as failure:
        raise Failure(failure.kind, f"{what} {failure.message}", failure.hint, failure.name) from failure


def _template_unit(name: str) -> str:
    try:
        return nspawn_unit(name)
    except ValueError as error:
        raise Failure(Kind.REFUSED, clean(error), "Rename the image first.") from error
