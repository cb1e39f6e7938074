"""From an address to a connection."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

from machined.wire.address import socket_names
from machined.wire.authentication import authenticate, open_socket
from machined.wire.bus import Bus
from machined.wire.closing import close_socket
from machined.wire.connection import Connection
from machined.wire.errors import ConnectFailed, WireError
from machined.wire.header import MAX_MESSAGE


async def connect(address: str, *, timeout: float = 10.0) -> Connection:  # noqa: ASYNC109 - part of the port
    """Connect to a message bus, authenticate and get a unique name.

    Args:
        address: Where it listens (D-Bus Specification, "Server Addresses"); the first of several that works.
        timeout: Seconds for all of it.

    Raises:
        ConnectFailed: No connection came about; nothing is left of the attempt.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _connect(address)
    except TimeoutError:
        raise ConnectFailed(f"cannot connect to {address}: no answer within {timeout:g} seconds") from None
    except (WireError, OSError) as error:
        raise ConnectFailed(f"cannot connect to {address}: {error}") from None


async def connect_socket(
    sock: socket.socket,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 - as in `connect`
    largest: int = MAX_MESSAGE,
    takes_fds: bool = True,
) -> Connection:
    """Authenticate over a socket that is connected to a message bus already, and get a unique name.

    Args:
        sock: A unix stream socket; it is ours from now on, and closed where this fails.
        timeout: Seconds for all of it.
        largest: Bytes of the largest message that is taken: one who sends a larger one is not trusted with
            the room for it, and the connection ends.
        takes_fds: Whether descriptors are taken: who is not trusted to send none is hung up on at the first.

    Raises:
        ConnectFailed: No connection came about; nothing is left of the attempt.
    """
    sock.setblocking(False)
    try:
        async with asyncio.timeout(timeout):
            return await _begin(sock, f"unix:fd={sock.fileno()}", largest, takes_fds)
    except TimeoutError:
        raise ConnectFailed(f"no answer within {timeout:g} seconds") from None
    except (WireError, OSError) as error:
        raise ConnectFailed(str(error)) from None


async def _connect(address: str) -> Connection:
    return await _begin(await open_socket(socket_names(address)), address)


async def _begin(
    sock: socket.socket, address: str, largest: int = MAX_MESSAGE, takes_fds: bool = True
) -> Connection:
    try:
        passes_fds, early = await authenticate(sock)
        bus = partial(Bus, sock, passes_fds, early, largest=largest, takes_fds=takes_fds)
        connection = Connection(address, bus)
    except BaseException:
        close_socket(sock)
        raise
    try:
        await connection.hello()
    except BaseException:
        connection.abort()
        raise
    return connection
