"""A real host, put together."""

from __future__ import annotations

from pathlib import Path

from machined.host.improvements import ALL, Improvements
from machined.host.inside import Inside
from machined.host.linux.authority import LinuxAuthority
from machined.host.linux.clock import LinuxClock
from machined.host.linux.facts import read_facts
from machined.host.linux.processes import LinuxProcesses
from machined.host.linux.states import LinuxStates
from machined.host.linux.units import LinuxUnits
from machined.host.ports import Host
from machined.host.storage import Storage
from machined.wire import Connection


async def linux_host(
    connection: Connection,
    inside: Inside,
    storage: Storage,
    *,
    state_folder: Path,
    improvements: Improvements = ALL,
) -> Host:
    """The host that we run on, with its service manager and polkit on the system bus.

    Args:
        connection: To the system bus.
        inside: The way into machines.
        storage: The images.
        state_folder: Where machines are written down.
        improvements: What units do otherwise than with the reference.

    Raises:
        OSError: The machine id or the folder cannot be had.
        Refused: There is no service manager on the bus.
        WireError: The bus is lost.
    """
    states = LinuxStates(state_folder)
    states.prepare()
    units = LinuxUnits(connection, improvements=improvements)
    await units.start()
    return Host(
        facts=read_facts(),
        clock=LinuxClock(),
        processes=LinuxProcesses(),
        units=units,
        states=states,
        inside=inside,
        storage=storage,
        authority=LinuxAuthority(connection),
    )
