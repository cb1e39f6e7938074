"""What the service remembers of machines beyond its own end: the files in `/run/systemd/machines`."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class MachineRecord(NamedTuple):
    """A machine as it is written down."""

    name: str
    id: bytes
    """16 bytes, or none."""
    service: str
    machine_class: str
    """`container` or `vm`."""
    leader: int
    root_directory: str
    ifindices: tuple[int, ...]
    """Interfaces of the host that lead to the machine."""
    unit: str
    scope_job: str
    """The job of its unit that is pending, as an object path; "" for none."""
    timestamp: int
    """When it was registered, in microseconds since the epoch."""
    timestamp_monotonic: int
    """The same in microseconds of the monotonic clock."""
    vsock_cid: int
    ssh_address: str
    ssh_private_key_path: str


class States(Protocol):
    """Keeps records of machines. A record that cannot be written is logged, not raised."""

    async def load(self) -> list[MachineRecord]:
        """The records of an earlier life."""

    async def save(self, record: MachineRecord) -> None:
        """Write down a machine, in the place of what was written of it before."""

    async def remove(self, name: str) -> None:
        """Forget a machine."""
