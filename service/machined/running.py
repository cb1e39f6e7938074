"""The service as a process: the bus it makes, the host below it, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from os import fsdecode

from machined.bus.local import BusError, BusFolderUnsafe, LocalBus
from machined.bus.log_control import start_logging
from machined.demo import Demo
from machined.host.improvements import wanted
from machined.service import NameInUse
from machined.wire import ConnectFailed, WireError
from machined.wire.address import socket_names

logger = logging.getLogger(__name__)

FAILED, USAGE = 1, 2


def run(*, listen: str | None, client_fd: int | None, seed: int, is_strict: bool) -> int:
    """Serve the made-up host until SIGTERM or SIGINT comes, or the one client has gone; the exit code.

    Args:
        listen: Where to let clients in (D-Bus Specification, "Server Addresses"); None for nowhere.
        client_fd: A connected socket with the one client at its other end; None for none.
        seed: What the host is drawn from.
        is_strict: Whether to answer as the reference does even where that could be better.
    """
    start_logging()
    try:
        asyncio.run(_serve(listen, client_fd, seed, is_strict))
    except (BusFolderUnsafe, ConnectFailed) as error:
        logger.critical("%s", error)
        return USAGE
    except (BusError, NameInUse, WireError) as error:
        logger.critical("%s", error)
        return FAILED
    return 0


async def _serve(listen: str | None, client_fd: int | None, seed: int, is_strict: bool) -> None:
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    bus = LocalBus.private() if listen is None else await LocalBus.listen(_socket_path(listen))
    try:
        demo = Demo(bus, seed=seed, improvements=wanted(is_strict=is_strict))
        try:
            await demo.start()
            await demo.warm_up()
            if client_fd is not None:
                bus.adopt(socket.socket(fileno=client_fd), end.set)
            if listen is not None:
                sys.stdout.write(f"{bus.address}\n")
                sys.stdout.flush()
            # What is there now stays, and is not looked through again and again
            gc.freeze()
            gc.enable()
            await end.wait()
        finally:
            await demo.stop()
    finally:
        await bus.close()


def _socket_path(address: str) -> str:
    names = socket_names(address)
    if len(names) != 1:
        raise ConnectFailed(f"cannot listen at {address!r}: name one place")
    return fsdecode(names[0])
