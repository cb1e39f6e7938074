"""The processes of the simulated host, those of its machines among them."""

from __future__ import annotations

import errno
import os
import signal as signals
from collections.abc import Callable
from dataclasses import dataclass, field

from machined.host.clock import Clock

HARMLESS = {
    0,  # asks whether it is there (kill(2))
    signals.SIGCHLD,
    signals.SIGCONT,
    signals.SIGURG,
    signals.SIGWINCH,
    signals.SIGSTOP,
    signals.SIGTSTP,
    signals.SIGTTIN,
    signals.SIGTTOU,
}
"""Signals that end no process (signal(7)); being stopped is not shown."""
FIRST_PID = 300
"""Where pids of a host that runs for a while begin."""


@dataclass(slots=True, eq=False)
class Process:
    """A process. What it uses is what its unit's counters are summed from."""

    pid: int
    command: str
    """Its command line."""
    parent: int = 1
    user: str = "root"
    unit: str = ""
    """The unit it is in; "" for none."""
    machine: str = ""
    """The machine it runs in; "" for the host."""
    inner_pid: int = 0
    """Its pid as the machine sees it; 1 for the leader."""
    started: int = 0
    """Microseconds of the monotonic clock."""
    memory: int = 0
    """Resident bytes."""
    load: float = 0.0
    """The share of one CPU that it uses, 0 to 1 for each core."""
    tty: str = ""
    """The terminal it has, such as `pts/1`."""
    on_signal: Callable[[int], bool] | None = None
    """Told of a signal; returns whether the process deals with it itself and lives on."""

    @property
    def name(self) -> str:
        """The name of the program, as in `/proc/PID/comm`."""
        return self.command.partition(" ")[0].rpartition("/")[2].rstrip(":")[:15]


@dataclass(slots=True)
class ProcessTable:
    """All processes of the simulated host by pid."""

    clock: Clock
    processes: dict[int, Process] = field(default_factory=dict)
    listeners: list[Callable[[Process], None]] = field(default_factory=list)
    """Told of each process that ended."""
    _last_pid: int = FIRST_PID
    _last_inner: dict[str, int] = field(default_factory=dict)

    def spawn(self, process: Process) -> Process:
        """Add a process; pid, inner pid and start time are given to it where they are 0."""
        if not process.pid:
            self._last_pid += 1
            process.pid = self._last_pid
        if process.machine and not process.inner_pid:
            process.inner_pid = self._last_inner.get(process.machine, 0) + 1
        self._last_inner[process.machine] = process.inner_pid
        process.started = process.started or self.clock.monotonic()
        self.processes[process.pid] = process
        return process

    def begin_above(self, pid: int) -> None:
        """Give pids above `pid` from now on."""
        self._last_pid = max(self._last_pid, pid)

    def get(self, pid: int) -> Process:
        """A process by its pid.

        Raises:
            ProcessLookupError: There is none.
        """
        if (process := self.processes.get(pid)) is None:
            raise no_process()
        return process

    def end(self, process: Process) -> None:
        """Take a process away, and with the leader of a machine all that run in it (pid_namespaces(7))."""
        if self.processes.pop(process.pid, None) is None:
            return
        if process.machine and process.inner_pid == 1:
            self._last_inner.pop(process.machine, None)
            for other in self.of_machine(process.machine):
                self.end(other)
        for listener in list(self.listeners):
            listener(process)

    def signal(self, process: Process, number: int) -> None:
        """Do to a process what a signal does."""
        handles = process.on_signal
        if number != signals.SIGKILL and handles is not None and handles(number):
            return
        if number not in HARMLESS:
            self.end(process)

    def of_unit(self, unit: str) -> list[Process]:
        """The processes of a unit, oldest first."""
        return [one for one in self.processes.values() if one.unit == unit]

    def of_machine(self, machine: str) -> list[Process]:
        """The processes of a machine by its name, leader first."""
        return [one for one in list(self.processes.values()) if one.machine == machine]


class SimulatedProcesses:
    """The processes as the service asks for them.

    Real programs may call the service of the demo and have their own processes registered: such a process is
    taken to be there, and is in no unit unless the simulated service manager put it into one.

    Args:
        table: The simulated ones.
        is_foreign: Whether a pid is one of the real host.
    """

    def __init__(self, table: ProcessTable, is_foreign: Callable[[int], bool]) -> None:
        self._table = table
        self._is_foreign = is_foreign

    async def pin(self, pid: int, seen: int | None = None) -> SimulatedPin:
        """Hold on to a process; ESRCH where it is not there. Pids are given once here."""
        pin = SimulatedPin(pid, self._table, self._is_foreign(pid))
        if pin.has_ended():
            raise no_process()
        return pin

    async def unit_of(self, pid: int) -> str:
        """The unit of a process; ENXIO where it is in none, ESRCH where there is no such process."""
        await self.pin(pid)
        process = self._table.processes.get(pid)
        if process is None or not process.unit:
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
        return process.unit


class SimulatedPin:
    """A process that is held on to. A real one is taken to be there until its unit says otherwise.

    Args:
        pid: Which one.
        table: The simulated ones.
        is_foreign: Whether it is one of the real host.
    """

    pidfd = -1

    def __init__(self, pid: int, table: ProcessTable, is_foreign: bool) -> None:
        self.pid = pid
        self._table = table
        self._is_foreign = is_foreign
        self._on_end: Callable[[], None] | None = None

    def has_ended(self) -> bool:
        """Whether it is no more."""
        return not self._is_foreign and self.pid not in self._table.processes

    def kill(self, signal: int) -> None:
        """Send a signal to a simulated process.

        Raises:
            OSError: ESRCH, there is no such process; EPERM, it is a real one, which the demo leaves alone.
        """
        if self._is_foreign:
            raise PermissionError(errno.EPERM, "The demo sends no signals to processes of the real host.")
        self._table.signal(self._table.get(self.pid), signal)

    def watch(self, on_end: Callable[[], None]) -> None:
        """Have `on_end` called when it ends."""
        self._on_end = on_end
        self._table.listeners.append(self._on_process_ended)

    def release(self) -> None:
        """Hold on to it no more."""
        if self._on_end is not None:
            self._on_end = None
            self._table.listeners.remove(self._on_process_ended)

    def _on_process_ended(self, process: Process) -> None:
        if process.pid == self.pid and self._on_end is not None:
            self._on_end()


def no_process() -> ProcessLookupError:
    """What tells that there is no such process."""
    return ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
