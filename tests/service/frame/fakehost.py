"""A host of values: it answers at once, changes nothing and writes down what it was asked for."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from typing import Any

from machined.contract import UNKNOWN_SIZE, ErrorName
from machined.host.errors import Refused
from machined.host.inside import Address, BindRequest, CopyRequest, IdRange, Place, Pty, ShellRequest
from machined.host.ports import Host, HostFacts
from machined.host.states import MachineRecord
from machined.host.storage import Image, ImageType, Metadata, PoolStatus, Progress, metadata_or_why, unseen
from machined.host.units import ScopeRequest, UnitListener

MACHINE_ID = bytes(range(16))
LEADER = 4242
"""The leader of `box`, whose unit is active."""
BOX = MachineRecord(
    "box", MACHINE_ID, "systemd-nspawn", "container", LEADER, "/var/lib/machines/box", (3, 4),
    "machine-box.scope", "", 1_700_000_000_000_000, 5_000_000, 77, "vsock/77", "/run/key",
)  # fmt: skip
PLAIN = BOX._replace(
    name="plain", leader=LEADER + 1, unit="plain.service", vsock_cid=2**32 - 1, ssh_address=""
)
"""A machine whose users are those of the host."""
IMAGES = {
    image.name: image
    for image in (
        Image(".host", "/", ImageType.DIRECTORY),
        Image("deb-12", "/var/lib/machines/deb-12", ImageType.SUBVOLUME, False, 11, 22, 33, 44, 55, 66),
        Image(".gone", "/var/lib/machines/.gone", ImageType.RAW, True, 1, 2, 3, 4, 5, 6),
        Image("vendor", "/usr/lib/machines/vendor.raw", ImageType.RAW, True, 1, 2, 3, 4, 5, 6),
    )
}


class Units:
    """A service manager whose units are all active and whose jobs end at once."""

    def __init__(self, done: list[tuple[Any, ...]]) -> None:
        self.done = done
        self.listeners: list[UnitListener] = []

    def listen(self, listener: UnitListener) -> None:
        self.listeners.append(listener)

    async def start_scope(self, request: ScopeRequest) -> str:
        self.done.append(("start_scope", request.unit, [name for name, _ in request.properties]))
        job = "/org/freedesktop/systemd1/job/7"
        for listener in self.listeners:
            asyncio.get_running_loop().call_later(0.02, listener.on_job_removed, 7, job, request.unit, "done")
        return job

    async def start_unit(self, unit: str, mode: str) -> str:
        self.done.append(("start_unit", unit, mode))
        return "/org/freedesktop/systemd1/job/8"

    async def stop_unit(self, unit: str, mode: str) -> str:
        self.done.append(("stop_unit", unit, mode))
        return "/org/freedesktop/systemd1/job/9"

    async def kill_unit(self, unit: str, whom: str, signal: int) -> None:
        self.done.append(("kill_unit", unit, whom, signal))

    async def is_active(self, unit: str) -> bool:
        return True

    async def is_job_pending(self, job: str) -> bool:
        return False

    async def job_of(self, unit: str) -> str:
        return ""

    async def unref_unit(self, unit: str) -> None:
        self.done.append(("unref_unit", unit))


class Processes:
    """Processes that are all there; some are in a unit."""

    def __init__(self, done: list[tuple[Any, ...]]) -> None:
        self.done = done
        self.units: dict[int, str] = {}

    async def pin(self, pid: int, seen: int | None = None) -> Pin:
        return Pin(pid, self.done)

    async def unit_of(self, pid: int) -> str:
        if pid not in self.units:
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
        return self.units[pid]


class Pin:
    """A process that is there for ever."""

    pidfd = -1

    def __init__(self, pid: int, done: list[tuple[Any, ...]]) -> None:
        self.pid = pid
        self.done = done

    def has_ended(self) -> bool:
        return False

    def kill(self, signal: int) -> None:
        self.done.append(("kill", self.pid, signal))

    def watch(self, on_end: Callable[[], None]) -> None:
        """It never ends."""

    def release(self) -> None:
        """Nothing is held."""


class Inside:
    """The inside of every machine is the same, and /dev/null is every terminal."""

    def __init__(self, done: list[tuple[Any, ...]]) -> None:
        self.done = done

    async def addresses(self, place: Place) -> list[Address]:
        return [Address(2, bytes([192, 0, 2, 1])), Address(10, bytes(16))]

    async def os_release(self, place: Place) -> dict[str, str]:
        return {"ID": "debian", "VERSION_ID": "12"}

    async def user_map(self, place: Place) -> list[IdRange]:
        return [IdRange(0, 0 if place.name == "plain" else 524288, 65536)]

    async def group_map(self, place: Place) -> list[IdRange]:
        return await self.user_map(place)

    async def open_pty(self, place: Place) -> Pty:
        return Pty(os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC), "/dev/pts/1")

    async def open_login(self, place: Place) -> Pty:
        return await self.open_pty(place)

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        self.done.append(("open_shell", place.name, *request))
        return await self.open_pty(place)

    async def bind_mount(self, place: Place, request: BindRequest) -> None:
        self.done.append(("bind_mount", place.name, *request))

    async def copy(self, place: Place, request: CopyRequest, progress: Progress = unseen) -> None:
        self.done.append(("copy", place.name, *request))

    async def open_root(self, place: Place) -> int:
        return os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class Storage:
    """The images above. `pool_error` is what a look at the pool brings, if not None."""

    def __init__(self, done: list[tuple[Any, ...]]) -> None:
        self.done = done
        self.pool_error: Exception | None = None

    async def find(self, name: str) -> Image | None:
        return IMAGES.get(name)

    async def discover(self) -> list[Image]:
        return list(IMAGES.values())

    async def remove(self, image: Image, progress: object) -> None:
        self.done.append(("remove", image.name))

    async def rename(self, image: Image, new_name: str) -> None:
        self.done.append(("rename", image.name, new_name))

    async def clone(self, image: Image, new_name: str, is_read_only: bool, progress: object) -> None:
        self.done.append(("clone", image.name, new_name, is_read_only))

    async def set_read_only(self, image: Image, is_read_only: bool) -> None:
        self.done.append(("set_read_only", image.name, is_read_only))

    async def set_limit(self, image: Image, size: int) -> None:
        self.done.append(("set_limit", image.name, size))

    async def metadata(self, image: Image) -> Metadata:
        return Metadata("inside", MACHINE_ID, {"CHASSIS": "vm"}, {"ID": "debian"})

    async def metadata_of(self, name: str) -> Metadata | OSError | None:
        image = await self.find(name)
        return None if image is None else await metadata_or_why(self, image)

    async def pool(self) -> PoolStatus:
        if self.pool_error is not None:
            raise self.pool_error
        return PoolStatus("/var/lib/machines", 1000, UNKNOWN_SIZE)

    async def set_pool_limit(self, size: int) -> None:
        self.done.append(("set_pool_limit", size))


class States:
    """Two machines of an earlier life; what is saved is lost."""

    async def load(self) -> list[MachineRecord]:
        return [BOX, PLAIN]

    async def save(self, record: MachineRecord) -> None:
        """Written nowhere: a test has one life only."""

    async def remove(self, name: str) -> None:
        """There is nothing to remove."""


class Clock:
    """A clock that stands."""

    def realtime(self) -> int:
        return 1_700_000_001_000_000

    def monotonic(self) -> int:
        return 6_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Authority:
    """Lets all do what is not in `denied`, and writes down what it was asked."""

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.asked: list[tuple[Any, ...]] = []

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        self.asked.append((uid, action, dict(details), is_interactive))
        if action in self.denied:
            raise Refused(ErrorName.ACCESS_DENIED, "not you")


class FakeHost:
    """A host, and what a test sets and sees of it.

    Attributes:
        done: What was asked for that would change something, in order.
    """

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.units = Units(self.done)
        self.processes = Processes(self.done)
        self.storage = Storage(self.done)
        self.authority = Authority()

    def host(self) -> Host:
        """It, as the service takes it."""
        return Host(
            HostFacts(MACHINE_ID, boot_realtime=1_600_000_000_000_000, vsock_cid=1),
            Clock(),
            self.processes,
            self.units,
            States(),
            Inside(self.done),
            self.storage,
            self.authority,
        )
