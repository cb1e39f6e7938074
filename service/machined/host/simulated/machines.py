"""Machines of the simulated host, while they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from machined.contract import VSOCK_CID_ANY
from machined.host.inside import Address
from machined.host.simulated.entries import ImageEntry
from machined.host.simulated.mounts import MountedTree
from machined.host.simulated.processes import Process
from machined.host.simulated.tree import Node


@dataclass(slots=True, eq=False)
class SimulatedMachine:
    """A container or virtual machine that runs."""

    name: str
    machine_class: str
    """`container` or `vm`."""
    service: str
    """Who registers it, such as `systemd-nspawn`."""
    leader: Process
    unit: str
    tree: MountedTree
    """Its files; those of a virtual machine nobody sees."""
    id: bytes
    """16 bytes."""
    hostname: str
    image: str = ""
    """The image it runs from; "" for none of ours."""
    entry: ImageEntry | None = None
    """How it runs, by the scenario."""
    init: str = "program"
    """What its first process is: `systemd`, `openrc` or `program`."""
    has_bus: bool = False
    has_private_network: bool = True
    addresses: list[Address] = field(default_factory=list)
    """Sorted as callers want them; empty until the network is up."""
    ifindices: list[int] = field(default_factory=list)
    user_shift: int = 0
    """Where its users begin on the host, 0 without a user namespace. Its tree has owners as it sees them."""
    timestamp: int = 0
    """When it was started, in microseconds since the epoch."""
    timestamp_monotonic: int = 0
    vsock_cid: int = VSOCK_CID_ANY
    ssh_address: str = ""
    ssh_private_key_path: str = ""
    is_booting: bool = False
    """Whether processes are still to come."""
    reason: str = ""
    """Why it ends or ended: `poweroff`, `reboot`, `killed`, `failed`; "" while nothing ends it."""
    listeners: list[Callable[[SimulatedMachine], None]] = field(default_factory=list)
    """Told when it has ended, within the event loop; `reason` says why."""
    _is_up: asyncio.Event = field(default_factory=asyncio.Event)
    _has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def root_directory(self) -> str:
        """What it is registered with: the folder of its image; "" for a file or device."""
        return self.entry.path if self.entry and self.entry.type in {"directory", "subvolume"} else ""

    @property
    def is_running(self) -> bool:
        """Whether its leader is there."""
        return not self._has_ended.is_set()

    def outer_owner(self, node: Node) -> tuple[int, int]:
        """The user and group of a file of its tree as the host sees them."""
        return node.uid + self.user_shift, node.gid + self.user_shift

    async def wait_up(self) -> None:
        """Wait until all its processes are there, or it has ended."""
        await self._is_up.wait()

    async def wait_ended(self) -> str:
        """Wait until its leader is gone; why it is."""
        await self._has_ended.wait()
        return self.reason

    def on_up(self) -> None:
        """Note that all its processes are there."""
        self.is_booting = False
        self._is_up.set()

    def on_ended(self) -> None:
        """Note that its leader is gone and tell of it."""
        self.reason = self.reason or "killed"
        self.on_up()
        self._has_ended.set()
        for listener in list(self.listeners):
            listener(self)
