"""A unit of the simulated host and its states."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from machined.host.simulated.processes import Process
from machined.host.unit_names import slice_group, unit_type
from machined.host.unit_settings import Settings
from machined.host.unit_status import (
    ActiveState,
    Job,
    MainProcess,
    Moment,
    ServiceStatus,
    UnitStatus,
    UnitTimes,
)

if TYPE_CHECKING:
    from machined.host.simulated.units.behaviour import Behaviour

AT_REST = frozenset({ActiveState.INACTIVE, ActiveState.FAILED})
"""States of a unit that does not run (systemctl(1), "Unit states")."""

NEVER, NOT_STARTED = UnitTimes(), MainProcess()

EXITED, KILLED = 1, 2
"""How a process ended: CLD_EXITED and CLD_KILLED of waitid(2)."""


class Exit(NamedTuple):
    """How a main process ended."""

    code: int
    """`EXITED` or `KILLED`."""
    status: int
    """What it exited with, or the signal."""


@dataclass(slots=True, eq=False)
class SimulatedUnit:
    """A unit that is loaded. What it does is its behaviour's matter; this is what it remembers."""

    name: str
    description: str
    behaviour: Behaviour
    load_state: str = "loaded"
    fragment_path: str = ""
    slice: str = "system.slice"
    collect_mode: str = "inactive"
    is_transient: bool = False
    is_perpetual: bool = False
    service_type: str = "simple"
    command: str = ""
    """The command line that starts it."""
    delegate: bool = False
    kill_mode: str = "control-group"
    kill_signal: int = 15
    settings: Settings = field(default_factory=Settings)
    active: ActiveState = ActiveState.INACTIVE
    sub: str = "dead"
    result: str = "success"
    times: UnitTimes = NEVER
    job: Job | None = None
    invocation: bytes = b""
    main: Process | None = None
    main_status: MainProcess = NOT_STARTED
    status_text: str = ""
    restarts: int = 0
    exit: Exit | None = None
    """How the main process is about to end."""
    is_stopping: bool = False
    """Whether it was asked to stop since it was started."""
    joining: list[int] = field(default_factory=list)
    """The processes that move into it once it starts."""
    owners: Counter[str] = field(default_factory=Counter)
    """Who keeps it loaded, with how many references each."""
    _waiters: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The suffix of its name."""
        return unit_type(self.name)

    @property
    def is_at_rest(self) -> bool:
        """Whether it is inactive or failed."""
        return self.active in AT_REST

    @property
    def group(self) -> str:
        """Its control group; "" for units that have none, and for the root slice."""
        if self.type == "slice":
            return slice_group(self.name)
        if self.type not in {"service", "scope"} or self.is_at_rest:
            return ""
        return f"{slice_group(self.slice)}/{self.name}"

    def enter(self, active: ActiveState, sub: str, now: Moment) -> None:
        """Change the state, and note when."""
        was, self.active, self.sub = self.active, active, sub
        times = self.times._replace(state_change=now)
        if was in AT_REST and active not in AT_REST:
            times = times._replace(inactive_exit=now)
        if was not in AT_REST and active in AT_REST:
            times = times._replace(inactive_enter=now)
        if was is not ActiveState.ACTIVE and active is ActiveState.ACTIVE:
            times = times._replace(active_enter=now)
        if was is ActiveState.ACTIVE and active is not ActiveState.ACTIVE:
            times = times._replace(active_exit=now)
        self.times = times

    def wake(self) -> None:
        """Have all that wait for a state look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a state."""
        while not is_so():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def service_status(self) -> ServiceStatus | None:
        """What a service has besides; `None` for other units."""
        if self.type != "service":
            return None
        return ServiceStatus(
            self.service_type,
            "no",
            self.main_status._replace(pid=self.main.pid if self.main else 0),
            self.status_text,
            self.restarts,
            exec_start=tuple(self.command.split()),
        )

    def status(self) -> UnitStatus:
        """It as it is now, without what others know of it: its group, and its file."""
        return UnitStatus(
            self.name,
            self.description,
            self.load_state,
            self.active,
            self.sub,
            self.result,
            self.fragment_path,
            collect_mode=self.collect_mode,
            is_transient=self.is_transient,
            is_perpetual=self.is_perpetual,
            can_stop=not self.is_perpetual,
            times=self.times,
            job=self.job,
            invocation=self.invocation,
            service=self.service_status(),
            settings=self.settings,
        )
