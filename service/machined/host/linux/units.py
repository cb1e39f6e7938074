"""Units of a real host: its service manager, PID 1, over the bus (org.freedesktop.systemd1(5))."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from machined.contract import (
    BUS,
    PROPERTIES_INTERFACE,
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    SYSTEMD1_UNIT_INTERFACE,
    ErrorName,
    escape_label,
    unescape_label,
)
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.units import ScopeRequest, UnitListener
from machined.wire import CallError, CallTimeout, Connection, ConnectionLost, Signal, Variant, duplicated

logger = logging.getLogger(__name__)

UNITS = f"{SYSTEMD1_PATH}/unit"
MACHINE_SLICE = "machine.slice"
TASKS_MAX = 16384
"""How many processes and threads a machine may have unless its maker says otherwise."""

MAX_CALLS = 32
"""Calls to the manager that go on at once; the bus allows 128 to a connection (dbus-daemon(1),
`max_replies_per_connection`), and a thousand machines may end in the same moment."""

_INACTIVE = {"inactive", "failed"}
_DISCONNECTED = f"{BUS}.Error.Disconnected"
_TROUBLE = {str(ErrorName.NO_REPLY), _DISCONNECTED}
"""The service manager is there, and cannot answer just now: it executes itself anew, for example."""
_NO_UNIT = {str(ErrorName.NO_SUCH_UNIT), str(ErrorName.LOAD_FAILED)}
_NO_OBJECT = str(ErrorName.UNKNOWN_OBJECT)
_NOT_KNOWN = {f"{BUS}.Error.PropertyReadOnly", f"{BUS}.Error.UnknownProperty"}
"""What the manager says to a property that it does not know, as one before systemd 255 to PIDFDs."""
PIDFDS = "PIDFDs"
_ALREADY_SUBSCRIBED = f"{SYSTEMD1}.AlreadySubscribed"


class LinuxUnits:
    """Units of the service manager on a bus. It tells of them once it was started.

    Args:
        connection: To the system bus; whoever opened it closes it.
        improvements: Whether whoever asks for a scope hears of properties that the manager does not know;
            else it is made without any of theirs.
    """

    def __init__(self, connection: Connection, *, improvements: Improvements = ALL) -> None:
        self._connection = connection
        self._improvements = improvements
        self._listeners: list[UnitListener] = []
        self._takes_pidfds = True
        self._room = asyncio.Semaphore(MAX_CALLS)

    async def start(self) -> None:
        """Have the manager tell of units and jobs.

        Raises:
            WireError: It cannot be had.
        """
        manager: dict[str, Any] = {"path": SYSTEMD1_PATH, "interface": SYSTEMD1_MANAGER_INTERFACE}
        for member, callback in (
            ("JobRemoved", self._on_job_removed),
            ("UnitRemoved", self._on_unit_removed),
            ("Reloading", self._on_reloading),
        ):
            await self._connection.subscribe(callback, sender=SYSTEMD1, member=member, **manager)
        await self._connection.subscribe(
            self._on_properties_changed,
            sender=SYSTEMD1,
            path_namespace=UNITS,
            interface=PROPERTIES_INTERFACE,
            member="PropertiesChanged",
            arg0=SYSTEMD1_UNIT_INTERFACE,  # states of units are all in this one
        )
        try:
            await self._ask("Subscribe")
        except Refused as refused:
            if refused.name != _ALREADY_SUBSCRIBED:
                raise

    def listen(self, listener: UnitListener) -> None:
        """Tell a listener from now on.

        It hears of ends alone: of jobs, of units, and of their being active. That a job or a unit is new
        changes nothing for machines, and hearing of it would cost time whenever anything starts on the host.
        """
        self._listeners.append(listener)

    async def start_scope(self, request: ScopeRequest) -> str:
        """Make a transient scope (StartTransientUnit); the object path of its start job."""
        if request.pidfd >= 0 and self._takes_pidfds:
            try:
                return await self._start_scope(request, by_pidfd=True)
            except Refused as refused:
                if refused.name not in _NOT_KNOWN:
                    raise
                self._takes_pidfds = PIDFDS not in refused.message
                if self._takes_pidfds:  # so it is one of the caller's that it does not know
                    if self._improvements.keeps_scope_properties:
                        raise
                    request = request._replace(properties=[])
        return await self._start_scope(request, by_pidfd=False)

    async def start_unit(self, unit: str, mode: str) -> str:
        """Start a unit (StartUnit); the object path of the job."""
        return str(await self._ask("StartUnit", "ss", unit, mode))

    async def stop_unit(self, unit: str, mode: str) -> str:
        """Stop a unit (StopUnit); the object path of the job."""
        return str(await self._ask("StopUnit", "ss", unit, mode))

    async def kill_unit(self, unit: str, whom: str, signal: int) -> None:
        """Send a signal to processes of a unit (KillUnit)."""
        await self._ask("KillUnit", "ssi", unit, whom, signal)

    async def unref_unit(self, unit: str) -> None:
        """Give up the reference that `start_scope` took (UnrefUnit)."""
        await self._ask("UnrefUnit", "s", unit)

    async def is_active(self, unit: str) -> bool:
        """Whether a unit is neither inactive nor failed; where it cannot be told it is taken to be active."""
        try:
            state = await self._get(f"{UNITS}/{escape_label(unit)}", SYSTEMD1_UNIT_INTERFACE, "ActiveState")
        except Refused as refused:
            if refused.name in _TROUBLE:
                return True
            if refused.name in _NO_UNIT:
                return False
            raise
        return state not in _INACTIVE

    async def is_job_pending(self, job: str) -> bool:
        """Whether a job is still there; where it cannot be told it is taken to be."""
        try:
            await self._get(job, f"{SYSTEMD1}.Job", "State")
        except Refused as refused:
            if refused.name in _TROUBLE:
                return True
            if refused.name == _NO_OBJECT:
                return False
            raise
        return True

    async def job_of(self, unit: str) -> str:
        """The object path of the job that a unit has; "" where it has none or is not loaded."""
        try:
            number, job = await self._get(f"{UNITS}/{escape_label(unit)}", SYSTEMD1_UNIT_INTERFACE, "Job")
        except Refused as refused:
            if refused.name in _NO_UNIT:
                return ""
            raise
        return str(job) if number else ""

    async def _start_scope(self, request: ScopeRequest, *, by_pidfd: bool) -> str:
        if by_pidfd:
            processes = [PIDFDS, Variant("ah", [request.pidfd])]
        else:
            processes = ["PIDs", Variant("au", [request.leader])]
        properties = [
            ["Slice", Variant("s", MACHINE_SLICE)],
            ["Description", Variant("s", request.description)],
            processes,
            ["Delegate", Variant("b", True)],
            ["CollectMode", Variant("s", "inactive-or-failed")],
            ["AddRef", Variant("b", True)],
            ["TasksMax", Variant("t", TASKS_MAX)],
            *([name, value] for name, value in request.properties),
        ]
        async with self._room:
            # Sending closes the descriptors, so they are made when nothing is left to keep it from that
            sent = duplicated(Variant("a(sv)", properties)).value
            body = await self._exchange(
                SYSTEMD1_PATH,
                SYSTEMD1_MANAGER_INTERFACE,
                "StartTransientUnit",
                "ssa(sv)a(sa(sv))",
                request.unit,
                "fail",
                sent,
                [],
            )
        return str(body[0])

    async def _ask(self, member: str, signature: str = "", *arguments: Any) -> Any:
        body = await self._call(SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, member, signature, *arguments)
        return body[0] if body else None

    async def _get(self, path: str, interface: str, name: str) -> Any:
        (value,) = await self._call(path, PROPERTIES_INTERFACE, "Get", "ss", interface, name)
        return value.value

    async def _call(
        self, path: str, interface: str, member: str, signature: str, *arguments: Any
    ) -> list[Any]:
        async with self._room:
            return await self._exchange(path, interface, member, signature, *arguments)

    async def _exchange(
        self, path: str, interface: str, member: str, signature: str, *arguments: Any
    ) -> list[Any]:
        try:
            return await self._connection.call(SYSTEMD1, path, interface, member, signature, *arguments)
        except CallError as error:
            raise Refused(error.name, error.message) from error
        except CallTimeout as error:
            raise Refused(ErrorName.NO_REPLY, str(error)) from error
        except ConnectionLost as error:
            raise Refused(_DISCONNECTED, str(error)) from error

    def _on_job_removed(self, signal: Signal) -> None:
        for listener in self._listeners:
            listener.on_job_removed(*signal.body)

    def _on_unit_removed(self, signal: Signal) -> None:
        for listener in self._listeners:
            listener.on_unit_removed(signal.body[0])

    def _on_reloading(self, signal: Signal) -> None:
        for listener in self._listeners:
            listener.on_reloading(signal.body[0])

    def _on_properties_changed(self, signal: Signal) -> None:
        unit = unescape_label(signal.path.rpartition("/")[2])
        interface, changed, _ = signal.body
        for listener in self._listeners:
            listener.on_unit_changed(unit, interface, changed)
