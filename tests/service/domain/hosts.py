"""A host that does just what a test says, moment by moment."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.inside import Address, BindRequest, CopyRequest, IdRange, Place, Pty, ShellRequest
from machined.host.ports import Host, HostFacts
from machined.host.states import MachineRecord
from machined.host.storage import Image, Metadata, PoolStatus, Progress, metadata_or_why, unseen
from machined.host.units import ScopeRequest, UnitListener

HOST_ID = bytes(range(1, 17))


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000_000

    def realtime(self) -> int:
        return 1_700_000_000_000_000 + self.now

    def monotonic(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class FakeProcesses:
    units: dict[int, str] = field(default_factory=dict)
    """The unit of each process there is; "" for one in none."""
    killed: list[tuple[int, int]] = field(default_factory=list)

    pins: list[FakePin] = field(default_factory=list)
    """What is held on to and was not released."""
    younger: set[int] = field(default_factory=set)
    """Processes that were not there yet when machines of an earlier life were registered."""

    async def pin(self, pid: int, seen: int | None = None) -> FakePin:
        if seen is not None and pid in self.younger:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        pin = FakePin(pid, self)
        self.pins.append(pin)
        if pin.has_ended():
            pin.release()
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        return pin

    def end(self, pid: int) -> None:
        """Let a process end."""
        del self.units[pid]
        for pin in list(self.pins):
            if pin.pid == pid:
                pin.end()

    async def unit_of(self, pid: int) -> str:
        if pid not in self.units:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        if not self.units[pid]:
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
        return self.units[pid]


class FakePin:
    """A process that is held on to; one that has ended stays so, whoever has its pid then."""

    def __init__(self, pid: int, processes: FakeProcesses) -> None:
        self.pid = pid
        self.pidfd = -1
        self._processes = processes
        self._is_over = pid not in processes.units
        self._on_end: Any = None

    def has_ended(self) -> bool:
        return self._is_over

    def kill(self, signal: int) -> None:
        if self._is_over:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        self._processes.killed.append((self.pid, signal))

    def watch(self, on_end: Any) -> None:
        self._on_end = on_end

    def end(self) -> None:
        self._is_over = True
        if self._on_end is not None:
            self._on_end()

    def release(self) -> None:
        if self in self._processes.pins:
            self._processes.pins.remove(self)


class FakeUnits:
    """Jobs end when the test says so, unless `ends_at_once`."""

    def __init__(self) -> None:
        self.active: set[str] = set()
        self.jobs: set[str] = set()
        self.queued: dict[str, str] = {}
        """The jobs of units, where a test asks for them by unit."""
        self.calls: list[tuple[Any, ...]] = []
        self.listeners: list[UnitListener] = []
        self.ends_at_once = False
        self.refusal: Refused | None = None

    def listen(self, listener: UnitListener) -> None:
        self.listeners.append(listener)

    def end_job(self, job: str, unit: str, result: str = "done") -> None:
        self.jobs.discard(job)
        for listener in self.listeners:
            listener.on_job_removed(1, job, unit, result)

    def end_unit(self, unit: str) -> None:
        self.active.discard(unit)
        for listener in self.listeners:
            listener.on_unit_changed(unit, "org.freedesktop.systemd1.Unit", {})

    def _job(self, unit: str) -> str:
        job = f"/job/{len(self.calls)}"
        if self.ends_at_once:
            self.end_job(job, unit)
        else:
            self.jobs.add(job)
        return job

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            raise self.refusal

    async def start_scope(self, request: ScopeRequest) -> str:
        self._called("start_scope", request)
        self.active.add(request.unit)
        job = self._job(request.unit)
        await asyncio.sleep(0)  # as a reply that comes after the signals that tell of the end
        return job

    async def start_unit(self, unit: str, mode: str) -> str:
        self._called("start_unit", unit, mode)
        return self._job(unit)

    async def stop_unit(self, unit: str, mode: str) -> str:
        self._called("stop_unit", unit, mode)
        if unit not in self.active:
            raise Refused(ErrorName.NO_SUCH_UNIT, f"Unit {unit} not loaded.")
        return self._job(unit)

    async def kill_unit(self, unit: str, whom: str, signal: int) -> None:
        self._called("kill_unit", unit, whom, signal)

    async def is_active(self, unit: str) -> bool:
        return unit in self.active

    async def is_job_pending(self, job: str) -> bool:
        return job in self.jobs

    async def job_of(self, unit: str) -> str:
        return self.queued.get(unit, "")

    async def unref_unit(self, unit: str) -> None:
        self._called("unref_unit", unit)


class FakeStates:
    def __init__(self) -> None:
        self.records: dict[str, MachineRecord] = {}

    async def load(self) -> list[MachineRecord]:
        return list(self.records.values())

    async def save(self, record: MachineRecord) -> None:
        self.records[record.name] = record

    async def remove(self, name: str) -> None:
        self.records.pop(name, None)


@dataclass
class FakeInside:
    users: dict[str, list[IdRange]] = field(default_factory=dict)
    groups: dict[str, list[IdRange]] = field(default_factory=dict)
    done: list[Any] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """What copies wait for."""

    async def addresses(self, place: Place) -> list[Address]:
        return [Address(2, bytes([10, 0, 0, 1]))]

    async def os_release(self, place: Place) -> dict[str, str]:
        return {"ID": place.name}

    async def user_map(self, place: Place) -> list[IdRange]:
        if place.name not in self.users:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self.users[place.name]

    async def group_map(self, place: Place) -> list[IdRange]:
        return self.groups.get(place.name, self.users.get(place.name, []))

    async def open_pty(self, place: Place) -> Pty:
        return self._pty("pty", place)

    async def open_login(self, place: Place) -> Pty:
        return self._pty("login", place)

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        return self._pty("shell", place, request)

    async def bind_mount(self, place: Place, request: BindRequest) -> None:
        self.done.append((place.name, request))

    async def copy(self, place: Place, request: CopyRequest, progress: Progress = unseen) -> None:
        self.done.append((place.name, request))
        if self.gate is not None:
            await self.gate.wait()

    async def open_root(self, place: Place) -> int:
        return os.open("/", os.O_DIRECTORY | os.O_CLOEXEC)

    def _pty(self, *what: Any) -> Pty:
        self.done.append(what)
        return Pty(os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC), "/dev/pts/0")


@dataclass
class FakeStorage:
    images: dict[str, Image] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    pool_status: PoolStatus = field(default_factory=lambda: PoolStatus("/var/lib/machines", 7, 9))
    gate: asyncio.Event | None = None
    """What long work waits for."""
    amounts: list[tuple[int, int]] = field(default_factory=list)
    """What a clone tells of how far it is, before it waits."""

    async def find(self, name: str) -> Image | None:
        return self.images.get(name)

    async def discover(self) -> list[Image]:
        return list(self.images.values())

    async def _do(self, *what: Any) -> None:
        if what[1].name in self.busy:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.done.append(what)
        if self.gate is not None:
            await self.gate.wait()

    async def remove(self, image: Image, progress: Progress) -> None:
        await self._do("remove", image)
        del self.images[image.name]

    async def rename(self, image: Image, new_name: str) -> None:
        await self._do("rename", image, new_name)

    async def clone(self, image: Image, new_name: str, is_read_only: bool, progress: Progress) -> None:
        for done, total in self.amounts:
            progress(done, total)
        await self._do("clone", image, new_name, is_read_only)

    async def set_read_only(self, image: Image, is_read_only: bool) -> None:
        await self._do("set_read_only", image, is_read_only)

    async def set_limit(self, image: Image, size: int) -> None:
        await self._do("set_limit", image, size)

    async def metadata(self, image: Image) -> Metadata:
        await self._do("metadata", image)
        return Metadata(hostname=image.name)

    async def metadata_of(self, name: str) -> Metadata | OSError | None:
        image = await self.find(name)
        return None if image is None else await metadata_or_why(self, image)

    async def pool(self) -> PoolStatus:
        return self.pool_status

    async def set_pool_limit(self, size: int) -> None:
        self.done.append(("set_pool_limit", size))


class FakeAuthority:
    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        raise Refused(ErrorName.ACCESS_DENIED, "no")


class Permits:
    """Lets all pass and keeps what was asked; or refuses; or does something first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refusal: Refused | None = None
        self.before: Any = None
        self.uid = 1000

    async def __call__(self, action: str, details: Mapping[str, str]) -> int:
        self.asked.append((action, dict(details)))
        if self.before is not None:
            self.before()
        if self.refusal is not None:
            raise self.refusal
        return self.uid


@dataclass
class FakeHost:
    clock: FakeClock = field(default_factory=FakeClock)
    processes: FakeProcesses = field(default_factory=FakeProcesses)
    units: FakeUnits = field(default_factory=FakeUnits)
    states: FakeStates = field(default_factory=FakeStates)
    inside: FakeInside = field(default_factory=FakeInside)
    storage: FakeStorage = field(default_factory=FakeStorage)

    @property
    def host(self) -> Host:
        facts = HostFacts(HOST_ID, 1_600_000_000_000_000, 1)
        return Host(
            facts,
            self.clock,
            self.processes,
            self.units,
            self.states,
            self.inside,
            self.storage,
            FakeAuthority(),
        )
