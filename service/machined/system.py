"""The service on a real host: on the system bus, with PID 1 and polkit below."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from machined.host.errors import Refused
from machined.host.inside import Inside
from machined.host.linux.host import linux_host
from machined.host.linux.readiness import tell_manager
from machined.host.storage import Storage
from machined.service import NameInUse, Service
from machined.wire import ConnectionLost, WireError, connect, system_address

logger = logging.getLogger(__name__)

FAILED = 1


class LivingInside(Inside, Protocol):
    """The way into machines, which has to be begun and ended."""

    async def start(self) -> None:
        """Begin: before anything else is opened, so that what it starts holds nothing of it."""

    async def close(self) -> None:
        """End what goes on."""


def run_system(inside: LivingInside, storage: Storage, *, state_folder: Path, is_strict: bool) -> int:
    """Serve the host that we run on until SIGTERM or SIGINT comes; the exit code.

    Machines go on, and are taken up again by the next one who serves.

    Args:
        inside: The way into machines.
        storage: The images.
        state_folder: Where machines are written down.
        is_strict: Whether to answer as the reference does even where that could be better.
    """
    if os.geteuid() != 0:
        logger.critical("machines of a host are root's: run this as root, or try --demo")
        return FAILED
    try:
        asyncio.run(_serve(inside, storage, state_folder, is_strict))
    except Refused as refused:
        logger.critical("the service manager cannot be had: %s", refused.message)
    except (NameInUse, WireError, OSError) as error:
        logger.critical("%s", error)
    else:
        return 0
    return FAILED


async def _serve(inside: LivingInside, storage: Storage, state_folder: Path, is_strict: bool) -> None:
    end = asyncio.Event()
    reasons: list[Exception | None] = []

    def on_closed(reason: Exception | None) -> None:
        reasons.append(reason)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with AsyncExitStack() as ending:
        await inside.start()
        _raise_limits()  # not for what was started just now
        ending.push_async_callback(inside.close)
        connection = await connect(system_address())
        ending.push_async_callback(connection.close)
        connection.on_closed(on_closed)
        host = await linux_host(connection, inside, storage, state_folder=state_folder, is_strict=is_strict)
        service = Service(connection, host, is_strict=is_strict)
        ending.push_async_callback(service.stop)
        await service.start()
        tell_manager("READY=1", f"STATUS={len(service.registry.machines()) - 1} machines taken up.")
        # What is there now stays, and is not looked through again and again
        gc.freeze()
        gc.enable()
        await end.wait()
        tell_manager("STOPPING=1")
        if reasons and reasons[0] is not None:
            raise ConnectionLost(f"the message bus is lost: {reasons[0]}")


def _raise_limits() -> None:
    """Allow as many descriptors as we may have: each machine takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
