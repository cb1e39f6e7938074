"""All that the service asks of a host, in one place."""

from __future__ import annotations

from typing import NamedTuple

from machined.host.authority import Authority
from machined.host.clock import Clock
from machined.host.inside import Inside
from machined.host.processes import Processes
from machined.host.states import States
from machined.host.storage import Storage
from machined.host.units import Units


class HostFacts(NamedTuple):
    """What the host's own entry `.host` shows."""

    machine_id: bytes
    """16 bytes (machine-id(5))."""
    boot_realtime: int
    """When the host was booted, in microseconds since the epoch."""
    vsock_cid: int
    """The host's own address on vsock(7): 1 where there is vsock, else 4294967295."""


class Host(NamedTuple):
    """A host below the service: real or simulated."""

    facts: HostFacts
    clock: Clock
    processes: Processes
    units: Units
    states: States
    inside: Inside
    storage: Storage
    authority: Authority
