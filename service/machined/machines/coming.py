"""Machines that come: created, registered, or taken up again."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import AsyncIterator, Callable

from machined.host.errors import Refused
from machined.host.improvements import Improvements
from machined.host.ports import Host
from machined.host.processes import Pinned
from machined.host.states import MachineRecord
from machined.host.units import ScopeRequest
from machined.machines.checks import INT_MAX, check_registration, not_supported
from machined.machines.collection import Collection
from machined.machines.ending import give_up_reference
from machined.machines.following import Following
from machined.machines.index import Index
from machined.machines.jobs import ScopeJobs
from machined.machines.machine import CONTAINER, VM, Machine, Registration, registered, restored
from machined.machines.scopes import scope_description, scope_name, with_caller
from machined.wire import Variant

logger = logging.getLogger(__name__)

STARTED = "24d8d4452573402496068381a6312df2"
"""What the journal knows the start of a machine by (SD_MESSAGE_MACHINE_START in sd-messages.h)."""


class Coming:
    """Lists machines that come.

    Args:
        host: What is below.
        improvements: What is done otherwise than by the reference.
        index: Where they are listed.
        jobs: Waits for scopes to start.
        collection: Looks whether they have ended.
        following: Follows their units.
        on_new: Told of each machine that is there.
    """

    def __init__(
        self,
        host: Host,
        improvements: Improvements,
        index: Index,
        jobs: ScopeJobs,
        collection: Collection,
        following: Following,
        on_new: Callable[[Machine], None],
    ) -> None:
        self._host = host
        self._improvements = improvements
        self._index = index
        self._jobs = jobs
        self._collection = collection
        self._following = following
        self._on_new = on_new

    async def create(
        self,
        registration: Registration,
        properties: list[tuple[str, Variant]],
        sender_pid: int,
        has_left: Callable[[], bool] = lambda: False,
    ) -> Machine:
        """Register a machine and make a scope for it; returns once the scope has started.

        Args:
            registration: What is said of it.
            properties: What is wished for its scope besides.
            sender_pid: The process of who registers it, which leads it where no other is named.
            has_left: Whether that process is no more, and its pid may be that of a stranger.

        Raises:
            Refused: The registration is not in order, the machine exists, the scope did not start.
            OSError: EEXIST for a leader or unit that another machine has, ESRCH for a leader that is gone.
        """
        if self._improvements.takes_pid_0_for_caller:
            properties = with_caller(properties, sender_pid)
        machine = await self._pinned(registration, sender_pid, has_left)
        try:
            with self._index.on_its_way(machine):
                self._check_start(machine)
                async with self._written_ahead(machine):
                    with self._jobs.starting():
                        job = await self._start_scope(machine, properties)
                        ended = self._jobs.wait(job)
                        await self._begin(machine)
        finally:
            self._let_go(machine)
        try:
            await ended
        finally:
            # A job that ended before the reply that named it was told of before the machine was there
            if machine.scope_job == job and not machine.is_closing:
                machine.scope_job = ""
                self._collection.look(machine)
                await self._following.save_now(machine)  # before the caller hears of it
            machine.start_job = ""
        return machine

    async def register(
        self, registration: Registration, sender_pid: int, has_left: Callable[[], bool] = lambda: False
    ) -> Machine:
        """Register a machine whose leader is in a unit already; arguments as of `create`.

        Raises:
            Refused: The registration is not in order, the machine exists.
            OSError: ENXIO for a leader in no unit; else as `create`.
        """
        machine = await self._pinned(registration, sender_pid, has_left)
        try:
            with self._index.on_its_way(machine):
                machine.unit = await self._unit_of_leader(machine)
                self._check_start(machine)
                self._index.claim_unit(machine)
                self._stamp(machine)
                await self._begin(machine)
        finally:
            self._let_go(machine)
        return machine

    async def _pinned(
        self, registration: Registration, sender_pid: int, has_left: Callable[[], bool]
    ) -> Machine:
        """The machine of a registration that is in order, with a hold on its leader."""
        check_registration(registration)
        machine = registered(registration)
        machine.leader = machine.leader or sender_pid
        machine.process = await self._pin(machine.leader)
        if not registration.leader and has_left():  # then what was pinned may be another
            machine.process.release()
            raise _not_pinned(machine.leader, errno.ESRCH)
        return machine

    async def _pin(self, pid: int) -> Pinned:
        try:
            return await self._host.processes.pin(pid)
        except OSError as error:
            raise _not_pinned(pid, error.errno or errno.ESRCH) from None

    async def _unit_of_leader(self, machine: Machine) -> str:
        try:
            unit = await self._host.processes.unit_of(machine.leader)
            if not machine.is_leader_alive:  # then this may have been the unit of another process
                raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        except OSError as error:
            text = f"Failed to determine unit of process {machine.leader} : {error.strerror}"
            raise OSError(error.errno, text) from None
        return unit

    def _check_start(self, machine: Machine) -> None:
        if machine.machine_class not in {CONTAINER, VM}:
            text = "A machine is either of class 'container' or 'vm'"
            raise not_supported(text, self._improvements)
        self._index.claim_leader(machine)

    @contextlib.asynccontextmanager
    async def _written_ahead(self, machine: Machine) -> AsyncIterator[None]:
        """Have a machine written down before its scope is asked for, and forget it if it is not listed then.

        Whoever serves after a sudden end finds by that a scope that has started without our knowing.
        """
        machine.unit = scope_name(machine.name)
        self._stamp(machine)
        if self._index.of_unit(machine.unit) is None:  # else that stays who is written down for it
            await self._host.states.save(machine.record())
        try:
            yield
        finally:
            if not self._index.has(machine):
                await self._host.states.remove(machine.name)

    async def _start_scope(self, machine: Machine, properties: list[tuple[str, Variant]]) -> str:
        unit = machine.unit
        pidfd = -1 if machine.process is None else machine.process.pidfd
        request = ScopeRequest(unit, scope_description(machine), machine.leader, properties, pidfd)
        job = await self._host.units.start_scope(request)
        machine.scope_job = machine.start_job = job
        try:
            self._index.claim_unit(machine)
        except FileExistsError:  # that it is another's is said after what PID 1 says, as the reference does
            await give_up_reference(self._host.units, unit)
            raise
        machine.is_referenced = True
        return job

    def _stamp(self, machine: Machine) -> None:
        machine.timestamp = self._host.clock.realtime()
        machine.timestamp_monotonic = self._host.clock.monotonic()

    async def _begin(self, machine: Machine) -> None:
        self._index.add(machine)
        await self._host.states.save(machine.record())
        self._tell_new(machine)

    def _let_go(self, machine: Machine) -> None:
        """Hold on no more to the leader of what is not listed."""
        if machine.process is not None and not self._index.has(machine):
            machine.process.release()

    def _tell_new(self, machine: Machine) -> None:
        if not self._index.has(machine):
            return  # taken off while it was written down
        if machine.process is not None:
            machine.process.watch(lambda: self._collection.look(machine))
        fields = {"MESSAGE_ID": STARTED, "NAME": machine.name, "LEADER": str(machine.leader)}
        logger.info("New machine %s.", machine.name, extra={"fields": fields})
        self._on_new(machine)

    async def restore(self, record: MachineRecord) -> None:
        """Take up a machine that was written down, unless it has ended since."""
        machine = restored(record)
        try:
            machine.process = await self._host.processes.pin(machine.leader, machine.timestamp_monotonic)
        except OSError as error:
            logger.info("the leader of %s has ended: %s", machine.name, error.strerror)
        try:
            await self._find_job(machine)
            if not await self._has_gone(machine):
                with self._index.on_its_way(machine):
                    self._index.claim_leader(machine)
                    self._index.claim_unit(machine)
                    self._index.add(machine)
                if self._improvements.looks_for_ended_jobs:
                    await self._forget_ended_job(machine)
                self._tell_new(machine)
                return
        except (Refused, OSError) as error:
            logger.warning("%s cannot be taken up again: %s", machine.name, error)
        self._let_go(machine)
        await self._host.states.remove(machine.name)

    async def _find_job(self, machine: Machine) -> None:
        """Find the job that starts a machine's scope: its path came, if at all, after it was written down.

        As long as that is queued the scope is inactive, and would be taken for one that has ended.
        """
        if machine.scope_job or machine.unit != scope_name(machine.name):
            return
        try:
            machine.scope_job = await self._host.units.job_of(machine.unit)
        except Refused as error:
            logger.warning("cannot tell whether %s is about to start: %s", machine.name, error)
        if machine.scope_job:
            await self._host.states.save(machine.record())

    async def _forget_ended_job(self, machine: Machine) -> None:
        """Cross out a job that ended while nobody listened; of one that ends from now on we are told."""
        try:
            if not machine.scope_job or await self._host.units.is_job_pending(machine.scope_job):
                return
        except Refused as error:
            logger.warning("cannot tell how %s is: %s", machine.name, error)
            return
        machine.scope_job = ""
        await self._host.states.save(machine.record())

    async def _has_gone(self, machine: Machine) -> bool:
        try:
            return not await self._collection.is_alive(machine) and await self._collection.end(machine)
        except Refused as error:
            logger.warning("cannot tell whether %s has ended: %s", machine.name, error)
            return False


def _not_pinned(pid: int, number: int) -> OSError:
    signed = pid if pid <= INT_MAX else pid - 2**32
    return OSError(number, f"Failed to pin process {signed}: {os.strerror(number)}")
