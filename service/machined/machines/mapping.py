"""Users and groups of machines as the host numbers them (user_namespaces(7))."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.inside import IdRange, Inside, Place
from machined.machines.machine import CONTAINER, Machine
from machined.machines.registry import Registry

HOST_IDS = 65536
"""Ids below belong to the host, whatever a machine maps."""
INVALID_IDS = {2**32 - 1, 2**16 - 1}
"""What no user or group can be, as (uid_t) -1 and its 16-bit form."""
MIN_RANGE = 65534
"""How long the range of a machine with ids of its own is at least."""
_AT_ONCE = 50
"""So many machines are looked at in a turn of the event loop, which takes a millisecond at most."""

Maps = Callable[[Place], Awaitable[list[IdRange]]]


async def map_from_user(registry: Registry, name: str, inner: int) -> int:
    """The host's number of a machine's user.

    Raises:
        Refused: InvalidArgs, NoSuchMachine, NoSuchUserMapping.
    """
    return await _map_from(registry, name, inner, "user", registry.host.inside.user_map)


async def map_from_group(registry: Registry, name: str, inner: int) -> int:
    """The host's number of a machine's group; without one the error is NoSuchUserMapping here too.

    Raises:
        Refused: InvalidArgs, NoSuchMachine, NoSuchUserMapping.
    """
    return await _map_from(registry, name, inner, "group", registry.host.inside.group_map)


async def map_to_user(registry: Registry, outer: int) -> tuple[Machine, int]:
    """The machine that has a user of the host, and its number there.

    Raises:
        Refused: InvalidArgs, NoSuchUserMapping.
        OSError: EINVAL, the machine maps it to a number that no user can have.
    """
    inside = registry.host.inside
    return await _map_to(registry, outer, "user", inside.user_map, ErrorName.NO_SUCH_USER_MAPPING)


async def map_to_group(registry: Registry, outer: int) -> tuple[Machine, int]:
    """The machine that has a group of the host, and its number there.

    Raises:
        Refused: InvalidArgs, NoSuchGroupMapping.
        OSError: EINVAL, as for users.
    """
    inside = registry.host.inside
    return await _map_to(registry, outer, "group", inside.group_map, ErrorName.NO_SUCH_GROUP_MAPPING)


async def uid_shift(inside: Inside, place: Place) -> int:
    """Where the ids of a machine begin on the host: 0 without a user namespace.

    Raises:
        OSError: ENXIO, the machine maps its ids in a way that is no plain shift; ENOMSG, not at all yet.
    """
    if place.is_host:
        return 0
    try:
        users = await inside.user_map(place)
        groups = await inside.group_map(place)
    except FileNotFoundError:
        return 0  # a kernel without user namespaces
    if not users:
        raise OSError(errno.ENOMSG, os.strerror(errno.ENOMSG))  # its owner has not said yet
    if len(users) == 1 and users == groups and users[0].inner == 0 and users[0].length >= MIN_RANGE:
        return users[0].outer
    raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))


def _check_id(number: int, kind: str) -> None:
    if number in INVALID_IDS:
        raise Refused(ErrorName.INVALID_ARGS, f"Invalid {kind} ID {number}")


async def _map_from(registry: Registry, name: str, inner: int, kind: str, maps: Maps) -> int:
    _check_id(inner, kind)
    machine = registry.get(name)
    if machine.machine_class != CONTAINER:
        raise Refused(
            ErrorName.INVALID_ARGS, f"{kind.title()} mapping is only supported for container machines."
        )
    for one in await maps(machine.place):
        if one.inner <= inner < one.inner + one.length:
            return inner - one.inner + one.outer
    text = f"Machine '{name}' has no matching {kind} mappings."
    raise Refused(ErrorName.NO_SUCH_USER_MAPPING, text)


async def _map_to(
    registry: Registry, outer: int, kind: str, maps: Maps, missing: ErrorName
) -> tuple[Machine, int]:
    _check_id(outer, kind)
    if outer < HOST_IDS:
        raise Refused(missing, f"{kind.title()} {outer} belongs to host {kind} range")
    # Everybody may ask, and among a thousand machines that takes ten milliseconds
    async with registry.looking:
        await asyncio.sleep(0)
        for number, machine in enumerate(registry.machines(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if machine.machine_class == CONTAINER and registry.find(machine.name) is machine:
                inner = await _inner(machine, outer, maps)
                if inner is not None:
                    return machine, inner
    raise Refused(missing, f"No matching {kind} mapping for {outer}.")


async def _inner(machine: Machine, outer: int, maps: Maps) -> int | None:
    """What a user or group of the host is in a machine; `None` where it is none of its."""
    try:
        ranges = await maps(machine.place)
    except OSError:
        return None  # a machine that ends just now maps nothing
    for one in ranges:
        if one.outer and one.outer <= outer < one.outer + one.length:
            inner = outer - one.outer + one.inner
            if inner in INVALID_IDS:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            return inner
    return None
