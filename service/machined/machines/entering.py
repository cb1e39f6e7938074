"""What is done inside machines: looked up, opened, mounted and copied, with the rules for each class."""

from __future__ import annotations

import errno
import re

from machined.contract import MANAGE_MACHINES, POLKIT, ErrorName
from machined.host.authority import Permit
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.inside import Address, BindRequest, CopyRequest, Pty, ShellRequest, is_short
from machined.host.login_shell import PROGRAM, login_shell
from machined.machines.checks import not_supported
from machined.machines.machine import CONTAINER, VM, Machine
from machined.machines.mapping import uid_shift
from machined.machines.registry import Registry
from machined.operations import Operations

REPLACE = 1
"""The one flag of copies: files that exist are replaced."""

_ONLY = "is only supported on container machines."
_ENVIRONMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=.*", re.DOTALL)


class Entering:
    """What is done inside machines.

    Args:
        registry: The machines.
        operations: Counts the copies that go on.
        improvements: Whether machines with ids of their own can have mounts, and errors explain.
    """

    def __init__(
        self, registry: Registry, operations: Operations, *, improvements: Improvements = ALL
    ) -> None:
        self._registry = registry
        self._improvements = improvements
        self._operations = operations
        self._inside = registry.host.inside

    async def addresses(self, machine: Machine) -> list[Address]:
        """The addresses of a container, or of the host."""
        _refuse_vm(machine, "Requesting IP address data")
        return await self._inside.addresses(machine.place)

    async def os_release(self, machine: Machine) -> dict[str, str]:
        """The fields of os-release(5) of a container, or of the host."""
        _refuse_vm(machine, "Requesting OS release data")
        return await self._inside.os_release(machine.place)

    async def uid_shift(self, machine: Machine) -> int:
        """Where the ids of a container begin on the host; 0 for the host."""
        _refuse_vm(machine, "Requesting UID shift")
        try:
            return await uid_shift(self._inside, machine.place)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            text = f"Machine {machine.name} uses a complex UID/GID mapping, cannot determine shift"
            raise Refused(ErrorName.NOT_SUPPORTED, text) from None

    async def ssh_info(self, machine: Machine) -> tuple[str, str]:
        """Where SSH reaches a machine and the file of the key, as it was registered with.

        Raises:
            FileNotFoundError: It was registered without.
        """
        if not machine.ssh_address or not machine.ssh_private_key_path:
            raise FileNotFoundError(errno.ENOENT, f"Machine '{machine.name}' told no SSH address")
        return machine.ssh_address, machine.ssh_private_key_path

    async def open_pty(self, machine: Machine, permit: Permit) -> Pty:
        """A pseudo terminal of a machine."""
        await permit(_action(machine, "open-pty"), {"machine": machine.name})
        machine = self._registry.get(machine.name)
        self._refuse_terminal(machine, "Opening a pseudo terminal")
        return await self._inside.open_pty(machine.place)

    async def open_login(self, machine: Machine, permit: Permit) -> Pty:
        """A pseudo terminal with a login prompt."""
        await permit(_action(machine, "login"), {"machine": machine.name, "verb": "login"})
        machine = self._registry.get(machine.name)
        self._refuse_terminal(machine, "Opening a login prompt")
        return await self._inside.open_login(machine.place)

    async def open_shell(
        self,
        machine: Machine,
        user: str,
        path: str,
        arguments: list[str],
        environment: list[str],
        permit: Permit,
    ) -> Pty:
        """A pseudo terminal with a program, the user's shell unless another is named.

        Raises:
            Refused: InvalidArgs, NotSupported for a virtual machine, or the caller may not.
        """
        request = _shell_request(user, path, arguments, environment)
        details = {
            "machine": machine.name,
            "user": request.user,
            "program": request.path or PROGRAM,
            "command_line": " ".join(request.arguments or login_shell(request.user)),
        }
        await permit(_action(machine, "shell"), details)
        machine = self._registry.get(machine.name)
        self._refuse_terminal(machine, "Opening a shell")
        return await self._inside.open_shell(machine.place, request)

    async def bind_mount(self, machine: Machine, request: BindRequest, permit: Permit) -> None:
        """Show a file or folder of the host inside a container; no destination means the same path.

        Raises:
            Refused: InvalidArgs; NotSupported for other classes, and unless `binds_with_ids` for containers
                with ids of their own.
            OSError: EOPNOTSUPP, the source's file system cannot be shown with other ids.
        """
        _refuse_others(machine, "Bind mounting")
        if not _is_normalized(request.source):
            raise Refused(ErrorName.INVALID_ARGS, "Source path must be absolute and normalized.")
        request = request._replace(destination=request.destination or request.source)
        if not _is_normalized(request.destination):
            raise Refused(ErrorName.INVALID_ARGS, "Destination path must be absolute and normalized.")
        details = {"src": request.source, "dest": request.destination}
        await permit(MANAGE_MACHINES, {"machine": machine.name, "verb": "bind", **details})
        machine = self._registry.get(machine.name)
        _refuse_others(machine, "Bind mounting")
        has_own_ids = await uid_shift(self._inside, machine.place) != 0
        if has_own_ids and not self._improvements.binds_with_ids:
            text = "Can't bind mount on container with user namespacing applied."
            raise Refused(ErrorName.NOT_SUPPORTED, text)
        await self._inside.bind_mount(machine.place, request._replace(maps_ids=has_own_ids))

    async def copy(self, machine: Machine, request: CopyRequest, flags: int, permit: Permit) -> None:
        """Copy a file or tree into or out of a container; no destination means the same path.

        Args:
            machine: The container.
            request: What is to be copied; `replaces` and `shift` are found out here.
            flags: 1 replaces what exists; no other bit is known.
            permit: Asks whether the caller may.

        Raises:
            Refused: LimitsExceeded, NotSupported for other classes, InvalidArgs.
            OSError: What went wrong with the copy; EEXIST where a file is in the way.
        """
        kind = "copy-to" if request.is_into_machine else "copy-from"
        with self._operations.one(kind, machine.name) as operation:
            _refuse_others(machine, "Copying files")
            request = _checked_copy(request, flags)
            details = {"machine": machine.name, "verb": "copy"}
            details |= {"src": request.source, "dest": request.destination}
            await operation.after(permit)(MANAGE_MACHINES, details)
            machine = self._registry.get(machine.name)
            _refuse_others(machine, "Copying files")
            shift = await uid_shift(self._inside, machine.place)
            await self._inside.copy(machine.place, request._replace(shift=shift), operation.progress)

    async def open_root(self, machine: Machine, permit: Permit) -> int:
        """A descriptor of a machine's root folder."""
        details = {"machine": machine.name, "verb": "open_root_directory"}
        await permit(MANAGE_MACHINES, details)
        machine = self._registry.get(machine.name)
        _refuse_vm(machine, "Opening the root directory")
        return await self._inside.open_root(machine.place)

    def _refuse_terminal(self, machine: Machine, doing: str) -> None:
        if machine.machine_class == VM:
            raise not_supported(f"{doing} {_ONLY}", self._improvements)


