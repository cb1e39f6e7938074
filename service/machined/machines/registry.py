"""The machines there are, and how they come and go."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Protocol

from machined.contract import HOST_MACHINE, MANAGE_MACHINES, ErrorName
from machined.host.authority import Permit
from machined.host.error_numbers import reduced
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.ports import Host
from machined.machines.checks import INIT, INT_MAX, not_supported
from machined.machines.collection import Collection
from machined.machines.coming import Coming
from machined.machines.ending import Ending
from machined.machines.following import Following
from machined.machines.index import Index
from machined.machines.jobs import ScopeJobs
from machined.machines.machine import HOST, Machine

SIGNAL_MAX = 64
"""The highest number of a signal, SIGRTMAX (signal(7))."""


class RegistryListener(Protocol):
    """Who wants to know which machines come and go."""

    def on_machine_new(self, machine: Machine) -> None:
        """A machine is there."""

    def on_machine_removed(self, machine: Machine) -> None:
        """A machine is no more."""


class Registry:
    """All machines of a host by name, `.host` among them.

    Args:
        host: What is below.
        improvements: What is done otherwise than by the reference.

    Attributes:
        host: What is below.
        create: Registers a machine and makes a scope for it (`Coming.create`).
        register: Registers a machine whose leader is in a unit already (`Coming.register`).
        looking: Held by who looks through all machines for what the kernel says of each: one at a time, so
            that many who ask take no more time from others than one.
    """

    def __init__(self, host: Host, *, improvements: Improvements = ALL) -> None:
        self.host = host
        self.looking = asyncio.Lock()
        self._improvements = improvements
        self._listeners: list[RegistryListener] = []
        self._index = Index(improvements)
        self._jobs = ScopeJobs()
        self._ending = Ending(host, self._index, self._jobs, self._tell_removed)
        self._collection = Collection(host.units, self._index, self._ending, improvements)
        self._following = Following(self._index, self._jobs, self._collection, host.states)
        self._coming = Coming(
            host, improvements, self._index, self._jobs, self._collection, self._following, self._tell_new
        )
        self.create = self._coming.create
        self.register = self._coming.register

    def listen(self, listener: RegistryListener) -> None:
        """Tell a listener of machines from now on."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Take up the host itself and the machines of an earlier life whose units are still active."""
        facts = self.host.facts
        self._index.add(
            Machine(
                HOST_MACHINE,
                facts.machine_id,
                machine_class=HOST,
                leader=INIT,
                root_directory="/",
                unit="-.slice",
                timestamp=facts.boot_realtime,
                vsock_cid=facts.vsock_cid,
            )
        )
        self.host.units.listen(self._following)
        for record in await self.host.states.load():
            await self._coming.restore(record)

    async def stop(self) -> None:
        """End what goes on. The machines stay written down."""
        await self._collection.stop()
        await self._following.stop()
        self._jobs.fail_all("the service ends")
        await asyncio.sleep(0)  # whoever waited for a job tells its caller now, while there is a bus
        for machine in self._index.all():
            if machine.process is not None:
                machine.process.release()

    # Looking up

    def machines(self) -> list[Machine]:
        """All machines, the host's own entry first."""
        return self._index.all()

    def find(self, name: str) -> Machine | None:
        """The machine of a name, or `None`."""
        return self._index.find(name)

    def get(self, name: str) -> Machine:
        """The machine of a name.

        Raises:
            Refused: NoSuchMachine.
        """
        if (machine := self._index.find(name)) is None:
            raise Refused(ErrorName.NO_SUCH_MACHINE, f"No machine '{name}' known")
        return machine

    async def of_pid(self, pid: int, sender_pid: int) -> Machine:
        """The machine that a process belongs to; 0 for the caller's own.

        Raises:
            Refused: InvalidArgs for what can be no pid, NoMachineForPID.
        """
        if pid > INT_MAX:
            raise Refused(ErrorName.INVALID_ARGS, os.strerror(errno.EINVAL))
        machine = await self.of_sender(pid or sender_pid)
        if machine is None:
            text = f"PID {pid} does not belong to any known machine"
            raise Refused(ErrorName.NO_MACHINE_FOR_PID, text)
        return machine

    async def of_sender(self, pid: int) -> Machine | None:
        """The machine that a process leads, or led, or whose unit it is in; never the host."""
        machine = self._index.of_leader(pid)
        if machine is not None and machine.is_leader_alive:
            return machine
        try:
            unit = await self.host.processes.unit_of(pid)
        except ProcessLookupError:
            return machine  # nobody has the pid of its leader since
        except OSError:
            return None  # in no unit
        return self._index.of_unit(unit)

    # Coming and going

    def _tell_new(self, machine: Machine) -> None:
        for listener in self._listeners:
            listener.on_machine_new(machine)

    async def unregister(self, machine: Machine, permit: Permit) -> None:
        """Take a machine off without ending it. The host stays, without an error.

        Raises:
            Refused: The caller may not.
        """
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "unregister"})
        await self.remove(self.get(machine.name))

    async def remove(self, machine: Machine) -> None:
        """Take a machine off; the host's own entry stays."""
        await self._ending.remove(machine)

    async def terminate(self, machine: Machine, permit: Permit) -> None:
        """Stop a machine's unit; returns once that is on its way.

        Raises:
            Refused: The caller may not; NotSupported for the host.
            OSError: The service manager's error, reduced to a number.
        """
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "terminate"})
        machine = self.get(machine.name)
        if machine.is_host:
            raise not_supported("The host itself cannot be terminated", self._improvements)
        try:
            await self._ending.stop(machine)
        except Refused as refused:
            raise reduced(refused) from refused
        self._collection.look(machine)

    async def kill(self, machine: Machine, whom: str, signal: int, permit: Permit) -> None:
        """Send a signal to the leader or to all processes of a machine.

        Raises:
            Refused: InvalidArgs; the caller may not; NotSupported for the host.
            OSError: The leader is gone; or the service manager's error, reduced to a number.
        """
        if whom not in {"", "leader", "all"}:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid kill parameter '{whom}'")
        if not 1 <= signal <= SIGNAL_MAX:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid signal {signal}")
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "kill"})
        machine = self.get(machine.name)
        if machine.is_host:
            raise not_supported("The host itself cannot be sent signals", self._improvements)
        if whom == "leader":
            if machine.process is None:
                raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
            machine.process.kill(signal)
            return
        try:
            await self.host.units.kill_unit(machine.unit, "all", signal)
        except Refused as refused:
            raise reduced(refused) from refused

    def _tell_removed(self, machine: Machine) -> None:
        for listener in self._listeners:
            listener.on_machine_removed(machine)
