"""A machine as those see it who are inside; the host itself in the place of one."""

from __future__ import annotations

import errno
import os
import signal as signals
from collections.abc import Iterable
from typing import TYPE_CHECKING

from machined.host.inside import Address
from machined.host.simulated.journal import Entry
from machined.host.simulated.processes import Process
from machined.host.simulated.tree import Tree

if TYPE_CHECKING:
    from machined.host.clock import Clock
    from machined.host.simulated.estate import Estate
    from machined.host.simulated.machines import SimulatedMachine

POWER_OFF = signals.SIGRTMIN + 4
REBOOT = int(signals.SIGINT)
"""What tells the leader of a container to shut down or to start anew (systemd(1), "Signals")."""


class System:
    """What a shell knows of the system it runs on.

    Args:
        estate: The simulated host.
        machine: One of its machines; None for the host itself.
    """

    def __init__(self, estate: Estate, machine: SimulatedMachine | None) -> None:
        self.estate = estate
        self.machine = machine

    @property
    def is_host(self) -> bool:
        """Whether this is the host."""
        return self.machine is None

    @property
    def init(self) -> str:
        """What the first process is: `systemd`, `openrc` or `program`."""
        return self.machine.init if self.machine else "systemd"

    @property
    def has_manager(self) -> bool:
        """Whether the first process manages units."""
        return self.init == "systemd"

    @property
    def name(self) -> str:
        """The machine's name; "" for the host."""
        return self.machine.name if self.machine else ""

    @property
    def clock(self) -> Clock:
        """The host's clock, which all machines share."""
        return self.estate.clock

    @property
    def tree(self) -> Tree:
        """The files."""
        return self.machine.tree if self.machine else self.estate.host_tree

    @property
    def hostname(self) -> str:
        """The name the system gives itself (hostname(5))."""
        try:
            text = self.tree.read("/etc/hostname").decode("utf-8", "replace").strip()
        except OSError:
            text = ""  # a system without the file has its machine's name
        printable = "".join(one for one in text.split("\n")[0] if one.isprintable())[:64]
        return printable or self.name or "host"

    @property
    def uptime(self) -> int:
        """Seconds since it was booted."""
        now = self.clock.monotonic()
        since = self.machine.leader.started if self.machine else 0
        return max(0, now - since) // 1_000_000

    @property
    def addresses(self) -> list[Address]:
        """The addresses of its network, loopback excluded."""
        return list(self.machine.addresses if self.machine else self.estate.scenario.host.addresses)

    def processes(self) -> list[Process]:
        """The processes that can be seen, in the order of their pids."""
        table = self.estate.processes
        found: Iterable[Process] = table.of_machine(self.name) if self.machine else table.processes.values()
        return sorted(found, key=self.pid)

    def pid(self, process: Process) -> int:
        """A process's pid as it is seen here (pid_namespaces(7))."""
        return process.inner_pid if self.machine else process.pid

    def parent_pid(self, process: Process) -> int:
        """The pid of a process's parent as it is seen here; 0 where that is outside."""
        parent = self.estate.processes.processes.get(process.parent)
        if self.machine is None:
            return process.parent if process.pid != 1 else 0
        if process.inner_pid == 1:
            return 0
        return parent.inner_pid if parent and parent.machine == self.name else 1

    def find(self, pid: int) -> Process | None:
        """The process with a pid as it is seen here."""
        return next((one for one in self.processes() if self.pid(one) == pid), None)

    def spawn(self, command: str, user: str, tty: str, parent: Process | None) -> Process:
        """Start a process. Whoever starts it takes it off the table when it ends.

        Raises:
            ProcessLookupError: The machine has ended.
        """
        if self.machine and not self.machine.is_running:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        leader = self.machine.leader.pid if self.machine else 1
        unit = self.machine.unit if self.machine else f"container-shell@{tty.rpartition('/')[2]}.service"
        return self.estate.processes.spawn(
            Process(
                pid=0,
                command=command,
                parent=parent.pid if parent else leader,
                user=user,
                unit=unit,
                machine=self.name,
                memory=4 * 1024**2,
                tty=tty,
            )
        )

    def signal(self, process: Process, number: int) -> None:
        """Send a signal, 1 to 64."""
        self.estate.processes.signal(process, number)

    def journal(self) -> list[Entry]:
        """The entries of the journal that can be read here: in a machine those of its unit."""
        entries = self.estate.journal.entries
        if self.machine is None:
            return list(entries)
        return [entry for entry in entries if entry.unit == self.machine.unit]

    def shut_down(self, *, reboots: bool) -> bool:
        """Tell the leader to shut down or to start anew; whether there is one that can."""
        if self.machine is None:
            return False
        self.signal(self.machine.leader, REBOOT if reboots else POWER_OFF)
        return True
