"""What others send over a unix socket, with the descriptors that come along (unix(7))."""

from __future__ import annotations

import array
import asyncio
import socket

from machined.wire.closing import close_received, has_room
from machined.wire.errors import InvalidMessage

_MOST_FDS = 253  # the kernel's SCM_MAX_FD
_ROOM = socket.CMSG_SPACE(_MOST_FDS * array.array("i").itemsize)


def receive(sock: socket.socket, size: int) -> tuple[bytes, list[int], bool]:
    """Read from a socket that does not block.

    Descriptors are taken as long as those that have to be closed do not pile up; else the kernel drops them.

    Args:
        sock: The socket.
        size: Bytes, at most.

    Returns:
        The bytes, none at the end; the descriptors, which are the caller's; and whether all of these came:
        some are dropped where the process has as many as it may (MSG_CTRUNC, recvmsg(2)).

    Raises:
        BlockingIOError: There is nothing yet.
        OSError: It failed.
    """
    room = _ROOM if has_room() else 0
    data, beside, flags, _ = sock.recvmsg(size, room, socket.MSG_CMSG_CLOEXEC)
    if not beside:
        return data, [], not flags & socket.MSG_CTRUNC
    fds = array.array("i")
    for level, kind, payload in beside:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return data, list(fds), not flags & socket.MSG_CTRUNC


def receive_bytes(sock: socket.socket, size: int) -> bytes:
    """Read from a socket whose other side may send no descriptors. Raises what `receive` raises.

    They have to be taken all the same: those that are dropped are closed before the kernel returns.

    Raises:
        InvalidMessage: It sent some; whatever came with them is lost.
    """
    data, fds, is_whole = receive(sock, size)
    if fds or not is_whole:
        close_received(fds)
        raise InvalidMessage("file descriptors came that nobody asked for")
    return data


async def await_bytes(sock: socket.socket, size: int) -> bytes:
    """As `receive_bytes`, once there is something."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return receive_bytes(sock, size)
        except BlockingIOError:
            future: asyncio.Future[None] = loop.create_future()
            loop.add_reader(sock, _complete, future)
            try:
                await future
            finally:
                loop.remove_reader(sock)


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
