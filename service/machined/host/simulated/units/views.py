"""What there is to see of the service manager of the simulated host."""

from __future__ import annotations

from machined.contract import SYSTEMD1
from machined.host.errors import Refused
from machined.host.simulated.estate import Estate
from machined.host.simulated.processes import Process
from machined.host.simulated.registrar import Registrar
from machined.host.simulated.units.adoption import Adoption
from machined.host.simulated.units.counters import Counters
from machined.host.simulated.units.factory import UnitFactory
from machined.host.simulated.units.jobs import JobQueue
from machined.host.simulated.units.listing import describe_process
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.simulated.units.unit_files import PERSISTENT, RUNTIME, UnitFiles
from machined.host.simulated.units.vendor import FOLDER
from machined.host.unit_manager import ManagerListener
from machined.host.unit_names import not_loaded, require_unit_name, template_of
from machined.host.unit_status import (
    ActiveState,
    Job,
    ManagerCounts,
    ManagerFacts,
    Moment,
    UnitProcess,
    UnitStatus,
)
from machined.host.units import UnitListener

HOST_TASKS = 28909
"""Tasks that a unit of the host may have where it does not say (`DefaultTasksMax=`)."""


class UnitViews:
    """What is loaded, queued and running.

    Args:
        estate: The host, with what runs on it already in it.
        registrar: Where systemd-nspawn registers the containers that its units start.
    """

    def __init__(self, estate: Estate, registrar: Registrar) -> None:
        self.estate = estate
        self.files = UnitFiles(estate.host_tree)
        self.roster = Roster(estate, self.files.is_wanted)
        self.queue = JobQueue(self.roster)
        self.factory = UnitFactory(self.roster, self.queue, self.files, registrar)
        self.counters = Counters(estate, self.roster.units.get)
        self.roster.on_begin = self.counters.restart
        adoption = Adoption(self.roster, self.queue, self.files, self.factory)
        adoption.take_over()
        self.opening = adoption.opening
        """The object paths of the start jobs of machines that are still starting, by machine."""
        estate.processes.listeners.append(self._on_process_ended)

    def _on_process_ended(self, process: Process) -> None:
        self.counters.on_process_ended(process)
        if unit := self.roster.units.get(process.unit):
            unit.behaviour.on_process_ended(unit, process)

    def listen(self, listener: UnitListener) -> None:
        """Tell a listener of units and jobs from now on."""
        self.roster.listeners.append(listener)

    def watch(self, listener: ManagerListener) -> None:
        """Tell a listener of everything else from now on."""
        self.roster.manager_listeners.append(listener)

    def facts(self) -> ManagerFacts:
        """What the manager says of itself."""
        now = self.roster.now()
        booted = now.realtime - now.monotonic
        return ManagerFacts(
            version="257",
            features="",
            architecture="x86-64",
            virtualization="",
            userspace_began=Moment(booted + 4_000_000, 4_000_000),
            startup_finished=Moment(booted + 14_000_000, 14_000_000),
            unit_path=(PERSISTENT, RUNTIME, FOLDER),
            default_tasks_max=HOST_TASKS,
            environment=("LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
        )

    def counts(self) -> ManagerCounts:
        """What the manager counts."""
        units = self.roster.units.values()
        failed = sum(unit.active is ActiveState.FAILED for unit in units)
        queue = self.queue
        return ManagerCounts(len(units), failed, len(queue.all()), queue.last_id, queue.failed)

    def loaded(self) -> list[UnitStatus]:
        """All units that are loaded."""
        return [self.status(unit) for unit in self.roster.units.values()]

    def find(self, unit: str) -> UnitStatus | None:
        """A unit that is loaded; `None` for any other."""
        found = self.roster.units.get(unit)
        return self.status(found) if found else None

    def load(self, unit: str) -> UnitStatus:
        """A unit, loaded or not. Refused with InvalidArgs for what is no name."""
        require_unit_name(unit)
        return self.status(self.get(unit))

    def unit_of(self, pid: int) -> str:
        """The loaded unit that a process is in. Refused with NoUnitForPID."""
        process = self.estate.processes.processes.get(pid)
        if process is None or process.unit not in self.roster.units:
            raise Refused(f"{SYSTEMD1}.NoUnitForPID", f"PID {pid} does not belong to any loaded unit.")
        return process.unit

    def unit_of_invocation(self, invocation: bytes) -> str:
        """The unit of an invocation id; "" for none."""
        units = self.roster.units.values()
        return next((unit.name for unit in units if invocation and unit.invocation == invocation), "")

    def processes(self, unit: str) -> list[UnitProcess]:
        """The processes of a unit, for a slice those of all units in it."""
        units = self.roster.units
        found = self.require_loaded(unit)
        return [
            describe_process(self.estate, units.get(process.unit, found), process)
            for process in self.counters.processes(found)
        ]

    async def is_active(self, unit: str) -> bool:
        """Whether a unit is neither inactive nor failed."""
        found = self.roster.units.get(unit)
        return found is not None and not found.is_at_rest

    def jobs(self) -> list[Job]:
        """All jobs."""
        return self.queue.all()

    async def is_job_pending(self, job: str) -> bool:
        """Whether a job is still there; by its object path."""
        return self.queue.is_pending(job)

    async def job_of(self, unit: str) -> str:
        """The object path of the job that a unit has; "" where it has none or is not loaded."""
        found = self.roster.units.get(unit)
        return found.job.path if found is not None and found.job else ""

    def file_state(self, unit: str) -> str:
        """Whether a unit is enabled. See `UnitManager.file_state`."""
        found = self.roster.units.get(unit)
        return "transient" if found and found.is_transient else self.files.state(unit)

    def unit_files(self) -> list[tuple[str, str]]:
        """The paths of all unit files with their states."""
        return self.files.all()

    def get(self, name: str) -> SimulatedUnit:
        """A unit that is loaded, or one as its file describes it, which is not loaded by that."""
        return self.roster.units.get(name) or self.factory.make(name)

    def require_loaded(self, name: str) -> SimulatedUnit:
        """A unit that is loaded. Refused with NoSuchUnit."""
        if (unit := self.roster.units.get(name)) is None:
            raise not_loaded(name)
        return unit

    def status(self, unit: SimulatedUnit) -> UnitStatus:
        """A unit with what it uses, and how its file stands."""
        try:
            state = self.file_state(unit.name)
        except OSError:
            state = ""  # no file: what systemd shows of it is empty
        target = self.files.find(unit.name)
        wants = (target.installs_into,) if target and self.files.is_wanted(unit.name) else ()
        parts = (target.installs_into,) if target and template_of(unit.name) else ()
        group = self.counters.group(unit)
        return unit.status()._replace(file_state=state, wanted_by=wants, part_of=parts, group=group)
