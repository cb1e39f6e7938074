"""The units that are loaded, and who is told what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

from machined.contract import SYSTEMD1, SYSTEMD1_UNIT_INTERFACE
from machined.host.simulated.estate import Estate
from machined.host.simulated.processes import Process
from machined.host.simulated.units.unit import KILLED, NOT_STARTED, Exit, SimulatedUnit
from machined.host.unit_manager import ManagerListener
from machined.host.unit_status import ActiveState, MainProcess, Moment
from machined.host.units import UnitListener
from machined.wire import Variant

NO_JOB = [0, "/"]
"""What the property Job says where there is none."""


class Roster:
    """The units that are loaded, by name. All changes of state go through here."""

    def __init__(self, estate: Estate, is_wanted: Callable[[str], bool]) -> None:
        self.estate = estate
        self.units: dict[str, SimulatedUnit] = {}
        self.listeners: list[UnitListener] = []
        self.manager_listeners: list[ManagerListener] = []
        self.on_begin: Callable[[str], None] = lambda _unit: None
        """Told of a unit that is started anew."""
        self._is_wanted = is_wanted

    def now(self) -> Moment:
        """The time on both clocks."""
        return Moment(self.estate.clock.realtime(), self.estate.clock.monotonic())

    def log(self, unit: SimulatedUnit, message: str) -> None:
        """Write down what the service manager says of a unit."""
        self.estate.log(unit.name, "systemd", message, 1)

    def add(self, unit: SimulatedUnit) -> None:
        """Load a unit."""
        self.units[unit.name] = unit
        for listener in list(self.listeners):
            listener.on_unit_new(unit.name)

    def collect(self, unit: SimulatedUnit) -> None:
        """Unload a unit that nobody needs any more (systemd.unit(5), `CollectMode=`)."""
        resting = {ActiveState.INACTIVE}
        if unit.collect_mode == "inactive-or-failed":
            resting.add(ActiveState.FAILED)
        is_needed = unit.active not in resting or unit.job or unit.owners or self._is_wanted(unit.name)
        if not is_needed and self.units.get(unit.name) is unit:
            del self.units[unit.name]
            for listener in list(self.listeners):
                listener.on_unit_removed(unit.name)

    def begin(self, unit: SimulatedUnit) -> None:
        """Forget the last run of a unit: a new one begins."""
        self.on_begin(unit.name)
        unit.invocation = self.estate.random.randbytes(16)
        unit.result = "success"
        unit.status_text = ""
        unit.exit = None
        unit.is_stopping = False
        unit.main_status = NOT_STARTED

    def run_main(self, unit: SimulatedUnit, process: Process) -> Process:
        """Start the main process of a service."""
        unit.main = self.estate.processes.spawn(process)
        unit.main_status = MainProcess(process.pid, process.pid, self.now())
        return process

    def signal(self, unit: SimulatedUnit, process: Process, number: int) -> None:
        """Send a signal to a process of a unit, and note what its main process ends by if it does."""
        if process is not unit.main:
            self.estate.processes.signal(process, number)
            return
        unit.exit = Exit(KILLED, number)
        self.estate.processes.signal(process, number)
        if unit.main is process:
            unit.exit = None

    def end_main(self, unit: SimulatedUnit, status: Exit) -> None:
        """Note that the main process of a service is gone."""
        unit.main = None
        unit.main_status = unit.main_status._replace(
            exited=self.now(), exit_code=status.code, exit_status=status.status
        )

    def enter(self, unit: SimulatedUnit, active: ActiveState, sub: str) -> None:
        """Change the state of a unit and tell of it."""
        had_failed = unit.active is ActiveState.FAILED
        unit.enter(active, sub, self.now())
        if had_failed is not (active is ActiveState.FAILED):
            for listener in list(self.manager_listeners):
                listener.on_failed_units_changed()
        self.tell(unit)
        unit.wake()

    def tell(self, unit: SimulatedUnit) -> None:
        """Tell that a unit has changed; what its type adds comes before what all units have."""
        job = [unit.job.id, unit.job.path] if unit.job else NO_JOB
        changes: dict[str, dict[str, Variant]] = {}
        if unit.type in {"service", "scope"}:
            changes[f"{SYSTEMD1}.{unit.type.capitalize()}"] = {"Result": Variant("s", unit.result)}
        changes[SYSTEMD1_UNIT_INTERFACE] = {
            "ActiveState": Variant("s", str(unit.active)),
            "SubState": Variant("s", unit.sub),
            "Job": Variant("(uo)", job),
        }
        for interface, changed in changes.items():
            for listener in list(self.listeners):
                listener.on_unit_changed(unit.name, interface, changed)