def _action(machine: Machine, word: str) -> str:
    return f"{POLKIT}.host-{word}" if machine.is_host else f"{POLKIT}.{word}"


def _refuse_vm(machine: Machine, doing: str) -> None:
    if machine.machine_class == VM:
        raise Refused(ErrorName.NOT_SUPPORTED, f"{doing} {_ONLY}")


def _refuse_others(machine: Machine, doing: str) -> None:
    """Refuse all but containers: asked once more after a question, for the name may be another's by then."""
    if machine.machine_class != CONTAINER:
        raise Refused(ErrorName.NOT_SUPPORTED, f"{doing} {_ONLY}")


def _is_normalized(path: str) -> bool:
    """Whether a path is absolute, free of `.`, `..` and doubled slashes, and as short as paths are."""
    if not path.startswith("/") or not is_short(path):
        return False
    return "//" not in path and not {".", ".."} & set(path.rstrip("/").split("/"))


def _checked_copy(request: CopyRequest, flags: int) -> CopyRequest:
    if flags & ~REPLACE:
        raise Refused(ErrorName.INVALID_ARGS, f"Invalid flags {flags:#x}")
    if not request.source.startswith("/"):
        raise Refused(ErrorName.INVALID_ARGS, "Source path must be absolute.")
    request = request._replace(
        destination=request.destination or request.source, replaces=bool(flags & REPLACE)
    )
    if not request.destination.startswith("/"):
        raise Refused(ErrorName.INVALID_ARGS, "Destination path must be absolute.")
    return request


def _shell_request(user: str, path: str, arguments: list[str], environment: list[str]) -> ShellRequest:
    if path and not path.startswith("/"):
        raise Refused(ErrorName.INVALID_ARGS, f"Specified path '{path}' is not absolute")
    names: set[str] = set()
    for entry in environment:
        match = _ENVIRONMENT.fullmatch(entry)
        if match is None or match[1] in names:
            raise Refused(ErrorName.INVALID_ARGS, "Invalid environment assignments")
        names.add(match[1])
    # Without a path the arguments are of no program, so they are left out as the reference does
    arguments = (arguments or [path]) if path else []
    return ShellRequest(user or "root", path, arguments, environment)
