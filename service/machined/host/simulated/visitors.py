"""Processes of the real host that programs have the demo take in: how their end is noticed."""

from __future__ import annotations

import asyncio
import logging
import os

from machined.host.simulated.processes import Process, ProcessTable

logger = logging.getLogger(__name__)


async def follow(table: ProcessTable, process: Process) -> None:
    """Take a real process off the table once it has ended; return once it is off (pidfd_open(2)).

    One that cannot be followed, by a kernel or a limit of descriptors that forbids it, stays on the table.

    Args:
        table: Where it stands.
        process: The process, by its real pid.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        table.end(process)
        return
    except OSError as error:
        logger.warning("the end of the real process %d will not be noticed: %s", process.pid, error)
        return
    is_over = asyncio.Event()

    def on_ended(other: Process) -> None:
        if other is process:
            is_over.set()

    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, is_over.set)
    table.listeners.append(on_ended)
    try:
        await is_over.wait()
    finally:
        table.listeners.remove(on_ended)
        loop.remove_reader(descriptor)
        os.close(descriptor)
    if table.processes.get(process.pid) is process:
        table.end(process)
