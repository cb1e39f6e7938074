"""The service manager as `org.freedesktop.systemd1` shows it: what a host without systemd answers itself.

`Units` is what the machines need of any service manager; this is what clients of the bus need of one that
we stand in for. Words and numbers are those of org.freedesktop.systemd1(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from machined.contract import SYSTEMD1_PATH, escape_label
from machined.host.unit_settings import UNLIMITED, Settings
from machined.host.units import Units
from machined.wire import Variant


class ActiveState(StrEnum):
    """Whether a unit is up (systemctl(1), "Unit states")."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    FAILED = "failed"
    ACTIVATING = "activating"
    DEACTIVATING = "deactivating"


class JobType(StrEnum):
    """What a job does."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    TRY_RESTART = "try-restart"
    RELOAD = "reload"
    RELOAD_OR_RESTART = "reload-or-restart"


class Moment(NamedTuple):
    """When something was; zeros for never."""

    realtime: int = 0
    """Microseconds since the epoch."""
    monotonic: int = 0
    """Microseconds of the monotonic clock."""


class Job(NamedTuple):
    """A job that is queued or at work."""

    id: int
    unit: str
    type: JobType
    state: str
    """`waiting` or `running`."""

    @property
    def path(self) -> str:
        """Its object path."""
        return f"{SYSTEMD1_PATH}/job/{self.id}"


class UnitTimes(NamedTuple):
    """When a unit last changed."""

    state_change: Moment = Moment()
    inactive_exit: Moment = Moment()
    active_enter: Moment = Moment()
    active_exit: Moment = Moment()
    inactive_enter: Moment = Moment()


NEVER = UnitTimes()
"""Of a unit that did not change since it was loaded."""


class MainProcess(NamedTuple):
    """The main process of a service, the last one where none runs."""

    pid: int = 0
    """0 while none runs."""
    last_pid: int = 0
    started: Moment = Moment()
    exited: Moment = Moment()
    exit_code: int = 0
    """How it ended: 1 exited, 2 killed (CLD_EXITED, CLD_KILLED of waitid(2)); 0 while it runs."""
    exit_status: int = 0
    """What it exited with, or the signal."""


class ServiceStatus(NamedTuple):
    """What a service has besides (systemd.service(5))."""

    type: str
    restart: str
    main: MainProcess
    status_text: str = ""
    restarts: int = 0
    timeout_start: int = 90_000_000
    """Microseconds."""
    timeout_stop: int = 90_000_000
    """Microseconds."""
    exec_start: tuple[str, ...] = ()
    """Its command, word for word."""


class ControlGroup(NamedTuple):
    """The control group of a unit and what it uses; `UNLIMITED` stands for "not counted"."""

    path: str
    """"" while there is none."""
    slice: str
    memory: int = UNLIMITED
    """Bytes."""
    memory_peak: int = UNLIMITED
    """Bytes."""
    cpu: int = UNLIMITED
    """Nanoseconds of CPU time since the unit was started."""
    tasks: int = UNLIMITED
    delegate: bool = False
    kill_mode: str = "control-group"
    kill_signal: int = 15


class UnitStatus(NamedTuple):
    """A unit as it is now."""

    name: str
    description: str
    load_state: str = "loaded"
    """`loaded`, `not-found`, `masked` or `bad-setting`."""
    active_state: ActiveState = ActiveState.INACTIVE
    sub_state: str = "dead"
    result: str = "success"
    fragment_path: str = ""
    file_state: str = ""
    """As `UnitManager.file_state` tells; "" without a file."""
    collect_mode: str = "inactive"
    is_transient: bool = False
    is_perpetual: bool = False
    can_stop: bool = True
    times: UnitTimes = NEVER
    job: Job | None = None
    invocation: bytes = b""
    """16 bytes once it was started."""
    wanted_by: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()
    """Targets that it stops with, and comes before."""
    service: ServiceStatus | None = None
    group: ControlGroup | None = None
    """None for units without processes, such as targets."""
    settings: Settings = Settings()

    @property
    def path(self) -> str:
        """Its object path."""
        return unit_path(self.name)

    @property
    def load_error(self) -> tuple[str, str]:
        """The D-Bus error that tells why it is not loaded; empty where it is."""
        match self.load_state:
            case "not-found":
                return "org.freedesktop.systemd1.NoSuchUnit", f"Unit {self.name} not found."
            case "masked":
                return "org.freedesktop.systemd1.UnitMasked", f"Unit {self.name} is masked."
            case _:
                return "", ""


class UnitProcess(NamedTuple):
    """A process of a unit."""

    group: str
    """Its control group."""
    pid: int
    command: str


class FileChange(NamedTuple):
    """What was changed on disk to enable, disable or mask a unit."""

    type: str
    """`symlink` or `unlink`."""
    path: str
    source: str
    """Where a link leads; "" for one that was taken away."""


class ManagerFacts(NamedTuple):
    """What the manager says of itself."""

    version: str
    features: str
    architecture: str
    virtualization: str
    """As systemd-detect-virt(1) names it; "" on bare metal."""
    userspace_began: Moment
    startup_finished: Moment
    unit_path: tuple[str, ...]
    """Folders with unit files."""
    default_tasks_max: int
    environment: tuple[str, ...]
    control_group: str = ""


class ManagerCounts(NamedTuple):
    """What the manager counts."""

    names: int
    failed_units: int
    jobs: int
    installed_jobs: int
    """Jobs there ever were."""
    failed_jobs: int


class ManagerListener(Protocol):
    """Who wants to know what a `UnitListener` is not told. Called within the event loop, never awaited."""

    def on_reloading(self, is_active: bool) -> None:
        """All unit files are read again: it begins, or it has ended."""

    def on_unit_files_changed(self) -> None:
        """Units were enabled, disabled or masked."""

    def on_failed_units_changed(self) -> None:
        """More or fewer units have failed."""


class UnitManager(Units, Protocol):
    """A service manager that we serve ourselves. Who may do what is the caller's matter.

    All raise `Refused` with the names and words of systemd: NoSuchUnit for a unit that is not loaded,
    InvalidArgs for a name that is none.
    """

    def watch(self, listener: ManagerListener) -> None:
        """Tell a listener of everything from now on."""

    def facts(self) -> ManagerFacts:
        """What the manager says of itself."""

    def counts(self) -> ManagerCounts:
        """What the manager counts."""

    def loaded(self) -> list[UnitStatus]:
        """All units that are loaded."""

    def find(self, unit: str) -> UnitStatus | None:
        """A unit that is loaded; `None` for any other."""

    def load(self, unit: str) -> UnitStatus:
        """A unit, loaded or not; one that there is no file of is `not-found`."""

    def unit_of(self, pid: int) -> str:
        """The loaded unit that a process is in.

        Raises:
            Refused: NoUnitForPID.
        """

    def unit_of_invocation(self, invocation: bytes) -> str:
        """The unit of an invocation id; "" for none."""

    def processes(self, unit: str) -> list[UnitProcess]:
        """The processes of a unit, for a slice those of all units in it (GetUnitProcesses)."""

    def jobs(self) -> list[Job]:
        """All jobs."""

    async def enqueue(self, unit: str, type: JobType, mode: str) -> Job:
        """Have a job done.

        Raises:
            Refused: UnitMasked, JobTypeNotApplicable, TransactionIsDestructive, NoIsolation, InvalidArgs.
        """

    async def start_transient(
        self, unit: str, mode: str, properties: Sequence[tuple[str, Variant]], owner: str
    ) -> Job:
        """Make a transient scope and start it; with `AddRef` it is referenced by `owner`.

        Raises:
            Refused: UnitExists, PropertyReadOnly, InvalidArgs, UnixProcessIdUnknown, FileNotFound.
        """

    async def cancel_job(self, job_id: int) -> None:
        """Give up a job; what it began goes on. Refused with NoSuchJob."""

    async def reset_failed(self, unit: str = "") -> None:
        """Forget that a unit has failed; without a name that any has."""

    async def set_properties(
        self, unit: str, is_runtime: bool, properties: Sequence[tuple[str, Variant]]
    ) -> None:
        """Change limits of a unit, loaded or not, until the next boot or for good.

        Raises:
            Refused: What `changed_settings` raises; NoSuchUnit and UnitMasked.
        """

    async def ref_unit(self, unit: str, owner: str) -> None:
        """Keep a unit loaded until `owner` gives up the reference."""

    async def release_unit(self, unit: str, owner: str) -> None:
        """Give up one reference of `owner`. Refused with NotReferenced where it has none."""

    def forget_owner(self, owner: str) -> None:
        """Give up all references of who has left the bus."""

    def file_state(self, unit: str) -> str:
        """`enabled`, `enabled-runtime`, `disabled`, `static`, `masked`, `masked-runtime` or `transient`.

        Raises:
            OSError: ENOENT without a file, EINVAL for what is no name.
        """

    async def enable_files(
        self, units: Sequence[str], is_runtime: bool, forces: bool
    ) -> tuple[bool, list[FileChange]]:
        """Enable units; whether any of them can be, and what was changed.

        Raises:
            Refused: NoSuchUnit, UnitMasked, InvalidArgs.
        """

    async def disable_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Disable units; what was changed."""

    async def mask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it impossible to start units; what was changed."""

    async def unmask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it possible again; what was changed."""

    def unit_files(self) -> list[tuple[str, str]]:
        """The paths of all unit files with their states."""

    async def reload(self) -> None:
        """Read all unit files again."""


def unit_path(name: str) -> str:
    """The object path of a unit."""
    return f"{SYSTEMD1_PATH}/unit/{escape_label(name)}"
