"""The memory of the service, kept in memory."""

from __future__ import annotations

from machined.host.simulated.machines import SimulatedMachine
from machined.host.states import MachineRecord


class SimulatedStates:
    """Records of machines that live as long as the simulation."""

    def __init__(self) -> None:
        self._records: dict[str, MachineRecord] = {}

    async def load(self) -> list[MachineRecord]:
        """The records of an earlier life."""
        return list(self._records.values())

    async def save(self, record: MachineRecord) -> None:
        """Note a machine, in the place of what was noted of it before."""
        self._records[record.name] = record

    async def remove(self, name: str) -> None:
        """Forget a machine."""
        self._records.pop(name, None)

    def remember(self, machine: SimulatedMachine, job: str = "") -> None:
        """Note a machine that runs before the service does, as if an earlier service had registered it.

        Args:
            machine: The machine.
            job: The object path of the job of its unit that is pending.
        """
        self._records[machine.name] = MachineRecord(
            name=machine.name,
            id=machine.id,
            service=machine.service,
            machine_class=machine.machine_class,
            leader=machine.leader.pid,
            root_directory=machine.root_directory,
            ifindices=tuple(machine.ifindices),
            unit=machine.unit,
            scope_job=job,
            timestamp=machine.timestamp,
            timestamp_monotonic=machine.timestamp_monotonic,
            vsock_cid=machine.vsock_cid,
            ssh_address=machine.ssh_address,
            ssh_private_key_path=machine.ssh_private_key_path,
        )
