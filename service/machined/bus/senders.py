"""Who calls: as the message bus tells it, never as the message does."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from machined.contract import BUS, ErrorName
from machined.host.authority import Authority
from machined.host.errors import Refused
from machined.wire import Call, CallError, Connection

BUS_PATH = "/org/freedesktop/DBus"
MAX_KNOWN = 256
"""Callers who are kept in mind: what the bus says of a unique name stays true, and names do not come back."""


class Credentials(NamedTuple):
    """A caller as the bus saw it when it connected (D-Bus Specification, "GetConnectionCredentials")."""

    uid: int
    pid: int


class Request:
    """A call with its caller. The bus is asked only for who needs to know, and once.

    Args:
        call: The call.
        connection: Where it came from.
        authority: Decides what others than root may do.
        known: The callers that the bus was asked for already, by unique name.

    Attributes:
        call: The call.
    """

    def __init__(
        self,
        call: Call,
        connection: Connection,
        authority: Authority,
        known: dict[str, Credentials] | None = None,
    ) -> None:
        self.call = call
        self._connection = connection
        self._authority = authority
        self._known = {} if known is None else known

    async def credentials(self) -> Credentials:
        """The user and the process of the caller.

        Raises:
            Refused: AccessDenied: the caller left the bus, or the bus does not tell who it is.
        """
        credentials = self._known.get(self.call.sender)
        if credentials is None:
            credentials = self._known[self.call.sender] = await self._ask()
            if len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        return credentials

    async def pid(self) -> int:
        """The process of the caller. Raises what `credentials` raises."""
        return (await self.credentials()).pid

    async def is_privileged(self) -> bool:
        """Whether the caller is root, or the user we run as. Raises what `credentials` raises."""
        return (await self.credentials()).uid in {0, os.geteuid()}

    async def require_privilege(self, what: str) -> None:
        """Return if the caller may do what root alone may; `what` is named otherwise.

        Raises:
            Refused: AccessDenied.
        """
        if not await self.is_privileged():
            raise Refused(ErrorName.ACCESS_DENIED, f"{what} is for root alone.")

    async def permit(self, action: str, details: Mapping[str, str]) -> None:
        """Return if the caller may do `action`: root without being asked, others if the authority says so.

        Args:
            action: A polkit action.
            details: What is shown to who is asked.

        Raises:
            Refused: AccessDenied, or InteractiveAuthorizationRequired.
        """
        if await self.is_privileged():
            return
        uid = (await self.credentials()).uid
        await self._authority.check(
            self.call.sender, uid, action, details, is_interactive=self.call.is_interactive
        )

    async def _ask(self) -> Credentials:
        sender = self.call.sender
        try:
            body = await self._connection.call(BUS, BUS_PATH, BUS, "GetConnectionCredentials", "s", sender)
        except CallError as error:
            raise Refused(
                ErrorName.ACCESS_DENIED, f"The message bus does not know the caller {sender!r} any more."
            ) from error
        told = {name: variant.value for name, variant in body[0].items()}
        if (descriptor := told.get("ProcessFD")) is not None:
            os.close(descriptor)  # a pidfd, from dbus-daemon 1.15.8 on; it comes into our hands unasked
        if "UnixUserID" not in told or "ProcessID" not in told:
            raise OSError(errno.EACCES, f"The message bus does not tell who the caller {sender!r} is.")
        return Credentials(told["UnixUserID"], told["ProcessID"])


class Senders:
    """Makes requests of the calls to one connection."""

    def __init__(self, connection: Connection, authority: Authority) -> None:
        self._connection = connection
        self._authority = authority
        self._known: dict[str, Credentials] = {}

    def request(self, call: Call) -> Request:
        """The request that `call` is."""
        return Request(call, self._connection, self._authority, self._known)
