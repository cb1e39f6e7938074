"""The estate: all that is on the simulated host, as its parts share it."""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import stat
from collections.abc import Coroutine
from typing import Any

from machined.contract import IMAGE_FOLDERS
from machined.host.clock import Clock
from machined.host.simulated import booting
from machined.host.simulated.entries import NO_SYSTEM, ImageEntry, System, VmEntry
from machined.host.simulated.folders import LargeFile
from machined.host.simulated.images import Extent, SimulatedImage
from machined.host.simulated.journal import Entry, Journal
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.processes import Process, ProcessTable
from machined.host.simulated.scenario import Scenario
from machined.host.simulated.tree import Node, Tree, folder, link
from machined.host.storage import ImageType

logger = logging.getLogger(__name__)

KERNEL_PID_LIMIT = 2**22
"""No process of a real Linux has a pid above (PID_MAX_LIMIT, proc_sys_kernel(5)); all of ours but init have.

Real programs call the service of the demo. Their pids must never hit one of ours by chance.
"""


class Estate:
    """What is on the simulated host.

    Args:
        clock: Its time.
        seed: What all chance comes from.
        scenario: What is there at the start; `populate` puts it there.
    """

    def __init__(self, clock: Clock, seed: int, scenario: Scenario) -> None:
        self.clock = clock
        self.seed = seed
        self.scenario = scenario
        self.random = random.Random(seed)  # noqa: S311
        self.processes = ProcessTable(clock)
        self.processes.begin_above(KERNEL_PID_LIMIT)
        self.processes.listeners.append(self._on_process_ended)
        self.host_tree = Tree()
        """The files of the host itself; those of images are where their paths say."""
        self.machines: dict[str, SimulatedMachine] = {}
        self.images: dict[str, SimulatedImage] = {}
        self.journal = Journal()
        self.locked: set[str] = set()
        """Paths and new names of images that an operation has."""
        self.pool_limit = scenario.host.pool_limit
        self._tasks: set[asyncio.Task[Any]] = set()
        self._leaders: dict[Process, SimulatedMachine] = {}
        self._last_ifindex = 3

    def chance(self, purpose: str) -> random.Random:
        """Chance for one purpose, the same in each run with this seed, whatever happened before."""
        return random.Random(f"{self.seed}/{purpose}")  # noqa: S311

    def log(self, unit: str, identifier: str, message: str, pid: int = 0) -> None:
        """Add a line to the journal."""
        self.journal.add(Entry(self.clock.realtime(), unit, identifier, pid, message))

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside everything else; it ends with the simulation."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    async def close(self) -> None:
        """End all that `run` began."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def next_ifindex(self) -> int:
        """The index of a new interface of the host; each pair takes two."""
        self._last_ifindex += 2
        return self._last_ifindex

    def machine_at(self, leader: int) -> SimulatedMachine | None:
        """The machine with this leader."""
        process = self.processes.processes.get(leader)
        return self._leaders.get(process) if process else None

    def is_foreign(self, pid: int) -> bool:
        """Whether a pid is one of the real host, of a program that calls us."""
        return 1 < pid <= KERNEL_PID_LIMIT

    def node_of(self, image: SimulatedImage) -> Node:
        """What stands at the path of an image."""
        match image.type:
            case ImageType.DIRECTORY | ImageType.SUBVOLUME:
                return image.tree.root
            case ImageType.RAW:
                return LargeFile(image.limit, 0o444 if image.is_read_only else 0o644)
            case ImageType.BLOCK:
                device = f"/dev/pool/{image.name}"
                if not self.host_tree.has(device):
                    self.host_tree.make_folders("/dev/pool")
                    self.host_tree.add(device, Node(stat.S_IFBLK | 0o660))
                return link(device)

    def add_image(self, image: SimulatedImage) -> None:
        """Store an image and show it among the host's files.

        Raises:
            OSError: EEXIST, something is at its path.
        """
        self.host_tree.make_folders(image.path.rpartition("/")[0])
        node = self.node_of(image)
        node.mtime = node.mtime or image.modified // 1_000_000
        self.host_tree.add(image.path, node)
        self.images[image.name] = image

    def forget_image(self, image: SimulatedImage) -> None:
        """Take an image away."""
        self.images.pop(image.name, None)
        if self.host_tree.has(image.path.rpartition("/")[0]):
            parent, name = self.host_tree.parent(image.path)
            parent.children.pop(name, None)

    def rename_image(self, image: SimulatedImage, name: str, path: str) -> None:
        """Give an image another name in its folder."""
        parent, old = self.host_tree.parent(image.path)
        parent.children[path.rpartition("/")[2]] = parent.children.pop(old)
        del self.images[image.name]
        image.name, image.path = name, path
        if image.entry is not None:
            image.entry = image.entry._replace(name=name, path=path)
        self.images[name] = image

    def pool_usage(self) -> int:
        """Bytes that the pool takes: what snapshots share counts once."""
        extents = {extent for image in self.images.values() if image.is_in_pool for extent in image.extents}
        return self.scenario.host.pool_overhead + sum(extent.length for extent in extents)

    def look_for_images(self) -> None:
        """Bring `images` in step with the host's files, which shells and copies change too."""
        gone = [one for one in self.images.values() if not self._is_there(one)]
        for image in gone:
            del self.images[image.name]
            image.release()
        for where in IMAGE_FOLDERS:
            if not self.host_tree.has(where):
                continue
            for entry, node in self.host_tree.listing(where).items():
                self._recognize(where, entry, node)

    def users_of(self, image: SimulatedImage) -> list[SimulatedMachine]:
        """The machines that run from an image."""
        return [one for one in self.machines.values() if one.image == image.name]

    def is_busy(self, image: SimulatedImage) -> bool:
        """Whether a machine or an operation has an image."""
        return image.path in self.locked or bool(self.users_of(image))

    # Machines.

    async def boot(self, name: str, unit: str) -> SimulatedMachine:
        """Start the container of an image, as systemd-nspawn(1) does with `--boot`.

        The leader is there at once, in `unit`; the other processes and the addresses come one after another.

        Raises:
            OSError: ENOENT, there is no such image, or nothing in it to be started; EBUSY, it is in use.
        """
        self.look_for_images()
        image = self.images.get(name)
        if image is None:
            raise OSError(errno.ENOENT, f"No image for machine '{name}'.")
        if image.entry is None or self.system_of(image.entry).init == "none":
            raise OSError(errno.ENOENT, f"{image.path} doesn't look like it has an OS tree. Refusing.")
        if self.is_busy(image):
            raise OSError(errno.EBUSY, f"{image.path} is currently busy.")
        machine = booting.container(self, image, image.entry, unit)
        self.run(booting.bring_up(self, machine, image.entry))
        return machine

    async def add_vm(self, entry: VmEntry) -> SimulatedMachine:
        """Start a virtual machine, its hypervisor already in the unit that the entry names."""
        return booting.virtual_machine(self, entry)

    def system_of(self, entry: ImageEntry) -> System:
        """What an image was installed from."""
        return self.scenario.systems.get(entry.system, NO_SYSTEM)

    def add_machine(self, machine: SimulatedMachine) -> None:
        """Have a machine run from now on, until its leader is gone."""
        self.machines[machine.name] = machine
        self._leaders[machine.leader] = machine

    def _on_task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a part of the simulated host failed", exc_info=error)

    def _on_process_ended(self, process: Process) -> None:
        if (machine := self._leaders.pop(process, None)) is None:
            return
        del self.machines[machine.name]
        machine.on_ended()

    def _is_there(self, image: SimulatedImage) -> bool:
        try:
            parent, name = self.host_tree.parent(image.path)
        except OSError:
            return False
        node = parent.children.get(name)
        # Another folder under its name is another image
        return node is not None and (not node.is_folder or node is image.tree.root)

    def _recognize(self, where: str, entry: str, node: Node) -> None:
        """See whether something in an image folder is an image that nobody told us of."""
        is_raw = stat.S_ISREG(node.mode) and entry.endswith(".raw")
        name = entry.removesuffix(".raw") if is_raw else entry
        if name in self.images or not name or name.startswith(".#") or not (is_raw or node.is_folder):
            return
        path, kind = f"{where}/{entry}", ImageType.RAW if is_raw else ImageType.DIRECTORY
        tree = Tree(folder() if is_raw else node)
        has_system = tree.has("/etc/os-release") or tree.has("/usr/lib/os-release")
        self.images[name] = SimulatedImage(
            name,
            path,
            kind,
            tree,
            ImageEntry(name, path, kind, self.scenario.host.system) if has_system else None,
            created=self.clock.realtime(),
            modified=self.clock.realtime(),
            extents=[Extent(node.size())],
            limit=node.size(),
        )
