"""What clients of the bus are told of units, their jobs and files, and of the service manager as a whole.

Words and numbers are those of org.freedesktop.systemd1(5).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from machined.contract import SYSTEMD1_PATH, escape_label
from machined.host.unit_settings import UNLIMITED, Settings


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


def unit_path(name: str) -> str:
    """The object path of a unit."""
    return f"{SYSTEMD1_PATH}/unit/{escape_label(name)}"
