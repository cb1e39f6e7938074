"""Services: units with a main process (systemd.service(5))."""

from __future__ import annotations

import signal as signals
from functools import partial

from machined.host.simulated.processes import Process
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import EXITED, KILLED, Exit, SimulatedUnit
from machined.host.unit_status import ActiveState

STOP_SECONDS = 90.0
"""How long a service may take to stop before it is killed (`DefaultTimeoutStopSec=`)."""
REAP_SECONDS = 0.05
"""How long the rest of a killed service takes to be gone."""

_CLEAN_SIGNALS = {signals.SIGHUP, signals.SIGINT, signals.SIGTERM, signals.SIGPIPE}
"""Signals that end a service without it counting as a failure (systemd.service(5), `SuccessExitStatus=`)."""


class Service:
    """Services that are up as soon as their process is there, or done at once (`simple`, `oneshot`)."""

    clean_statuses = frozenset({0})
    """What it may exit with (`SuccessExitStatus=`)."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.processes = roster.estate.processes

    def start(self, unit: SimulatedUnit) -> None:
        """Start the main process."""
        self.roster.begin(unit)
        if unit.service_type == "oneshot":
            self.roster.enter(unit, ActiveState.ACTIVE, "exited")
        else:
            self.run_main(unit)
            self.roster.enter(unit, ActiveState.ACTIVE, "running")
        self.roster.log(unit, f"Started {unit.name} - {unit.description}.")

    def run_main(self, unit: SimulatedUnit, memory: int = 6 * 1024**2) -> Process:
        """Run the unit's command as its main process."""
        process = Process(0, unit.command or f"/usr/sbin/{unit.name}", unit=unit.name, memory=memory)
        process.on_signal = partial(self.on_main_signal, unit)
        return self.roster.run_main(unit, process)

    def on_main_signal(self, unit: SimulatedUnit, number: int) -> bool:
        """Note what the main process ends by; it deals with no signal itself."""
        unit.exit = Exit(KILLED, number)
        return False

    def stop(self, unit: SimulatedUnit) -> None:
        """Send the unit's signal to its main process, and kill it if that does not help."""
        if unit.main is None:
            self.roster.enter(unit, ActiveState.INACTIVE, "dead")
            return
        main = unit.main
        self.roster.log(unit, f"Stopping {unit.name} - {unit.description}...")
        self.roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigterm")
        self.roster.signal(unit, main, unit.kill_signal)
        if unit.main is main:
            self.roster.estate.run(self._kill_late(unit, main))

    async def _kill_late(self, unit: SimulatedUnit, main: Process) -> None:
        await self.roster.estate.clock.sleep(STOP_SECONDS)
        if unit.main is main and unit.active is ActiveState.DEACTIVATING:
            self.roster.log(unit, f"{unit.name}: State 'stop-sigterm' timed out. Killing.")
            unit.result = "timeout"
            self.roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigkill")
            self.roster.signal(unit, main, signals.SIGKILL)

    def exit_main(self, unit: SimulatedUnit, main: Process, status: int) -> None:
        """Let the main process exit."""
        if unit.main is main:
            unit.exit = Exit(EXITED, status)
            self.processes.end(main)

    def on_process_ended(self, unit: SimulatedUnit, process: Process) -> None:
        """The service ends with its main process; what is left of it is killed."""
        if process is not unit.main:
            return
        ended = unit.exit or Exit(KILLED, signals.SIGKILL)
        self.roster.end_main(unit, ended)
        if not self._is_clean(ended) and unit.result == "success":
            unit.result = "exit-code" if ended.code == EXITED else "signal"
        if unit.result != "success":
            self.roster.log(unit, f"{unit.name}: Main process exited, {_describe(ended)}")
        left = self.processes.of_unit(unit.name)
        if not left:
            self.settle(unit, ended)
            return
        self.roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigkill")
        for other in left:
            self.processes.end(other)
        self.roster.estate.run(self._settle_later(unit, ended))

    async def _settle_later(self, unit: SimulatedUnit, ended: Exit) -> None:
        await self.roster.estate.clock.sleep(REAP_SECONDS)
        self.settle(unit, ended)

    def settle(self, unit: SimulatedUnit, ended: Exit) -> None:
        """Be inactive, or failed."""
        if unit.result == "success":
            self.roster.log(unit, f"{unit.name}: Deactivated successfully.")
            self.roster.enter(unit, ActiveState.INACTIVE, "dead")
        else:
            self.roster.log(unit, f"{unit.name}: Failed with result '{unit.result}'.")
            self.roster.enter(unit, ActiveState.FAILED, "failed")
        if unit.is_stopping:
            self.roster.log(unit, f"Stopped {unit.name} - {unit.description}.")
        self.roster.collect(unit)

    def _is_clean(self, ended: Exit) -> bool:
        if ended.code == EXITED:
            return ended.status in self.clean_statuses
        return ended.status in _CLEAN_SIGNALS


def _describe(ended: Exit) -> str:
    """How a process ended, as the journal says it."""
    if ended.code == EXITED:
        name = "/FAILURE" if ended.status == 1 else "/n/a"
        return f"code=exited, status={ended.status}{name}"
    try:
        name = signals.Signals(ended.status).name.removeprefix("SIG")
    except ValueError:
        name = f"RTMIN+{ended.status - signals.SIGRTMIN}"
    return f"code=killed, status={ended.status}/{name}"
