"""What may be done inside which machine."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.improvements import NONE
from machined.host.inside import BindRequest, CopyRequest, IdRange, Place, ShellRequest
from machined.machines import mapping
from machined.machines.entering import Entering
from machined.machines.machine import Registration
from machined.machines.registry import Registry
from machined.operations import MAX_OPERATIONS, Operations
from tests.service.domain.hosts import FakeHost, Permits

BIND = BindRequest("/srv", "", False, True)
COPY = CopyRequest("/srv", "", True, False, 0)
FULL = 2**16


@pytest.fixture
async def entering(registry: Registry, fake: FakeHost) -> Entering:
    for number, name in enumerate(("web", "vm")):
        machine_class = "vm" if name == "vm" else "container"
        fake.processes.units[50 + number] = f"{name}.service"
        fake.units.active.add(f"{name}.service")
        await registry.register(Registration(name, b"", "", machine_class, 50 + number, "", []), 0)
    return Entering(registry, Operations())


@pytest.mark.parametrize(
    "call",
    [
        lambda entering, machine, permits: entering.addresses(machine),
        lambda entering, machine, permits: entering.os_release(machine),
        lambda entering, machine, permits: entering.uid_shift(machine),
        lambda entering, machine, permits: entering.open_pty(machine, permits),
        lambda entering, machine, permits: entering.open_login(machine, permits),
        lambda entering, machine, permits: entering.open_shell(machine, "", "", [], [], permits),
        lambda entering, machine, permits: entering.bind_mount(machine, BIND, permits),
        lambda entering, machine, permits: entering.copy(machine, COPY, 0, permits),
        lambda entering, machine, permits: entering.open_root(machine, permits),
    ],
)
async def test_a_virtual_machine_cannot_be_entered(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits, call: Callable[..., Any]
) -> None:
    with pytest.raises(Refused) as caught:
        await call(entering, registry.get("vm"), permits)
    assert caught.value.name == ErrorName.NOT_SUPPORTED
    assert not fake.inside.done


@pytest.mark.parametrize(
    "call",
    [
        lambda entering, machine, permits: entering.bind_mount(machine, BIND, permits),
        lambda entering, machine, permits: entering.copy(machine, COPY, 0, permits),
    ],
)
async def test_a_name_that_is_a_virtual_machine_s_after_the_question_is_not_entered(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits, call: Callable[..., Any]
) -> None:
    machine = registry.get("web")
    permits.before = lambda: setattr(machine, "machine_class", "vm")
    with pytest.raises(Refused) as caught:
        await call(entering, machine, permits)
    assert caught.value.name == ErrorName.NOT_SUPPORTED
    assert not fake.inside.done


@pytest.mark.parametrize(("name", "prefix"), [("web", ""), (".host", "host-")])
async def test_shells_of_host_and_machines_are_different_rights(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits, name: str, prefix: str
) -> None:
    arguments = ["sh", "-l"]
    pty = await entering.open_shell(registry.get(name), "", "/bin/sh", arguments, ["A=b=c\n\x1b"], permits)
    os.close(pty.fd)
    details = {"machine": name, "user": "root", "program": "/bin/sh", "command_line": "sh -l"}
    assert permits.asked == [(f"org.freedesktop.machine1.{prefix}shell", details)]
    request = ShellRequest("root", "/bin/sh", arguments, ["A=b=c\n\x1b"])
    assert fake.inside.done == [("shell", registry.get(name).place, request)]


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("sh", []),
        ("./sh", []),
        ("/bin/sh", ["A"]),
        ("/bin/sh", ["=b"]),
        ("/bin/sh", ["1A=b"]),
        ("/bin/sh", ["A=1", "A=2"]),
    ],
)
async def test_a_shell_wants_a_sound_path_and_environment(
    entering: Entering, registry: Registry, permits: Permits, path: str, environment: list[str]
) -> None:
    with pytest.raises(Refused) as caught:
        await entering.open_shell(registry.get("web"), "", path, [], environment, permits)
    assert caught.value.name == ErrorName.INVALID_ARGS
    assert not permits.asked


async def test_arguments_begin_with_the_program_unless_they_are_given(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    for path, arguments in (("/bin/ls", []), ("", ["-l"])):
        os.close((await entering.open_shell(registry.get("web"), "x", path, arguments, [], permits)).fd)
    requests = [done[2] for done in fake.inside.done]
    assert requests == [ShellRequest("x", "/bin/ls", ["/bin/ls"], []), ShellRequest("x", "", [], [])]


LONG = [pytest.param("/a" * 2048, id="4096 bytes"), pytest.param("/" + "é" * 128, id="a name of 256 bytes")]


@pytest.mark.parametrize("path", ["srv", "/a/../b", "/a//b", "/./a", *LONG])
async def test_a_bind_wants_normalized_paths(
    entering: Entering, registry: Registry, permits: Permits, path: str
) -> None:
    for request in (BIND._replace(source=path), BIND._replace(destination=path)):
        with pytest.raises(Refused) as caught:
            await entering.bind_mount(registry.get("web"), request, permits)
        assert caught.value.name == ErrorName.INVALID_ARGS
    assert not permits.asked


async def test_a_bind_goes_to_the_same_path_unless_another_is_named(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    await entering.bind_mount(registry.get("web"), BIND, permits)
    assert fake.inside.done == [("web", BIND._replace(destination="/srv"))]


async def test_a_bind_into_a_machine_with_ids_of_its_own_maps_them_unless_strict(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    fake.inside.users["web"] = [IdRange(0, FULL, FULL)]
    with pytest.raises(Refused, match="namespac"):
        await Entering(registry, Operations(), improvements=NONE).bind_mount(
            registry.get("web"), BIND, permits
        )
    assert fake.inside.done == []
    await entering.bind_mount(registry.get("web"), BIND, permits)
    assert fake.inside.done == [("web", BIND._replace(destination="/srv", maps_ids=True))]


@pytest.mark.parametrize(("flags", "replaces"), [(0, False), (1, True)])
async def test_a_copy_knows_where_the_ids_of_the_machine_begin(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits, flags: int, replaces: bool
) -> None:
    fake.inside.users["web"] = [IdRange(0, 3 * FULL, FULL)]
    await entering.copy(registry.get("web"), COPY, flags, permits)
    wanted = COPY._replace(destination="/srv", replaces=replaces, shift=3 * FULL)
    assert fake.inside.done == [("web", wanted)]


async def test_a_copy_refuses_unknown_flags_and_loose_paths(
    entering: Entering, registry: Registry, permits: Permits
) -> None:
    for request, flags in (
        (COPY, 2),
        (COPY, 2**63),
        (COPY._replace(source="a"), 0),
        (COPY._replace(destination="a"), 0),
    ):
        with pytest.raises(Refused) as caught:
            await entering.copy(registry.get("web"), request, flags, permits)
        assert caught.value.name == ErrorName.INVALID_ARGS


async def test_so_many_copies_at_once_and_no_more(
    entering: Entering, registry: Registry, fake: FakeHost, permits: Permits
) -> None:
    fake.inside.gate = asyncio.Event()
    machine = registry.get("web")
    going = [asyncio.create_task(entering.copy(machine, COPY, 0, permits)) for _ in range(MAX_OPERATIONS)]
    await asyncio.sleep(0.01)
    with pytest.raises(Refused) as caught:
        await entering.copy(machine, COPY._replace(source="bad"), 0, permits)
    assert caught.value.name == ErrorName.LIMITS_EXCEEDED
    fake.inside.gate.set()
    await asyncio.gather(*going)
    await entering.copy(machine, COPY, 0, permits)


async def test_ssh_is_told_when_the_machine_told_it(entering: Entering, registry: Registry) -> None:
    machine = registry.get("vm")
    machine.ssh_address = "vsock/7"
    with pytest.raises(FileNotFoundError):
        await entering.ssh_info(machine)
    machine.ssh_private_key_path = "/key"
    assert await entering.ssh_info(machine) == ("vsock/7", "/key")


# Ids


@pytest.mark.parametrize(
    ("users", "groups", "shift"),
    [
        ([IdRange(0, 0, 2**32 - 1)], None, 0),
        ([IdRange(0, FULL, FULL)], None, FULL),
        ([IdRange(0, FULL, 65533)], None, None),
        ([IdRange(1, FULL, FULL)], None, None),
        ([IdRange(0, FULL, FULL), IdRange(FULL, 0, 1)], None, None),
        ([IdRange(0, FULL, FULL)], [IdRange(0, FULL + 1, FULL)], None),
    ],
)
async def test_only_a_plain_shift_is_a_shift(
    entering: Entering,
    registry: Registry,
    fake: FakeHost,
    users: list[IdRange],
    groups: list[IdRange] | None,
    shift: int | None,
) -> None:
    fake.inside.users["web"] = users
    if groups is not None:
        fake.inside.groups["web"] = groups
    if shift is not None:
        assert await entering.uid_shift(registry.get("web")) == shift
        return
    with pytest.raises(Refused) as caught:
        await entering.uid_shift(registry.get("web"))
    assert caught.value.name == ErrorName.NOT_SUPPORTED
    with pytest.raises(OSError, match="No such device") as raised:
        await mapping.uid_shift(fake.inside, registry.get("web").place)
    assert raised.value.errno == errno.ENXIO


async def test_users_and_groups_are_mapped_both_ways(
    entering: Entering, registry: Registry, fake: FakeHost
) -> None:
    fake.inside.users["web"] = [IdRange(0, 2 * FULL, FULL)]
    fake.inside.groups["web"] = [IdRange(0, 3 * FULL, FULL)]
    web = registry.get("web")
    assert await mapping.map_from_user(registry, "web", 33) == 2 * FULL + 33
    assert await mapping.map_from_group(registry, "web", 33) == 3 * FULL + 33
    assert await mapping.map_to_user(registry, 2 * FULL + 33) == (web, 33)
    assert await mapping.map_to_group(registry, 3 * FULL + 33) == (web, 33)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda registry: mapping.map_from_user(registry, "web", 65535), ErrorName.INVALID_ARGS),
        (lambda registry: mapping.map_from_user(registry, "no", 2**32 - 1), ErrorName.INVALID_ARGS),
        (lambda registry: mapping.map_from_user(registry, "no", 0), ErrorName.NO_SUCH_MACHINE),
        (lambda registry: mapping.map_from_user(registry, "vm", 0), ErrorName.INVALID_ARGS),
        (lambda registry: mapping.map_from_user(registry, ".host", 0), ErrorName.INVALID_ARGS),
        (lambda registry: mapping.map_from_user(registry, "web", FULL), ErrorName.NO_SUCH_USER_MAPPING),
        (lambda registry: mapping.map_from_group(registry, "web", FULL), ErrorName.NO_SUCH_USER_MAPPING),
        (lambda registry: mapping.map_to_user(registry, 1), ErrorName.NO_SUCH_USER_MAPPING),
        (lambda registry: mapping.map_to_user(registry, 65535), ErrorName.INVALID_ARGS),
        (lambda registry: mapping.map_to_user(registry, 99 * FULL), ErrorName.NO_SUCH_USER_MAPPING),
        (lambda registry: mapping.map_to_group(registry, 99 * FULL), ErrorName.NO_SUCH_GROUP_MAPPING),
    ],
)
async def test_ids_without_a_mapping_are_refused(
    entering: Entering, registry: Registry, fake: FakeHost, call: Callable[..., Any], error: ErrorName
) -> None:
    fake.inside.users["web"] = [IdRange(0, 2 * FULL, FULL)]
    with pytest.raises(Refused) as caught:
        await call(registry)
    assert caught.value.name == error


async def test_a_flood_of_questions_whose_a_user_is_leaves_others_their_turn(
    registry: Registry, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody may ask, and each question is a look at all machines."""
    for number in range(200):
        fake.processes.units[1000 + number] = unit = f"many-{number}.service"
        fake.units.active.add(unit)
        await registry.register(
            Registration(f"many-{number}", b"", "test", "container", 1000 + number, "", []), 60
        )
    looks, most = 0, 0

    async def user_map(_place: Place) -> list[IdRange]:
        nonlocal looks
        looks += 1
        return []

    monkeypatch.setattr(fake.inside, "user_map", user_map)
    asked = [asyncio.create_task(mapping.map_to_user(registry, 99 * FULL)) for _ in range(20)]
    while not all(task.done() for task in asked):
        before = looks
        await asyncio.sleep(0)
        most = max(most, looks - before)
    assert all(isinstance(task.exception(), Refused) for task in asked)
    assert looks >= 20 * 200
    assert most <= 50


async def test_a_machine_that_goes_while_others_are_looked_at_has_no_users(
    registry: Registry, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = []
    for number, name in enumerate(("first", "goes")):
        fake.processes.units[1000 + number] = unit = f"{name}.service"
        fake.units.active.add(unit)
        registration = Registration(name, b"", "test", "container", 1000 + number, "", [])
        machines.append(await registry.register(registration, 60))

    async def user_map(place: Place) -> list[IdRange]:
        if place.name == "first":
            await registry.remove(machines[1])
            return []
        return [IdRange(0, 2 * FULL, FULL)]

    monkeypatch.setattr(fake.inside, "user_map", user_map)
    with pytest.raises(Refused):
        await mapping.map_to_user(registry, 2 * FULL)
