"""A machine as the service knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from machined.contract import HOST_MACHINE, VSOCK_CID_ANY, machine_path
from machined.host.inside import Place
from machined.host.processes import Pinned
from machined.host.registration import Registration
from machined.host.states import MachineRecord

__all__ = ["CONTAINER", "HOST", "VM", "Machine", "Registration"]

CONTAINER, VM, HOST = "container", "vm", "host"


@dataclass(slots=True, eq=False)
class Machine:
    """A registered machine, or the host itself."""

    name: str
    id: bytes = b""
    """16 bytes, or none."""
    service: str = ""
    machine_class: str = CONTAINER
    leader: int = 0
    root_directory: str = ""
    ifindices: tuple[int, ...] = ()
    unit: str = ""
    timestamp: int = 0
    """When it was registered, in microseconds since the epoch."""
    timestamp_monotonic: int = 0
    vsock_cid: int = VSOCK_CID_ANY
    ssh_address: str = ""
    ssh_private_key_path: str = ""
    scope_job: str = ""
    """The job of its unit that is pending; "" for none."""
    start_job: str = ""
    """The job that starts its scope, where that was made for it; "" for none."""
    is_referenced: bool = False
    """Whether its unit is held by us (AddRef), so that it stays loaded until the machine is taken off."""
    is_closing: bool = False
    """Whether it was told to end, or is being taken off."""
    process: Pinned | None = None
    """Its leader; None for the host, and where the leader had ended before it could be held on to."""
    path: str = field(init=False)
    """Its object path, which lists tell for each machine."""

    def __post_init__(self) -> None:
        self.path = machine_path(self.name)

    @property
    def is_leader_alive(self) -> bool:
        """Whether the process with the leader's pid is the leader still."""
        return self.is_host or (self.process is not None and not self.process.has_ended())

    @property
    def is_host(self) -> bool:
        """Whether it is the host's own entry."""
        return self.name == HOST_MACHINE

    @property
    def state(self) -> Literal["opening", "running", "closing"]:
        """How it is, first match: the host always runs (machined's own words)."""
        if self.is_host:
            return "running"
        if self.is_closing:
            return "closing"
        return "opening" if self.scope_job else "running"

    @property
    def place(self) -> Place:
        """Where its inside is."""
        return Place(self.name, self.leader, self.is_host, self.process)

    def record(self) -> MachineRecord:
        """What is written down of it."""
        return MachineRecord(
            self.name,
            self.id,
            self.service,
            self.machine_class,
            self.leader,
            self.root_directory,
            self.ifindices,
            self.unit,
            self.scope_job,
            self.timestamp,
            self.timestamp_monotonic,
            self.vsock_cid,
            self.ssh_address,
            self.ssh_private_key_path,
        )


def registered(registration: Registration) -> Machine:
    """A machine as its manager describes it, not started yet. All zeros are no id (machine-id(5))."""
    return Machine(
        registration.name,
        registration.id if any(registration.id) else b"",
        registration.service,
        registration.machine_class,
        registration.leader,
        registration.root_directory,
        tuple(registration.ifindices),
    )


def restored(record: MachineRecord) -> Machine:
    """A machine that was written down."""
    return Machine(
        record.name,
        record.id,
        record.service,
        record.machine_class,
        record.leader,
        record.root_directory,
        record.ifindices,
        record.unit,
        record.timestamp,
        record.timestamp_monotonic,
        record.vsock_cid,
        record.ssh_address,
        record.ssh_private_key_path,
        record.scope_job,
    )
