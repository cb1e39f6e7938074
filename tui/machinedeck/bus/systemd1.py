"""A client of `org.freedesktop.systemd1`: starting units, and hearing of the jobs that change them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from machined.contract import (
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    SYSTEMD1_UNIT_INTERFACE,
    ErrorName,
)
from machined.wire import CallError, Connection, Signal, Variant
from machinedeck.bus.errors import asked
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import nspawn_machine
from machinedeck.model.text import clean

SETTLE_SECONDS = 1.0
"""How long a unit must hold after its start job is done: systemd-nspawn reports ready before it runs init."""

SUBSCRIBE_SECONDS = 3.0
"""How long PID 1 may take to be followed: one that hangs, or reloads for long, keeps no list waiting.

It has the question all the same, and tells of jobs from when it comes to it.
"""


class Systemd1:
    """What the console asks of PID 1, on one open connection. Every call raises `Failure`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ended: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._starting = 0
        self._lost: Failure | None = None

    async def subscribe(self, on_job: Callable[[str], None]) -> None:
        """Call back with the name of each unit for which a job begins or ends.

        Raises:
            Failure: TIMED_OUT, PID 1 did not answer in time; it calls back from when it does.
        """

        def on_new(signal: Signal) -> None:
            on_job(str(signal.body[2]))

        def on_removed(signal: Signal) -> None:
            _id, job, unit, result = signal.body
            self._on_job_end(job, result)
            on_job(str(unit))

        with asked("follow the units"):
            for member, callback in (("JobNew", on_new), ("JobRemoved", on_removed)):
                await self._connection.subscribe(
                    callback,
                    sender=SYSTEMD1,
                    path=SYSTEMD1_PATH,
                    interface=SYSTEMD1_MANAGER_INTERFACE,
                    member=member,
                )
            await self._connection.call(
                SYSTEMD1,
                SYSTEMD1_PATH,
                SYSTEMD1_MANAGER_INTERFACE,
                "Subscribe",
                timeout=SUBSCRIBE_SECONDS,
            )

    async def start(self, unit: str) -> None:
        """Start `unit` and wait until it runs, however long that takes."""
        await self._settled(unit, await self._done("start", unit, "StartUnit", "ss", unit, "fail"))

    async def start_transient(self, unit: str, properties: Sequence[tuple[str, Variant]]) -> None:
        """Start a unit that no file describes, and wait until it runs.

        Args:
            unit: A service's name that is not taken.
            properties: What its file would say (org.freedesktop.systemd1(5), StartTransientUnit).
        """
        result = await self._done(
            "start", unit, "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", list(properties), []
        )
        await self._settled(unit, result)

    async def _settled(self, unit: str, result: str) -> None:
        hint = f"See: journalctl -e -u {clean(unit)}"
        if result != "done":
            message = f"{clean(unit)} did not start: its job ended as {clean(result)}."
            raise Failure(Kind.REFUSED, message, hint)
        await asyncio.sleep(SETTLE_SECONDS)
        if (state := await self.active_state(unit)) in {"failed", "inactive"}:
            message = f"{clean(unit)} did not start: it ended at once and is {state}."
            raise Failure(Kind.REFUSED, message, hint)

    async def stop(self, unit: str) -> None:
        """Stop `unit` and wait until it has ended: PID 1 ends it by force after its TimeoutStopSec=."""
        result = await self._done("stop", unit, "StopUnit", "ss", unit, "replace")
        if result != "done":
            hint = f"See: systemctl status {clean(unit)}"
            raise Failure(
                Kind.REFUSED, f"{clean(unit)} did not stop: its job ended as {clean(result)}.", hint
            )

    async def _done(self, doing: str, unit: str, member: str, signature: str, *arguments: Any) -> str:
        """Ask for a job and wait for its end, however long that takes; its result."""
        self._starting += 1
        try:
            with asked(f"{doing} {clean(unit)}"):
                (job,) = await self._ask(member, signature, *arguments)
            return await self._job_end(job)
        finally:
            self._starting -= 1
            if not self._starting:
                self._ended.clear()

    async def _ask(self, member: str, signature: str, *arguments: Any) -> list[Any]:
        return await self._connection.call(
            SYSTEMD1,
            SYSTEMD1_PATH,
            SYSTEMD1_MANAGER_INTERFACE,
            member,
            signature,
            *arguments,
            timeout=None,
            interactive=True,
        )

    async def enable(self, units: Sequence[str]) -> None:
        """Have units started at boot."""
        with asked(f"enable {clean(units[0])}"):
            await self._ask("EnableUnitFiles", "asbb", list(units), False, False)
            await self._ask("Reload", "")

    async def disable(self, unit: str) -> None:
        """Have a unit no longer started at boot."""
        with asked(f"disable {clean(unit)}"):
            await self._ask("DisableUnitFiles", "asb", [unit], False)
            await self._ask("Reload", "")

    async def file_state(self, unit: str) -> str:
        """Whether a unit is started at boot: `enabled`, `disabled` … (systemctl(1), `is-enabled`)."""
        with asked(f"look whether {clean(unit)} is enabled"):
            (state,) = await self._ask("GetUnitFileState", "s", unit)
        return clean(state)

    async def set_properties(self, unit: str, properties: Sequence[tuple[str, Variant]]) -> None:
        """Set properties of a running unit until the next boot (systemctl(1), `set-property --runtime`)."""
        with asked(f"set limits of {clean(unit)}"):
            await self._ask("SetUnitProperties", "sba(sv)", unit, True, list(properties))

    async def active_state(self, unit: str) -> str:
        """The ActiveState of a unit; `inactive` where PID 1 does not know it (any more)."""
        with asked(f"look at {clean(unit)}"):
            try:
                (path,) = await self._connection.call(
                    SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "GetUnit", "s", unit
                )
                return str(
                    await self._connection.get_property(
                        SYSTEMD1, path, SYSTEMD1_UNIT_INTERFACE, "ActiveState"
                    )
                )
            except CallError as error:
                if error.name in {ErrorName.NO_SUCH_UNIT, ErrorName.UNKNOWN_OBJECT}:
                    return "inactive"  # collected already (systemd.unit(5), CollectMode=)
                raise

    async def failed_machines(self) -> frozenset[str]:
        """The machines whose unit of systemd-nspawn@.service(8) failed."""
        with asked("list the units that failed"):
            (rows,) = await self._connection.call(
                SYSTEMD1,
                SYSTEMD1_PATH,
                SYSTEMD1_MANAGER_INTERFACE,
                "ListUnitsByPatterns",
                "asas",
                ["failed"],
                ["systemd-nspawn@*.service"],
            )
        return frozenset(name for row in rows if (name := nspawn_machine(str(row[0]))) is not None)

    def on_lost(self, failure: Failure) -> None:
        """End every wait for a job, now and later: no signal will tell of its end any more."""
        self._lost = failure
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(failure)

    async def _job_end(self, job: str) -> str:
        if job in self._ended:
            return self._ended.pop(job)
        if self._lost is not None:
            raise self._lost  # between the reply that named the job and this
        waiter: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[job] = waiter
        try:
            return await waiter
        finally:
            del self._waiting[job]

    def _on_job_end(self, job: str, result: str) -> None:
        waiter = self._waiting.get(job)
        if waiter is not None and not waiter.done():
            waiter.set_result(result)
        elif self._starting:
            # The signal may overtake the reply that names the job.
            self._ended[job] = result
