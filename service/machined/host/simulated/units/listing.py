"""In which control groups the processes of units are."""

from __future__ import annotations

from machined.host.simulated.estate import Estate
from machined.host.simulated.processes import Process
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_status import UnitProcess

_SERVICES = {"agetty": "console-getty", "dbus-daemon": "dbus", "sshd": "ssh"}
"""Services that are not named after their program."""


def describe_process(estate: Estate, unit: SimulatedUnit, process: Process) -> UnitProcess:
    """A process with its control group; nspawn puts itself and what it runs into groups of their own."""
    group = unit.group
    if unit.delegate and unit.type == "service":
        group += f"/{_inner_group(estate, process)}" if process.machine else "/supervisor"
    return UnitProcess(group or "/", process.pid, process.command)


def _inner_group(estate: Estate, process: Process) -> str:
    """The control group below the unit's: what systemd makes inside of a container, where it runs there."""
    machine = estate.machines.get(process.machine)
    if machine is None or machine.init != "systemd":
        return "payload"
    if process is machine.leader:
        return "payload/init.scope"
    return f"payload/system.slice/{_service_of(estate, machine.leader, process)}.service"


def _service_of(estate: Estate, leader: Process, process: Process) -> str:
    """The service that a process of a container is in: named after the one right below the leader."""
    while process.parent != leader.pid:
        parent = estate.processes.processes.get(process.parent)
        if parent is None or parent is leader:
            break
        process = parent
    program = process.command.partition(" ")[0].rpartition("/")[2].rstrip(":")
    return _SERVICES.get(program, program)
