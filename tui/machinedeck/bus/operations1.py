"""A client of `io.machinedeck.Operations1`, which our own service has beside systemd's interfaces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from machined.contract import MACHINE1, OPERATIONS_INTERFACE, OPERATIONS_PATH, ErrorName
from machined.wire import Connection, Signal
from machinedeck.bus.errors import asked
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.operation import Operation
from machinedeck.model.text import clean

_ABSENT = {ErrorName.UNKNOWN_OBJECT, ErrorName.UNKNOWN_METHOD}
"""What a service answers that has no such interface."""


async def follow_operations(
    connection: Connection, on_progress: Callable[[Operation], None], on_end: Callable[[int], None]
) -> None:
    """Call back when long work gets on and when it ends; systemd's own service never tells.

    Raises:
        Failure: The bus does not let us listen.
    """

    async def listen(member: str, callback: Callable[[Signal], None]) -> None:
        await connection.subscribe(
            callback, sender=MACHINE1, path=OPERATIONS_PATH, interface=OPERATIONS_INTERFACE, member=member
        )

    with asked("follow the operations"):
        await asyncio.gather(
            listen("OperationProgress", lambda signal: on_progress(Operation(*signal.body))),
            listen("OperationEnded", lambda signal: on_end(int(signal.body[0]))),
        )


async def cancel(connection: Connection, operation: Operation) -> None:
    """End an operation before its time, and wait until it has ended.

    Raises:
        Failure: REFUSED, the service is systemd's own, or ours if strict, and cannot be told; NOT_THERE, the
            operation has ended; NOT_ALLOWED.
    """
    if operation.is_estimated:
        raise _cannot_be_told()  # the number is our own: nobody else knows it
    try:
        with asked(f"cancel {clean(operation.kind)} {clean(operation.subject)}"):
            # Somebody may have to type a password, and a worker may hang on a dead disk
            await connection.call(
                MACHINE1,
                OPERATIONS_PATH,
                OPERATIONS_INTERFACE,
                "Cancel",
                "u",
                operation.id,
                timeout=None,
                interactive=True,
            )
    except Failure as failure:
        if failure.name in _ABSENT:
            raise _cannot_be_told(failure.name) from failure
        raise


def _cannot_be_told(name: str = "") -> Failure:
    return Failure(
        Kind.REFUSED,
        "systemd-machined cannot be told to stop.",
        "What it does goes on until it is done;"
        " 'systemctl restart systemd-machined' ends all of it, and leaves what is half done.",
        name,
    )
