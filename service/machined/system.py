"""The service on a real host: on the system bus, with PID 1 and polkit below."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from machined.host.errors import Refused
from machined.host.improvements import Improvements, wanted
from machined.host.linux.host import linux_host
from machined.host.linux.inside import LinuxInside
from machined.host.linux.readiness import tell_manager
from machined.host.linux.storage.storage import LinuxStorage
from machined.machines.registry import Registry
from machined.service import NameInUse, Service
from machined.varlink import UserDatabase
from machined.wire import ConnectionLost, WireError, connect, system_address

logger = logging.getLogger(__name__)

FAILED = 1


def run_system(*, pool: Path, state_folder: Path, is_strict: bool) -> int:
    """Serve the host that we run on until SIGTERM or SIGINT comes; the exit code.

    Machines go on, and are taken up again by the next one who serves.

    Args:
        pool: Where new images are made.
        state_folder: Where machines are written down.
        is_strict: Whether to answer as the reference does even where that could be better.
    """
    if os.geteuid() != 0:
        logger.critical("machines of a host are root's: run this as root, or try --demo")
        return FAILED
    try:
        asyncio.run(_serve(pool, state_folder, is_strict))
    except Refused as refused:
        logger.critical("the service manager cannot be had: %s", refused.message)
    except (NameInUse, WireError, OSError) as error:
        logger.critical("%s", error)
    else:
        return 0
    return FAILED


async def _serve(pool: Path, state_folder: Path, is_strict: bool) -> None:
    end = asyncio.Event()
    reasons: list[Exception | None] = []

    def on_closed(reason: Exception | None) -> None:
        reasons.append(reason)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with AsyncExitStack() as ending:
        starting = asyncio.create_task(
            _start(pool, state_folder, wanted(is_strict=is_strict), ending, on_closed)
        )
        service = await _unless_ended(starting, end)
        if service is not None:
            tell_manager("READY=1", f"STATUS={len(service.registry.machines()) - 1} machines taken up.")
            # What is there now stays, and is not looked through again and again
            gc.freeze()
            gc.enable()
            await end.wait()
        tell_manager("STOPPING=1")
        if reasons and reasons[0] is not None:
            raise ConnectionLost(f"the message bus is lost: {reasons[0]}")


async def _start(
    pool: Path,
    state_folder: Path,
    improvements: Improvements,
    ending: AsyncExitStack,
    on_closed: Callable[[Exception | None], None],
) -> Service:
    """Begin to serve. How to end is known at each moment, by `ending`: we may be told to while we start."""
    inside, storage = LinuxInside(improvements=improvements), LinuxStorage(pool, improvements=improvements)
    # First of all, so that the processes that they start hold nothing of ours
    for part in (inside, storage):
        ending.push_async_callback(part.close)
        await part.start()
    _raise_limits()  # not for what was started just now
    connection = await connect(system_address())
    ending.push_async_callback(connection.close)
    connection.on_closed(on_closed)
    host = await linux_host(connection, inside, storage, state_folder=state_folder, improvements=improvements)
    service = Service(connection, host, improvements=improvements)
    ending.push_async_callback(service.stop)
    await service.start()
    await _serve_users(service.registry, improvements, ending)
    return service


async def _unless_ended(starting: asyncio.Task[Service], end: asyncio.Event) -> Service | None:
    """Wait until we serve; `None` where we are to end before, which gives the start up.

    Raises:
        Exception: What the start raised.
    """
    ended = asyncio.create_task(end.wait())
    await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    return None if starting.cancelled() else starting.result()


async def _serve_users(registry: Registry, improvements: Improvements, ending: AsyncExitStack) -> None:
    """Tell libc of the users of machines; without that, all else works as well."""
    users = UserDatabase(registry, improvements=improvements)
    try:
        await users.start()
    except OSError as error:
        logger.warning("users of machines have no names on this host: %s", error)
    else:
        ending.push_async_callback(users.close)


def _raise_limits() -> None:
    """Allow as many descriptors as we may have: each machine takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
