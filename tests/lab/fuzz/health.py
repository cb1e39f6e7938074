"""How a service on a lab host is: what it holds, what it said, and whether it knows what PID 1 knows."""

from __future__ import annotations

from typing import NamedTuple

from tests.lab.host import LabHost
from tests.lab.images import MANAGER, machine_names
from tests.lab.own_service import SERVICE, service_pid


class Health(NamedTuple):
    """What the service's process is like.

    Attributes:
        pid: Its pid.
        descriptors: What its open descriptors lead to.
        children: How many processes it has below it.
        memory: How much of its memory is in use, in MB.
    """

    pid: int
    descriptors: list[str]
    children: int
    memory: float


#: Readers of the insides of machines are kept while nobody asks, each by a socket and a pidfd; so are
#: connections to service managers.
KEPT_CHILDREN, KEPT_DESCRIPTORS = 4, 12
KEPT_MEMORY = 30
"""What more of memory may be in use after any number of calls, in MB."""


def health(host: LabHost) -> Health:
    """How the service is now."""
    pid = service_pid(host)
    process = host.root / f"proc/{pid}"
    links = [link.readlink() for link in (process / "fd").iterdir() if link.is_symlink()]
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    memory = int(status["VmRSS"].split()[0]) / 1024
    return Health(pid, sorted(map(str, links)), _below(host, pid), memory)


def grown(before: Health, after: Health) -> list[str]:
    """In what a service is not as it was."""
    found = []
    if after.pid != before.pid:
        found.append(f"it is another process: {before.pid}, {after.pid}")
    if len(after.descriptors) > len(before.descriptors) + KEPT_DESCRIPTORS:
        found.append(f"descriptors: {before.descriptors}, {after.descriptors}")
    if after.children > before.children + KEPT_CHILDREN:
        found.append(f"children: {before.children}, {after.children}")
    if after.memory > before.memory + KEPT_MEMORY:
        found.append(f"memory: {before.memory:.1f} MB, {after.memory:.1f} MB")
    return found


def _below(host: LabHost, pid: int) -> int:
    found = 0
    for task in (host.root / f"proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        found += len(children) + sum(_below(host, int(child)) for child in children)
    return found


def said(host: LabHost) -> list[str]:
    """What the service has said of errors of its own."""
    words = ("Traceback", "the helper failed", "could not be handled", "failed because")
    log = host.ask("journalctl", "--unit", SERVICE, "--output=cat", "--no-pager").splitlines()
    return [line for line in log if any(word in line for word in words)]


def untrue(host: LabHost) -> list[str]:
    """The machines of which PID 1 knows otherwise: their unit is not active."""
    wrong = []
    for name in machine_names(host):
        shown = host.ask("machinectl", "show", "--property=Unit", "--property=Leader", name).splitlines()
        told = dict(line.split("=", 1) for line in shown)
        unit = host.ask("systemctl", "show", "--value", "--property=ActiveState", told["Unit"])
        if unit in {"inactive", "failed"}:
            wrong.append(f"{name}: {told['Unit']} is {unit}")
    return wrong


def answers(host: LabHost) -> bool:
    """Whether PID 1, the bus and the service do."""
    host.ask("systemctl", "show", "--property=Version")
    bus = "org.freedesktop.DBus"
    host.ask("busctl", "call", bus, "/org/freedesktop/DBus", bus, "GetId")
    return bool(host.ask("busctl", "call", *MANAGER, "ListMachines"))
