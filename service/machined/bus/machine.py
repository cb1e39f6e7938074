"""The objects of machines: `org.freedesktop.machine1.Machine` (org.freedesktop.machine1(5))."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Interface, Method, Property
from machined.contract import MACHINE_INTERFACE, escape_label, unescape_label
from machined.host.inside import BindRequest, CopyRequest
from machined.machines.entering import Entering
from machined.machines.machine import Machine
from machined.machines.registry import Registry

SELF = "self"
"""The label of the caller's own machine; lists leave it out."""


class MachineObjects:
    """Answers the members of machines.

    Every handler takes the machine, the request and the arguments, so the manager can answer with them too.

    Attributes:
        interface: The table.
    """

    def __init__(self, registry: Registry, entering: Entering) -> None:
        self._registry = registry
        self._entering = entering
        self.interface = Interface(MACHINE_INTERFACE, [*_PROPERTIES, *self._methods()])

    def find(self, label: str, request: Request) -> Machine | Coroutine[Any, Any, Machine | None] | None:
        """The machine that a path's last element stands for, in any encoding; None if there is none."""
        if label == SELF:
            return self._of_sender(request)
        try:
            name = unescape_label(label)
        except UnicodeDecodeError:
            return None
        return self._registry.find(name)

    async def _of_sender(self, request: Request) -> Machine | None:
        return await self._registry.of_sender(await request.pid())

    async def enumerate(self) -> Sequence[str]:
        """The labels of all machines."""
        return [escape_label(machine.name) for machine in self._registry.machines()]

    def _methods(self) -> list[Method]:
        copied = "s source, s destination"
        return [
            Method("Terminate", "", "", self.on_terminate),
            Method("Kill", "s whom, i signal", "", self.on_kill),
            Method("GetAddresses", "", "a(iay) addresses", self.on_get_addresses),
            Method("GetSSHInfo", "", "s ssh_address, s ssh_private_key_path", self.on_get_ssh_info),
            Method("GetOSRelease", "", "a{ss} fields", self.on_get_os_release),
            Method("GetUIDShift", "", "u shift", self.on_get_uid_shift),
            Method("OpenPTY", "", "h pty, s pty_path", self.on_open_pty),
            Method("OpenLogin", "", "h pty, s pty_path", self.on_open_login),
            Method(
                "OpenShell",
                "s user, s path, as args, as environment",
                "h pty, s pty_path",
                self.on_open_shell,
            ),
            Method("BindMount", f"{copied}, b read_only, b mkdir", "", self.on_bind_mount),
            Method("CopyFrom", copied, "", self.on_copy_from),
            Method("CopyTo", copied, "", self.on_copy_to),
            Method("CopyFromWithFlags", f"{copied}, t flags", "", self.on_copy_from),
            Method("CopyToWithFlags", f"{copied}, t flags", "", self.on_copy_to),
            Method("OpenRootDirectory", "", "h fd", self.on_open_root_directory),
        ]

    async def on_unregister(self, machine: Machine, request: Request) -> None:
        """Forget a machine; what runs in it goes on."""
        await self._registry.unregister(machine, request.permit)

    async def on_terminate(self, machine: Machine, request: Request) -> None:
        """Stop all that runs in a machine."""
        await self._registry.terminate(machine, request.permit)

    async def on_kill(self, machine: Machine, request: Request, whom: str, signal: int) -> None:
        """Send a signal to the leader of a machine or to all its processes."""
        await self._registry.kill(machine, whom, signal, request.permit)

    async def on_get_addresses(self, machine: Machine, _request: Request) -> Sequence[Any]:
        """Tell the addresses of a machine, each with its family."""
        return [[[one.family, one.raw] for one in await self._entering.addresses(machine)]]

    async def on_get_ssh_info(self, machine: Machine, _request: Request) -> Sequence[Any]:
        """Tell where ssh(1) finds a machine, and with which key."""
        return await self._entering.ssh_info(machine)

    async def on_get_os_release(self, machine: Machine, _request: Request) -> Sequence[Any]:
        """Tell the fields of os-release(5)."""
        return [await self._entering.os_release(machine)]

    async def on_get_uid_shift(self, machine: Machine, _request: Request) -> Sequence[Any]:
        """Tell where the user ids of a machine begin on the host."""
        return [await self._entering.uid_shift(machine)]

    async def on_open_pty(self, machine: Machine, request: Request) -> Sequence[Any]:
        """Open a pseudo terminal in a machine."""
        return await self._entering.open_pty(machine, request.permit)

    async def on_open_login(self, machine: Machine, request: Request) -> Sequence[Any]:
        """Open a pseudo terminal with a login prompt."""
        return await self._entering.open_login(machine, request.permit)

    async def on_open_shell(
        self,
        machine: Machine,
        request: Request,
        user: str,
        path: str,
        arguments: list[str],
        environment: list[str],
    ) -> Sequence[Any]:
        """Open a pseudo terminal with a program of a user."""
        return await self._entering.open_shell(machine, user, path, arguments, environment, request.permit)

    async def on_bind_mount(self, machine: Machine, request: Request, *arguments: Any) -> None:
        """Show a file or folder of the host in a machine."""
        await self._entering.bind_mount(machine, BindRequest(*arguments), request.permit)

    async def on_copy_from(
        self, machine: Machine, request: Request, source: str, destination: str, flags: int = 0
    ) -> None:
        """Copy a file or tree out of a machine."""
        wanted = CopyRequest(source, destination, is_into_machine=False, replaces=False, shift=0)
        await self._entering.copy(machine, wanted, flags, request.permit)

    async def on_copy_to(
        self, machine: Machine, request: Request, source: str, destination: str, flags: int = 0
    ) -> None:
        """Copy a file or tree into a machine."""
        wanted = CopyRequest(source, destination, is_into_machine=True, replaces=False, shift=0)
        await self._entering.copy(machine, wanted, flags, request.permit)

    async def on_open_root_directory(self, machine: Machine, request: Request) -> Sequence[Any]:
        """Open the root folder of a machine."""
        return [await self._entering.open_root(machine, request.permit)]


def _unit(machine: Machine) -> str:
    return machine.unit


_PROPERTIES = [
    Property("Name", "s", lambda machine: machine.name, "const"),
    Property("Id", "ay", lambda machine: machine.id, "const"),
    Property("Timestamp", "t", lambda machine: machine.timestamp, "const"),
    Property("TimestampMonotonic", "t", lambda machine: machine.timestamp_monotonic, "const"),
    Property("Service", "s", lambda machine: machine.service, "const"),
    Property("Unit", "s", _unit, "const"),
    Property("Scope", "s", _unit, "const", is_hidden=True),  # what Unit was called once
    Property("Leader", "u", lambda machine: machine.leader, "const"),
    Property("Class", "s", lambda machine: machine.machine_class, "const"),
    Property("RootDirectory", "s", lambda machine: machine.root_directory, "const"),
    Property("NetworkInterfaces", "ai", lambda machine: machine.ifindices, "const"),
    Property("VSockCID", "u", lambda machine: machine.vsock_cid, "const"),
    Property("SSHAddress", "s", lambda machine: machine.ssh_address, "const"),
    Property("SSHPrivateKeyPath", "s", lambda machine: machine.ssh_private_key_path, "const"),
    Property("State", "s", lambda machine: machine.state, "false"),
]
