"""A client of `org.freedesktop.systemd1`: starting units, and hearing of the jobs that change them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from machined.contract import (
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    SYSTEMD1_UNIT_INTERFACE,
    ErrorName,
)
from machined.wire import CallError, Connection, Signal
from machinedeck.bus.errors import asked
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean

SETTLE_SECONDS = 1.0
"""How long a unit must hold after its start job is done: systemd-nspawn reports ready before it runs init."""


class Systemd1:
    """What the console asks of PID 1, on one open connection. Every call raises `Failure`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ended: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._starting = 0

    async def subscribe(self, on_job: Callable[[str], None]) -> None:
        """Call back with the name of each unit for which a job begins or ends."""

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
                SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "Subscribe", timeout=None
            )

    async def start(self, unit: str) -> None:
        """Start `unit` and wait until it runs, however long that takes."""
        self._starting += 1
        try:
            with asked(f"start {unit}"):
                (job,) = await self._connection.call(
                    SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "StartUnit", "ss", unit, "fail"
                )
            result = await self._job_end(job)
        finally:
            self._starting -= 1
            if not self._starting:
                self._ended.clear()
        hint = f"See: journalctl -e -u {clean(unit)}"
        if result != "done":
            message = f"{clean(unit)} did not start: its job ended as {clean(result)}."
            raise Failure(Kind.REFUSED, message, hint)
        await asyncio.sleep(SETTLE_SECONDS)
        if (state := await self._active_state(unit)) in {"failed", "inactive"}:
            message = f"{clean(unit)} did not start: it ended at once and is {state}."
            raise Failure(Kind.REFUSED, message, hint)

    async def _active_state(self, unit: str) -> str:
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

    def on_lost(self, failure: Failure) -> None:
        """End every wait for a job: no signal will tell of its end any more."""
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(failure)

    async def _job_end(self, job: str) -> str:
        if job in self._ended:
            return self._ended.pop(job)
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
