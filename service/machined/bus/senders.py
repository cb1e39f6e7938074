"""Who calls: as the message bus tells it, never as the message does."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping
from typing import NamedTuple

from machined.contract import BUS, ErrorName
from machined.host.authority import Authority
from machined.host.errors import Refused
from machined.wire import Call, CallError, Connection

BUS_PATH = "/org/freedesktop/DBus"
MAX_KNOWN = 256
"""Callers who are kept in mind: what the bus says of a unique name stays true, and names do not come back."""

MAX_CALLERS = 16
"""Callers whose processes are held on to."""


class Credentials(NamedTuple):
    """A caller as the bus saw it when it connected (D-Bus Specification, "GetConnectionCredentials")."""

    uid: int
    pid: int


class Caller:
    """The process of a caller, held on to, so that it can be told from a later one with its pid.

    Args:
        pid: Which one.
        pidfd: A descriptor of it, which is ours from now on and goes when nobody needs us any more.
    """

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd

    def __del__(self) -> None:
        os.close(self._pidfd)

    def has_ended(self) -> bool:
        """Whether the process is no more, and its pid may be that of another."""
        try:
            signal.pidfd_send_signal(self._pidfd, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False  # not ours to signal, so it is there
        return False


class Request:
    """A call with its caller. The bus is asked only for who needs to know, and once.

    Args:
        call: The call.
        connection: Where it came from.
        authority: Decides what others than root may do.
        known: The callers that the bus was asked for already, by unique name.
        callers: Likewise, those whose processes are held on to.

    Attributes:
        call: The call.
    """

    def __init__(
        self,
        call: Call,
        connection: Connection,
        authority: Authority,
        known: dict[str, Credentials] | None = None,
        callers: dict[str, Caller] | None = None,
    ) -> None:
        self.call = call
        self._connection = connection
        self._authority = authority
        self._known = {} if known is None else known
        self._callers = {} if callers is None else callers

    async def credentials(self) -> Credentials:
        """The user and the process of the caller.

        Raises:
            Refused: AccessDenied: the caller left the bus, or the bus does not tell who it is.
        """
        credentials = self._known.get(self.call.sender)
        if credentials is None:
            credentials, pidfd = await self._ask()
            if pidfd >= 0:
                os.close(pidfd)
            self._known[self.call.sender] = credentials
            if len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        return credentials

    async def pid(self) -> int:
        """The process of the caller. Raises what `credentials` raises."""
        return (await self.credentials()).pid

    async def caller(self) -> Caller:
        """The process of the caller, held on to; one that is no more is none.

        Newer message buses hand out a descriptor of who connected; of others it is opened here, and they are
        asked once more, for then the caller was there still.

        Raises:
            Refused: AccessDenied, as of `credentials`.
            ProcessLookupError: It has ended.
        """
        sender = self.call.sender
        caller = self._callers.get(sender)
        if caller is None:
            credentials, pidfd = await self._ask()
            if pidfd < 0:
                pidfd = os.pidfd_open(credentials.pid)
                caller = Caller(credentials.pid, pidfd)
                _, second = await self._ask()
                if second >= 0:
                    os.close(second)
            else:
                caller = Caller(credentials.pid, pidfd)
            self._callers[sender] = caller
            if len(self._callers) > MAX_CALLERS:
                del self._callers[next(iter(self._callers))]
        if caller.has_ended():
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        return caller

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

    async def permit(self, action: str, details: Mapping[str, str]) -> int:
        """Return if the caller may do `action`: root without being asked, others if the authority says so.

        Args:
            action: A polkit action.
            details: What is shown to who is asked.

        Returns:
            The caller's user.

        Raises:
            Refused: AccessDenied, or InteractiveAuthorizationRequired.
        """
        uid = (await self.credentials()).uid
        if not await self.is_privileged():
            await self._authority.check(
                self.call.sender, uid, action, details, is_interactive=self.call.is_interactive
            )
        return uid

    async def _ask(self) -> tuple[Credentials, int]:
        """What the bus says of the caller, and a descriptor of its process or -1."""
        sender = self.call.sender
        try:
            body = await self._connection.call(BUS, BUS_PATH, BUS, "GetConnectionCredentials", "s", sender)
        except CallError as error:
            raise Refused(
                ErrorName.ACCESS_DENIED, f"The message bus does not know the caller {sender!r} any more."
            ) from error
        told = {name: variant.value for name, variant in body[0].items()}
        pidfd = told.get("ProcessFD", -1)  # from dbus-daemon 1.15.8 on
        if "UnixUserID" not in told or "ProcessID" not in told:
            if pidfd >= 0:
                os.close(pidfd)
            raise OSError(errno.EACCES, f"The message bus does not tell who the caller {sender!r} is.")
        return Credentials(told["UnixUserID"], told["ProcessID"]), pidfd


class Senders:
    """Makes requests of the calls to one connection."""

    def __init__(self, connection: Connection, authority: Authority) -> None:
        self._connection = connection
        self._authority = authority
        self._known: dict[str, Credentials] = {}
        self._callers: dict[str, Caller] = {}

    def request(self, call: Call) -> Request:
        """The request that `call` is."""
        return Request(call, self._connection, self._authority, self._known, self._callers)

    def close(self) -> None:
        """Let go of the processes that are held on to; calls that go on keep theirs."""
        self._callers.clear()
