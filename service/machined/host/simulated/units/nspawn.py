"""The service that runs a container: `systemd-nspawn@NAME.service` (systemd-nspawn(1))."""

from __future__ import annotations

import signal as signals
from functools import partial

from machined.host.errors import Refused
from machined.host.registration import Registration
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.processes import Process
from machined.host.simulated.registrar import Registrar
from machined.host.simulated.units.jobs import JobQueue
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.service import Service
from machined.host.simulated.units.unit import Exit, SimulatedUnit
from machined.host.unit_names import instance_of
from machined.host.unit_status import ActiveState, JobType

TEMPLATE = "systemd-nspawn@.service"
REBOOT_STATUS = 133
"""What nspawn exits with to be started again (systemd-nspawn(1), "Exit Status")."""
RESTART_SECONDS = 0.1
"""The pause before that (`DefaultRestartSec=`)."""
READY_SECONDS = 0.3
"""How long nspawn takes to have the first process of the container running."""
EXIT_SECONDS = 0.05
"""How long nspawn takes to exit once that is gone."""
SUPERVISOR_MEMORY = 5 * 1024**2
"""Bytes that nspawn itself takes."""
HALT = signals.SIGRTMIN + 3
"""What nspawn sends the first process of the container to stop it (`--kill-signal=`)."""

RUNNING, READY = "Container running.", "Container running: Ready."
"""What nspawn reports of itself once the container is there, and once the system in it is up."""

_EXIT_STATUSES = {"poweroff": 0, "reboot": REBOOT_STATUS}


def supervisor_command(name: str) -> str:
    """The command line in the unit file."""
    return (
        "systemd-nspawn --quiet --keep-unit --boot --link-journal=try-guest --network-veth -U "
        f"--settings=override --machine={name}"
    )


class NspawnService(Service):
    """Starts the container of an image, registers it, and ends with it."""

    clean_statuses = frozenset({0, REBOOT_STATUS})

    def __init__(self, roster: Roster, jobs: JobQueue, registrar: Registrar) -> None:
        super().__init__(roster)
        self._jobs = jobs
        self._registrar = registrar

    def start(self, unit: SimulatedUnit) -> None:
        """Start nspawn; the unit is up once the container is registered."""
        self.roster.begin(unit)
        self.roster.log(unit, f"Starting {unit.name} - {unit.description}...")
        supervisor = self.run_main(unit, SUPERVISOR_MEMORY)
        self.roster.enter(unit, ActiveState.ACTIVATING, "start")
        self.roster.estate.run(self._bring_up(unit, supervisor))

    def adopt(self, unit: SimulatedUnit, machine: SimulatedMachine) -> None:
        """Have a container that runs already; nspawn is started with it, in hindsight."""
        supervisor = self.run_main(unit, SUPERVISOR_MEMORY)
        supervisor.started = machine.timestamp_monotonic
        self._watch(unit, supervisor, machine)

    async def _bring_up(self, unit: SimulatedUnit, supervisor: Process) -> None:
        estate = self.roster.estate
        await estate.clock.sleep(READY_SECONDS)
        if unit.main is not supervisor:
            return
        try:
            machine = await estate.boot(instance_of(unit.name), unit.name)
        except OSError as error:
            self._fail(unit, supervisor, error.strerror or str(error))
            return
        try:
            await self._registrar.register(_registration(machine))
        except (Refused, OSError) as error:
            self.processes.end(machine.leader)
            self._fail(unit, supervisor, f"Failed to register machine: {error}")
            return
        if unit.main is not supervisor or not machine.is_running:
            self.processes.end(machine.leader)
            await self._registrar.unregister(machine.name)
            self.exit_main(unit, supervisor, 1)
            return
        self._watch(unit, supervisor, machine)
        unit.status_text = RUNNING
        if unit.active is ActiveState.ACTIVATING:
            self.roster.enter(unit, ActiveState.ACTIVE, "running")
            self.roster.log(unit, f"Started {unit.name} - {unit.description}.")

    def _fail(self, unit: SimulatedUnit, supervisor: Process, reason: str) -> None:
        self.roster.estate.log(unit.name, "systemd-nspawn", reason, supervisor.pid)
        self.exit_main(unit, supervisor, 1)

    def _watch(self, unit: SimulatedUnit, supervisor: Process, machine: SimulatedMachine) -> None:
        machine.listeners.append(partial(self._on_machine_ended, unit, supervisor))
        self.roster.estate.run(self._report_ready(unit, supervisor, machine))

    async def _report_ready(
        self, unit: SimulatedUnit, supervisor: Process, machine: SimulatedMachine
    ) -> None:
        """Say that the system in the container is up, as it tells nspawn (sd_notify(3))."""
        await machine.wait_up()
        if unit.main is supervisor and machine.is_running and unit.active is ActiveState.ACTIVE:
            unit.status_text = READY
            self.roster.tell(unit)

    def on_main_signal(self, unit: SimulatedUnit, number: int) -> bool:
        """Pass the wish to end on to the container; whether nspawn lives on."""
        machine = self.roster.estate.machines.get(instance_of(unit.name))
        if number in {signals.SIGTERM, signals.SIGINT} and machine and machine.unit == unit.name:
            self.processes.signal(machine.leader, HALT)
            return True
        return super().on_main_signal(unit, number)

    def _on_machine_ended(self, unit: SimulatedUnit, supervisor: Process, machine: SimulatedMachine) -> None:
        if unit.main is supervisor:
            self.roster.estate.run(self._wind_down(unit, supervisor, machine))

    async def _wind_down(self, unit: SimulatedUnit, supervisor: Process, machine: SimulatedMachine) -> None:
        """Do what nspawn does when the container has ended."""
        unit.status_text = "Terminating..."
        self.roster.enter(unit, ActiveState.DEACTIVATING, "stop-sigterm")
        await self._registrar.unregister(machine.name)
        await self.roster.estate.clock.sleep(EXIT_SECONDS)
        self.exit_main(unit, supervisor, _EXIT_STATUSES.get(machine.reason, 1))

    def settle(self, unit: SimulatedUnit, ended: Exit) -> None:
        """Start again after a reboot of the container; else be inactive, or failed."""
        if ended.status != REBOOT_STATUS or unit.is_stopping:
            super().settle(unit, ended)
            return
        self.roster.enter(unit, ActiveState.INACTIVE, "dead-before-auto-restart")
        self.roster.enter(unit, ActiveState.ACTIVATING, "auto-restart")
        self.roster.estate.run(self._restart(unit))

    async def _restart(self, unit: SimulatedUnit) -> None:
        await self.roster.estate.clock.sleep(RESTART_SECONDS)
        if unit.sub != "auto-restart" or (unit.job is not None and unit.job.type is JobType.STOP):
            return  # a stop that is queued already goes first
        unit.restarts += 1
        self.roster.log(unit, f"{unit.name}: Scheduled restart job, restart counter is at {unit.restarts}.")
        self.roster.enter(unit, ActiveState.ACTIVATING, "auto-restart-queued")
        self._jobs.enqueue(unit, JobType.RESTART, "replace")


def _registration(machine: SimulatedMachine) -> Registration:
    return Registration(
        machine.name,
        machine.id,
        machine.service,
        machine.machine_class,
        machine.leader.pid,
        machine.root_directory,
        machine.ifindices,
    )
