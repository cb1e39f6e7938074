"""Signals to the processes of units (KillUnit, systemctl(1) `kill`)."""

from __future__ import annotations

import errno

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.simulated.estate import Estate
from machined.host.simulated.processes import Process
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_names import no_such_process, require_target


def kill(roster: Roster, unit: SimulatedUnit, whom: str, signal: int) -> None:
    """Send a signal to processes of a unit.

    Args:
        roster: Has the units.
        unit: Their unit.
        whom: `main`, `control` or `all`; with `-fail` behind it is an error if there is none.
        signal: 1 to 64.

    Raises:
        Refused: InvalidArgs, NoSuchProcess, NotSupported.
        PermissionError: They are processes of the real host, which the demo leaves alone.
    """
    require_target(whom, signal)
    if unit.type not in {"service", "scope", "slice"}:
        raise Refused(ErrorName.NOT_SUPPORTED, "Unit type does not support process killing.")
    whom, dash, _ = whom.partition("-")
    if whom != "all" and unit.type != "service":
        raise no_such_process(f"{unit.type} units have no {whom} processes")
    estate = roster.estate
    targets = _targets(estate, unit, whom)
    if not targets and dash:
        raise no_such_process("No matching processes to kill")
    ours = [process for process in targets if not estate.is_foreign(process.pid)]
    if targets and not ours:
        raise PermissionError(errno.EPERM, "The demo sends no signals to processes of the real host.")
    for process in ours:
        if estate.processes.processes.get(process.pid) is process:
            roster.signal(unit, process, signal)


def _targets(estate: Estate, unit: SimulatedUnit, whom: str) -> list[Process]:
    match whom:
        case "control":
            raise no_such_process("No control process to kill")
        case "main" if unit.main is None:
            raise no_such_process("No main process to kill")
        case "main":
            return [unit.main] if unit.main else []
        case _:
            main = [unit.main] if unit.main else []
            others = estate.processes.of_unit(unit.name)
            return main + [process for process in others if process is not unit.main]
