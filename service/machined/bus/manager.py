"""The manager's object: `org.freedesktop.machine1.Manager` (org.freedesktop.machine1(5))."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any

from machined.bus.image import ImageObjects
from machined.bus.image_list import SIGNATURE as LISTED_IMAGES
from machined.bus.image_list import ImageList
from machined.bus.machine import MachineObjects
from machined.bus.senders import Request
from machined.bus.table import Interface, Member, Method, MethodHandler, Property, Signal, Values
from machined.contract import MANAGER_INTERFACE, image_path
from machined.images.catalog import Images
from machined.machines.machine import Machine, Registration
from machined.machines.mapping import map_from_group, map_from_user, map_to_group, map_to_user
from machined.machines.registry import Registry
from machined.wire import KeptBody, Variant

_REGISTERED = "s name, ay id, s service, s class, u leader, s root_directory"
_COPIED = "s name, s source, s destination"
_PTY = "h pty, s pty_path"
KEPT = 1024
"""Answers to GetMachine that are kept."""


class Manager:
    """Answers the members of the manager. What is about one machine or image it has answered by theirs.

    Attributes:
        interface: The table.
    """

    def __init__(
        self, registry: Registry, images: Images, machine_objects: MachineObjects, image_objects: ImageObjects
    ) -> None:
        self._registry = registry
        self._images = images
        self._machine = machine_objects
        self._image = image_objects
        self._listing: KeptBody | None = None
        self._image_list = ImageList()
        registry.listen(self)
        self.interface = Interface(
            MANAGER_INTERFACE,
            [
                *self._properties(),
                *self._look_ups(),
                *self._registrations(),
                *self._about_one_machine(),
                *self._about_one_image(),
                *self._mappings(),
                Signal("MachineNew", "s machine, o path"),
                Signal("MachineRemoved", "s machine, o path"),
            ],
        )

    def on_machine_new(self, _machine: Machine) -> None:
        """List the machines anew when they are asked for next."""
        self._listing = None

    def on_machine_removed(self, _machine: Machine) -> None:
        """The same."""
        self._listing = None

    def _properties(self) -> list[Member]:
        async def path(_target: object) -> str:
            return (await self._images.pool()).path

        async def usage(_target: object) -> int:
            return (await self._images.pool()).usage

        async def limit(_target: object) -> int:
            return (await self._images.pool()).limit

        return [
            Property("PoolPath", "s", path),
            Property("PoolUsage", "t", usage),
            Property("PoolLimit", "t", limit),
        ]

    def _look_ups(self) -> list[Member]:
        return [
            Method("GetMachine", "s name", "o machine", self._on_get_machine),
            Method("GetImage", "s name", "o image", self._on_get_image),
            Method("GetMachineByPID", "u pid", "o machine", self._on_get_machine_by_pid),
            Method("ListMachines", "", "a(ssso) machines", self._on_list_machines),
            Method("ListImages", "", f"{LISTED_IMAGES} images", self._on_list_images),
        ]

    def _registrations(self) -> list[Member]:
        create, register = self._on_create, self._on_register
        network, scope = f"{_REGISTERED}, ai ifindices", "a(sv) scope_properties"
        path = "o path"
        return [
            Method("CreateMachine", f"{_REGISTERED}, {scope}", path, create, is_privileged=True),
            Method("CreateMachineWithNetwork", f"{network}, {scope}", path, create, is_privileged=True),
            Method("RegisterMachine", _REGISTERED, path, register, is_privileged=True),
            Method("RegisterMachineWithNetwork", network, path, register, is_privileged=True),
        ]

    def _about_one_machine(self) -> list[Member]:
        machine, of = self._machine, self._of_machine
        ssh_info = "s ssh_address, s ssh_private_key_path"
        shell = "s name, s user, s path, as args, as environment"
        return [
            Method("UnregisterMachine", "s name", "", of(machine.on_unregister)),
            Method("TerminateMachine", "s id", "", of(machine.on_terminate)),
            Method("KillMachine", "s name, s whom, i signal", "", of(machine.on_kill)),
            Method("GetMachineAddresses", "s name", "a(iay) addresses", of(machine.on_get_addresses)),
            Method("GetMachineSSHInfo", "s name", ssh_info, of(machine.on_get_ssh_info)),
            Method("GetMachineOSRelease", "s name", "a{ss} fields", of(machine.on_get_os_release)),
            Method("OpenMachinePTY", "s name", _PTY, of(machine.on_open_pty), is_privileged=True),
            Method("OpenMachineLogin", "s name", _PTY, of(machine.on_open_login)),
            Method("OpenMachineShell", shell, _PTY, of(machine.on_open_shell)),
            Method("BindMountMachine", f"{_COPIED}, b read_only, b mkdir", "", of(machine.on_bind_mount)),
            Method("CopyFromMachine", _COPIED, "", of(machine.on_copy_from)),
            Method("CopyToMachine", _COPIED, "", of(machine.on_copy_to)),
            Method("CopyFromMachineWithFlags", f"{_COPIED}, t flags", "", of(machine.on_copy_from)),
            Method("CopyToMachineWithFlags", f"{_COPIED}, t flags", "", of(machine.on_copy_to)),
            Method("OpenMachineRootDirectory", "s name", "h fd", of(machine.on_open_root_directory)),
            Method("GetMachineUIDShift", "s name", "u shift", of(machine.on_get_uid_shift)),
        ]

    def _about_one_image(self) -> list[Member]:
        image, of, told = self._image, self._of_image, self._of_metadata
        return [
            Method("RemoveImage", "s name", "", of(image.on_remove)),
            Method("RenameImage", "s name, s new_name", "", of(image.on_rename)),
            Method("CloneImage", "s name, s new_name, b read_only", "", of(image.on_clone)),
            Method("MarkImageReadOnly", "s name, b read_only", "", of(image.on_mark_read_only)),
            Method("GetImageHostname", "s name", "s hostname", told("hostname")),
            Method("GetImageMachineID", "s name", "ay id", told("machine_id")),
            Method("GetImageMachineInfo", "s name", "a{ss} machine_info", told("machine_info")),
            Method("GetImageOSRelease", "s name", "a{ss} os_release", told("os_release")),
            Method("SetPoolLimit", "t size", "", self._on_set_pool_limit),
            Method("SetImageLimit", "s name, t size", "", of(image.on_set_limit)),
            Method("CleanPool", "s mode", "a(st) images", self._on_clean_pool),
        ]

    def _mappings(self) -> list[Member]:
        inner, outer = "s machine_name, o machine_path, u uid_inner", "u uid_outer"
        return [
            Method("MapFromMachineUser", "s name, u uid_inner", outer, self._on_map_from_user),
            Method("MapToMachineUser", outer, inner, self._on_map_to_user),
            Method("MapFromMachineGroup", "s name, u gid_inner", "u gid_outer", self._on_map_from_group),
            Method("MapToMachineGroup", "u gid_outer", inner.replace("uid", "gid"), self._on_map_to_group),
        ]

    def _of_machine(self, handler: MethodHandler) -> MethodHandler:
        """A handler of the manager's: it takes the machine's name first."""

        def on_call(
            _target: object, request: Request, name: str, *arguments: Any
        ) -> Values | Coroutine[Any, Any, Values]:
            return handler(self._registry.get(name), request, *arguments)

        return on_call

    def _of_image(self, handler: Callable[..., Awaitable[Values]]) -> MethodHandler:
        """A handler of the manager's: it takes the image's name first."""

        async def on_call(_target: object, request: Request, name: str, *arguments: Any) -> Values:
            return await handler(await self._images.get(name), request, *arguments)

        return on_call

    def _of_metadata(self, field: str) -> MethodHandler:
        """A handler that tells a field of what the files of an image tell."""

        async def on_call(_target: object, _request: Request, name: str) -> Sequence[Any]:
            return [getattr(await self._images.metadata_of(name), field)]

        return on_call

    def _on_get_machine(self, _target: object, _request: Request, name: str) -> Sequence[Any]:
        return _of_path(self._registry.get(name).path)

    async def _on_get_image(self, _target: object, _request: Request, name: str) -> Sequence[Any]:
        return [image_path((await self._images.find(name)).name)]

    async def _on_get_machine_by_pid(self, _target: object, request: Request, pid: int) -> Sequence[Any]:
        sender_pid = 0 if pid else await request.pid()
        return [(await self._registry.of_pid(pid, sender_pid)).path]

    def _on_list_machines(self, _target: object, _request: Request) -> Sequence[Any]:
        if self._listing is None:
            rows = [[one.name, one.machine_class, one.service, one.path] for one in self._registry.machines()]
            self._listing = KeptBody([rows])
        return self._listing

    async def _on_list_images(self, _target: object, _request: Request) -> Sequence[Any]:
        return await self._image_list.body(await self._images.all())

    async def _on_create(self, _target: object, request: Request, *arguments: Any) -> Sequence[Any]:
        *registered, properties = arguments
        wanted: list[tuple[str, Variant]] = [(name, value) for name, value in properties]
        registration = _registration(registered)
        is_sender_meant = not registration.leader or any(name == "PIDs" for name, _ in wanted)
        sender = await _sender(request, is_held=is_sender_meant)
        machine = await self._registry.create(registration, wanted, *sender)
        return [machine.path]

    async def _on_register(self, _target: object, request: Request, *arguments: Any) -> Sequence[Any]:
        registration = _registration(arguments)
        sender = await _sender(request, is_held=not registration.leader)
        machine = await self._registry.register(registration, *sender)
        return [machine.path]

    async def _on_set_pool_limit(self, _target: object, request: Request, size: int) -> None:
        await self._images.set_pool_limit(size, request.permit)

    async def _on_clean_pool(self, _target: object, request: Request, mode: str) -> Sequence[Any]:
        return [await self._images.clean(mode, request.permit)]

    async def _on_map_from_user(
        self, _target: object, _request: Request, name: str, inner: int
    ) -> Sequence[Any]:
        return [await map_from_user(self._registry, name, inner)]

    async def _on_map_from_group(
        self, _target: object, _request: Request, name: str, inner: int
    ) -> Sequence[Any]:
        return [await map_from_group(self._registry, name, inner)]

    async def _on_map_to_user(self, _target: object, _request: Request, outer: int) -> Sequence[Any]:
        machine, inner = await map_to_user(self._registry, outer)
        return [machine.name, machine.path, inner]

    async def _on_map_to_group(self, _target: object, _request: Request, outer: int) -> Sequence[Any]:
        machine, inner = await map_to_group(self._registry, outer)
        return [machine.name, machine.path, inner]


@lru_cache(KEPT)
def _of_path(path: str) -> KeptBody:
    return KeptBody.of("o", [path])


async def _sender(request: Request, *, is_held: bool) -> tuple[int, Callable[[], bool]]:
    """The process of a caller, and whether it has left; held on to where it is to be in a machine itself."""
    if not is_held:
        return await request.pid(), lambda: False
    caller = await request.caller()
    return caller.pid, caller.has_ended


def _registration(arguments: Sequence[Any]) -> Registration:
    """What the four methods that register have in common; two of them tell of no network."""
    ifindices: list[int] = arguments[6] if len(arguments) > 6 else []
    return Registration._make([*arguments[:6], ifindices])
