"""A client of `io.machinedeck.Operations1`, which our own service has beside systemd's interfaces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from machined.contract import MACHINE1, OPERATIONS_INTERFACE, OPERATIONS_PATH
from machined.wire import Connection, Signal
from machinedeck.bus.errors import asked
from machinedeck.model.operation import Operation


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
