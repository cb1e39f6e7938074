"""A machine as the console shows it: one that runs, or an image that could."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """The life of a machine, in the words of `org.freedesktop.machine1(5)` but for the first two."""

    STOPPED = "stopped"
    """Not registered: an image that could be started."""
    FAILED = "failed"
    """Not registered: its unit failed. It could be started again."""
    OPENING = "opening"
    """Being started: its unit's start job is still running."""
    RUNNING = "running"
    CLOSING = "closing"
    """Being terminated."""
    UNKNOWN = ""
    """Listed, but its properties were not read yet."""

    @property
    def is_registered(self) -> bool:
        """Whether the service has a machine of that name in this state."""
        return self not in {State.STOPPED, State.FAILED}


class Identity(NamedTuple):
    """Which run of a machine is meant: names are used again, this triple is not."""

    name: str
    machine_id: str
    """The id given at registration, 32 hex digits, or "" if there was none."""
    timestamp_monotonic: int
    """When it was registered, microseconds of the host's monotonic clock."""


class OperatingSystem(NamedTuple):
    """What an os-release(5) file says of itself; clean, "" where it says nothing."""

    name: str
    """The name for people: `Debian GNU/Linux 12 (bookworm)`."""
    id: str
    """The name for programs: `debian`."""
    version: str
    """The version for programs: `12`."""


class Machine(NamedTuple):
    """One row of the machines pane.

    `name` is as the service gave it and is cleaned where it is shown; the other texts are clean (see
    `model.text`). `None` is a value that was not read yet or cannot be told.
    """

    name: str
    state: State = State.UNKNOWN
    kind: str = ""
    """The class: `container`, `vm` or `host`; "" when unknown."""
    service: str = ""
    """What registered it, for example `systemd-nspawn` or `libvirt-qemu`."""
    unit: str = ""
    leader: int = 0
    machine_id: str = ""
    timestamp: int = 0
    """When it was registered, microseconds of real time; 0 if not running."""
    timestamp_monotonic: int = 0
    os: OperatingSystem | None = None
    addresses: tuple[str, ...] | None = None
    """In the order of the service: IPv4 first, global scope first."""
    path: str = ""
    """Its object path; "" for a stopped one."""
    root: str = ""
    """The folder its files are in, as the service gave it; "" where there is none, or it is not known."""

    ssh_address: str = ""
    """Where ssh(1) reaches it, as whoever registered it told; "" where nobody did."""
    ssh_key: str = ""
    """The file of the key for that; "" for ssh's own choice."""

    @property
    def identity(self) -> Identity:
        """Which run of the machine this is."""
        return Identity(self.name, self.machine_id, self.timestamp_monotonic)

    @property
    def image(self) -> str:
        """The image it runs from, or could, as far as its name tells; "" where that is not known."""
        if self.kind == "host" or not self.state.is_registered:
            return self.name
        return self.root.rstrip("/").rpartition("/")[2]

    @property
    def is_running(self) -> bool:
        """Whether it can be entered now."""
        return self.state is State.RUNNING


def nspawn_service(machine: str) -> str:
    """The unit of systemd-nspawn@.service(8) that runs a machine."""
    return f"systemd-nspawn@{machine}.service"


def nspawn_machine(unit: str) -> str | None:
    """The machine that a unit of systemd-nspawn@.service(8) runs; None for any other unit."""
    name = unit.removeprefix("systemd-nspawn@").removesuffix(".service")
    return name if name and unit == nspawn_service(name) else None
