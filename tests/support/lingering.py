"""Sockets that cannot be closed without waiting: what was sent is not taken, and they linger (socket(7))."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator

LINGER = 600
"""Seconds that it takes to close one."""
ENOUGH = 8.0
"""Seconds after which that ends all the same, so that a test fails which waits for it."""
SOON = 4.0
"""Seconds within which a test that waits for nothing is done."""
_SMALL = 4096


@contextlib.contextmanager
def lingering() -> Iterator[int]:
    """Have a descriptor of such a socket, to be closed by whoever gets it: the last one waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        ours = socket.socket()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL)
        ours.connect(listener.getsockname())
        other, _ = listener.accept()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(bytes(_SMALL))
    # The other side goes without having read, which is an end that nobody waits for
    rescue = threading.Timer(ENOUGH, other.close)
    rescue.start()
    try:
        yield ours.detach()
    finally:
        rescue.cancel()
        rescue.join()
        other.close()


def wrapped(fd: int) -> int:
    """A descriptor of a unix socket with `fd`, which is closed here, in its queue: it goes with that."""
    outer, inner = socket.socketpair()
    with inner:
        socket.send_fds(inner, [b"x"], [fd])
    os.close(fd)
    return outer.detach()
