"""The machines there are, and how they come and go."""

from __future__ import annotations

from typing import Any, Protocol

from machined.contract import HOST_MACHINE, MANAGE_MACHINES, ErrorName
from machined.host.authority import Permit
from machined.host.errors import Refused
from machined.host.ports import Host
from machined.host.units import ScopeRequest
from machined.machines.checks import INIT, check_registration
from machined.machines.collection import Collection
from machined.machines.jobs import ScopeJobs
from machined.machines.machine import CONTAINER, HOST, VM, Machine, Registration, registered, restored
from machined.machines.scopes import scope_description, scope_name
from machined.wire import Variant

INT_MAX = 2**31 - 1
SIGNAL_MAX = 64
"""The highest number of a signal, SIGRTMAX (signal(7))."""

_GONE = {ErrorName.NO_SUCH_UNIT, ErrorName.LOAD_FAILED}


class RegistryListener(Protocol):
    """Who wants to know which machines come and go."""

    def on_machine_new(self, machine: Machine) -> None:
        """A machine is there."""

    def on_machine_removed(self, machine: Machine) -> None:
        """A machine is no more."""


class Registry:
    """All machines of a host by name, `.host` among them."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._machines: dict[str, Machine] = {}
        self._reserved: set[str] = set()
        self._listeners: list[RegistryListener] = []
        self._jobs = ScopeJobs()
        self._collection = Collection(host, self._is_listed, self.remove)

    def listen(self, listener: RegistryListener) -> None:
        """Tell a listener of machines from now on."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Take up the host itself and the machines of an earlier life whose units are still active."""
        facts = self.host.facts
        self._machines[HOST_MACHINE] = Machine(
            HOST_MACHINE,
            facts.machine_id,
            machine_class=HOST,
            leader=INIT,
            root_directory="/",
            unit="-.slice",
            timestamp=facts.boot_realtime,
            vsock_cid=facts.vsock_cid,
        )
        self.host.units.listen(self)
        for record in await self.host.states.load():
            machine = restored(record)
            if await self._collection.is_alive(machine):
                self._add(machine)
            else:
                await self.host.states.remove(machine.name)

    async def stop(self) -> None:
        """End what goes on. The machines stay written down."""
        await self._collection.stop()
        self._jobs.fail_all("the service ends")

    # Looking up

    def machines(self) -> list[Machine]:
        """All machines, the host's own entry first."""
        return list(self._machines.values())

    def find(self, name: str) -> Machine | None:
        """The machine of a name, or `None`."""
        return self._machines.get(name)

    def get(self, name: str) -> Machine:
        """The machine of a name.

        Raises:
            Refused: NoSuchMachine.
        """
        if (machine := self.find(name)) is None:
            raise Refused(ErrorName.NO_SUCH_MACHINE, f"No machine '{name}' known")
        return machine

    async def of_pid(self, pid: int, sender_pid: int) -> Machine:
        """The machine that a process belongs to; 0 for the caller's own.

        Raises:
            Refused: InvalidArgs for what can be no pid, NoMachineForPID.
        """
        if pid > INT_MAX:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid PID {pid - 2**32}")
        machine = await self.of_sender(pid or sender_pid)
        if machine is None:
            text = f"PID {pid or sender_pid} does not belong to any known machine"
            raise Refused(ErrorName.NO_MACHINE_FOR_PID, text)
        return machine

    async def of_sender(self, pid: int) -> Machine | None:
        """The machine that a process leads or whose unit it is in; never the host."""
        machines = [machine for machine in self._machines.values() if not machine.is_host]
        for machine in machines:
            if machine.leader == pid:
                return machine
        try:
            unit = await self.host.processes.unit_of(pid)
        except OSError:
            return None  # in no unit, or gone: no machine either way
        return next((machine for machine in machines if machine.unit == unit), None)

    def _is_listed(self, machine: Machine) -> bool:
        return self._machines.get(machine.name) is machine

    # Coming

    async def create(
        self, registration: Registration, properties: list[tuple[str, Variant]], sender_pid: int
    ) -> Machine:
        """Register a machine and make a scope for it; returns once the scope has started.

        Raises:
            Refused: The registration is not in order, the machine exists, the scope did not start.
            OSError: EEXIST for a leader or unit that another machine has, ESRCH for a leader that is gone.
        """
        machine = await self._checked(registration, sender_pid)
        try:
            self._check_start(machine)
            unit = scope_name(machine.name)
            request = ScopeRequest(unit, scope_description(machine), machine.leader, properties)
            with self._jobs.starting():
                machine.scope_job = job = await self.host.units.start_scope(request)
                machine.unit = unit
                ended = self._jobs.wait(job)
                self._begin(machine)
        finally:
            self._reserved.discard(machine.name)
        await self.host.states.save(machine.record())
        try:
            await ended
        finally:
            # A job that ended before the reply that named it was told of before the machine was there
            if machine.scope_job == job:
                machine.scope_job = ""
                self._collection.look(machine)
        return machine

    async def register(self, registration: Registration, sender_pid: int) -> Machine:
        """Register a machine whose leader is in a unit already.

        Raises:
            Refused: The registration is not in order, the machine exists.
            OSError: ENXIO for a leader in no unit; else as `create`.
        """
        machine = await self._checked(registration, sender_pid)
        try:
            try:
                machine.unit = await self.host.processes.unit_of(machine.leader)
            except OSError as error:
                text = f"Failed to determine unit of process {machine.leader} : {error.strerror}"
                raise OSError(error.errno, text) from None
            self._check_start(machine)
            self._begin(machine)
        finally:
            self._reserved.discard(machine.name)
        await self.host.states.save(machine.record())
        return machine

    async def _checked(self, registration: Registration, sender_pid: int) -> Machine:
        """The machine of a registration that is in order; its name is kept for it."""
        check_registration(registration)
        machine = registered(registration)
        machine.leader = machine.leader or sender_pid
        await self.host.processes.check(machine.leader)
        if machine.name in self._machines or machine.name in self._reserved:
            raise Refused(ErrorName.MACHINE_EXISTS, f"Machine '{machine.name}' already exists")
        self._reserved.add(machine.name)
        return machine

    def _check_start(self, machine: Machine) -> None:
        if machine.machine_class not in {CONTAINER, VM}:
            raise Refused(ErrorName.NOT_SUPPORTED, "A machine is either of class 'container' or 'vm'")
        for other in self._machines.values():
            if other.leader == machine.leader:
                raise FileExistsError(17, f"The leader of '{machine.name}' leads another machine already")
            if machine.unit and other.unit == machine.unit:
                raise FileExistsError(17, f"{machine.unit} belongs to another machine already")

    def _begin(self, machine: Machine) -> None:
        machine.timestamp = self.host.clock.realtime()
        machine.timestamp_monotonic = self.host.clock.monotonic()
        self._add(machine)

    def _add(self, machine: Machine) -> None:
        self._machines[machine.name] = machine
        for listener in self._listeners:
            listener.on_machine_new(machine)

    # Going

    async def unregister(self, machine: Machine, permit: Permit) -> None:
        """Take a machine off without ending it. The host stays, without an error.

        Raises:
            Refused: The caller may not.
        """
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "unregister"})
        await self.remove(self.get(machine.name))

    async def remove(self, machine: Machine) -> None:
        """Take a machine off; the host's own entry stays."""
        if machine.is_host or not self._is_listed(machine):
            return
        machine.is_closing = True
        del self._machines[machine.name]
        self._jobs.fail(machine.scope_job, f"Machine '{machine.name}' ended before its scope had started")
        for listener in self._listeners:
            listener.on_machine_removed(machine)
        await self.host.states.remove(machine.name)
        await self.host.units.unref_unit(machine.unit)

    async def terminate(self, machine: Machine, permit: Permit) -> None:
        """Stop a machine's unit; returns once that is on its way.

        Raises:
            Refused: The caller may not; NotSupported for the host; or what the service manager says.
        """
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "terminate"})
        machine = self.get(machine.name)
        if machine.is_host:
            raise Refused(ErrorName.NOT_SUPPORTED, "The host itself cannot be terminated")
        try:
            machine.scope_job = await self.host.units.stop_unit(machine.unit, "fail")
        except Refused as refused:
            if refused.name not in _GONE:
                raise
        machine.is_closing = True
        self._collection.look(machine)

    async def kill(self, machine: Machine, whom: str, signal: int, permit: Permit) -> None:
        """Send a signal to the leader or to all processes of a machine.

        Raises:
            Refused: InvalidArgs; the caller may not; NotSupported for the host; what systemd says.
            ProcessLookupError: The leader is gone.
        """
        if whom not in {"", "leader", "all"}:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid kill parameter '{whom}'")
        if not 1 <= signal <= SIGNAL_MAX:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid signal {signal}")
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "kill"})
        machine = self.get(machine.name)
        if machine.is_host:
            raise Refused(ErrorName.NOT_SUPPORTED, "The host itself cannot be sent signals")
        if whom == "leader":
            await self.host.processes.kill(machine.leader, signal)
            return
        await self.host.units.kill_unit(machine.unit, "all", signal)

    # Following the units

    def on_job_new(self, job_id: int, job: str, unit: str) -> None:
        """Nothing: a job of our own is known by the call that made it."""

    def on_job_removed(self, job_id: int, job: str, unit: str, result: str) -> None:
        """A scope has started, or a unit was stopped."""
        self._jobs.ended(job, unit, result)
        machine = self._of_unit(unit)
        if machine is not None:
            if machine.scope_job == job:
                machine.scope_job = ""
            self._collection.look(machine)

    def on_unit_new(self, unit: str) -> None:
        """Nothing: a unit that comes takes no machine away."""

    def on_unit_removed(self, unit: str) -> None:
        """The unit of a machine may be gone."""
        self.on_unit_changed(unit, "", {})

    def on_unit_changed(self, unit: str, interface: str, changed: dict[str, Any]) -> None:
        """The unit of a machine may have ended."""
        machine = self._of_unit(unit)
        if machine is not None:
            self._collection.look(machine)

    def _of_unit(self, unit: str) -> Machine | None:
        machines = self._machines.values()
        return next((one for one in machines if one.unit == unit and not one.is_host), None)
