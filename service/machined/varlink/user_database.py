"""`io.systemd.UserDatabase`: users and groups of machines for the host (https://systemd.io/USER_GROUP_API/).

They show where a file or process of a machine is looked at from outside: `vu-web-0` owns what root of the
machine `web` owns in there. How it answers is what systemd-machined 257 was seen to answer.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.machines import mapping
from machined.machines.machine import Machine
from machined.machines.registry import Registry
from machined.varlink.interfaces import Interface, Method, Parameter, text, whole_number
from machined.varlink.messages import VarlinkError
from machined.varlink.records import GROUPS, SERVICE, USERS, Kind, Owned, group_record, is_name, user_record
from machined.varlink.server import Limits, VarlinkServer
from machined.varlink.service import VarlinkService

SOCKET = Path("/run/systemd/userdb") / SERVICE
"""Where nss-systemd(8) and userdbctl(1) look for it."""
INTERFACE = "io.systemd.UserDatabase"
GUIDE = "https://systemd.io/USER_GROUP_API/"
BYPASS = "SYSTEMD_BYPASS_USERDB"
"""The variable that has nss-systemd leave a service out, by its name (systemd's docs, "Known Environment
Variables")."""

DESCRIPTION = """\
interface io.systemd.UserDatabase

# [Supports 'more' flag]
method GetUserRecord(
	uid: ?int,
	userName: ?string,
	service: string
) -> (
	record: object,
	incomplete: ?bool
)

# [Supports 'more' flag]
method GetGroupRecord(
	gid: ?int,
	groupName: ?string,
	service: string
) -> (
	record: object,
	incomplete: ?bool
)

# [Supports 'more' flag]
method GetMemberships(
	userName: ?string,
	groupName: ?string,
	service: string
) -> (
	userName: string,
	groupName: string
)

error NoRecordFound()

error BadService()

error ServiceNotAvailable()

error ConflictingRecordFound()

error EnumerationNotSupported()
"""


class _Mapping(NamedTuple):
    """How users, or groups, are found."""

    kind: Kind
    outward: Callable[[Registry, str, int], Awaitable[int]]
    inward: Callable[[Registry, int], Awaitable[tuple[Machine, int]]]


_OF_USERS = _Mapping(USERS, mapping.map_from_user, mapping.map_to_user)
_OF_GROUPS = _Mapping(GROUPS, mapping.map_from_group, mapping.map_to_group)


class UserDatabase:
    """Answers who asks for users and groups of the machines of a registry.

    Args:
        registry: The machines.
        limits: What clients may ask of it.
        improvements: What it does otherwise than systemd-machined.
    """

    def __init__(
        self, registry: Registry, limits: Limits | None = None, *, improvements: Improvements = ALL
    ) -> None:
        self._registry = registry
        service = VarlinkService("Machinedeck (machined)", GUIDE, [self._interface()], improvements)
        self._server = VarlinkServer(service.answer, limits, keeps_file=not improvements.removes_user_socket)

    async def start(self, path: Path = SOCKET) -> None:
        """Listen at an absolute path.

        The folder is made if it is missing, a socket that nobody answers on is replaced. From then on libc
        in our own process, and in those it starts, leaves this socket out: it would wait for ourselves.

        Raises:
            OSError: EADDRINUSE where somebody answers there; or what the kernel says.
        """
        await self._server.listen(path)
        os.environ[BYPASS] = SERVICE

    async def close(self) -> None:
        """Disconnect everybody and remove the socket. Does nothing the second time."""
        os.environ.pop(BYPASS, None)
        await self._server.close()

    def _interface(self) -> Interface:
        uid, gid = (Parameter(name, whole_number, is_valid=_is_id) for name in ("uid", "gid"))
        user, group = (Parameter(name, text, is_valid=is_name) for name in ("userName", "groupName"))
        service = Parameter("service", text, is_required=True)
        methods = {
            "GetUserRecord": Method((uid, user, service), self._on_get_user),
            "GetGroupRecord": Method((gid, group, service), self._on_get_group),
            "GetMemberships": Method((user, group, service), self._on_get_memberships),
        }
        return Interface(INTERFACE, DESCRIPTION, methods)

    async def _on_get_user(self, values: dict[str, Any]) -> dict[str, Any]:
        _check_service(values)
        name, uid, label = await self._find(_OF_USERS, values["uid"], values["userName"])
        return {"record": user_record(name, uid, label)}

    async def _on_get_group(self, values: dict[str, Any]) -> dict[str, Any]:
        _check_service(values)
        name, gid, label = await self._find(_OF_GROUPS, values["gid"], values["groupName"])
        return {"record": group_record(name, gid, label)}

    async def _on_get_memberships(self, values: dict[str, Any]) -> dict[str, Any]:
        _check_service(values)
        raise _no("NoRecordFound")  # these groups have no members

    async def _find(self, of: _Mapping, number: int | None, name: str | None) -> tuple[str, int, str]:
        """Name, number on the host and label; the number leads where both are given."""
        if number is None and name is None:
            raise _no("EnumerationNotSupported")
        try:
            if number is not None:
                owned, outer = await self._inward(of, number), number
            else:
                owned, outer = await self._outward(of, name or "")
        except Refused:
            raise _no("NoRecordFound") from None
        found = of.kind.name(owned)
        if found is None:
            raise _no("NoRecordFound")
        if name not in {None, found}:
            raise _no("ConflictingRecordFound")
        if owned.inner in mapping.INVALID_IDS:
            # A machine may map the number that is none; a record of it there cannot be
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return found, outer, of.kind.label(owned)

    async def _inward(self, of: _Mapping, number: int) -> Owned:
        machine, inner = await of.inward(self._registry, number)
        return Owned(machine.name, inner)

    async def _outward(self, of: _Mapping, name: str) -> tuple[Owned, int]:
        owned = of.kind.owned(name)
        if owned is None:
            raise _no("NoRecordFound")
        return owned, await of.outward(self._registry, owned.machine, owned.inner)


def _no(error: str) -> VarlinkError:
    return VarlinkError(f"{INTERFACE}.{error}")


def _check_service(values: dict[str, Any]) -> None:
    if values["service"] != SERVICE:
        raise _no("BadService")


def _is_id(number: int) -> bool:
    return 0 <= number < 2**32 and number not in mapping.INVALID_IDS
