"""Getting from an address to an authenticated socket, without ever blocking the loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from machined.wire.errors import ConnectFailed
from machined.wire.library import AuthError, AuthExternal
from machined.wire.receiving import await_bytes

MAX_LINE = 16384
"""Bytes in a line of the authentication, at most (libdbus takes no more either)."""
_RETRY = 0.01  # seconds


class _External(AuthExternal):
    """dbus-next's EXTERNAL mechanism, content with a server that passes no descriptors.

    Attributes:
        passes_fds: Whether the server agreed to pass them.
    """

    passes_fds = False

    def _receive_line(self, line: str) -> str:
        if self.negotiating_fds and line.partition(" ")[0] == "ERROR":
            return "BEGIN"
        answer: str = super()._receive_line(line)
        self.passes_fds = self.negotiating_fds and answer == "BEGIN"
        return answer


async def open_socket(names: Sequence[bytes]) -> socket.socket:
    """A non-blocking socket, connected to the first of `names` that lets us.

    Raises:
        ConnectFailed: None does; the text has the last reason.
    """
    reason: Exception | None = None
    for name in names:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            await _connect(sock, name)
        except OSError as error:
            sock.close()
            reason = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    text = reason.strerror or reason if isinstance(reason, OSError) else reason
    raise ConnectFailed(f"{names[-1].decode(errors='replace')!r}: {text}")


async def _connect(sock: socket.socket, name: bytes) -> None:
    # For a unix socket EAGAIN says that the listener's queue is full, not that it will come by itself
    # (connect(2)): the loop's own sock_connect would take the socket for connected
    while True:
        try:
            sock.connect(name)
        except BlockingIOError:
            await asyncio.sleep(_RETRY)
        else:
            return


async def authenticate(sock: socket.socket) -> tuple[bool, bytes]:
    """Authenticate as the user we run as (D-Bus Specification, "Authentication Protocol").

    Returns:
        Whether the connection passes file descriptors, and the bytes that came in behind the last line.

    Raises:
        ConnectFailed: The server refused, hung up or does not speak the protocol.
        InvalidMessage: It sent descriptors.
        OSError: The socket failed.
    """
    loop = asyncio.get_running_loop()
    mechanism = _External()  # type: ignore[no-untyped-call]
    line: str = mechanism._authentication_start(negotiate_unix_fd=True)
    await loop.sock_sendall(sock, b"\0" + _ended(line))
    received = b""
    while line != "BEGIN":
        while b"\r\n" not in received:
            data = await await_bytes(sock, 512)
            received += data
            if not data or len(received) > MAX_LINE:
                raise ConnectFailed("the connection was closed, or is none of D-Bus, during authentication")
        answer, received = received.split(b"\r\n", 1)
        try:
            line = mechanism._receive_line(answer.decode("ascii"))
        except (AuthError, ValueError):
            raise ConnectFailed(
                f"authentication was refused: {answer[:200].decode(errors='replace')!r}"
            ) from None
        await loop.sock_sendall(sock, _ended(line))
    return mechanism.passes_fds, received


def _ended(line: str) -> bytes:
    return f"{line}\r\n".encode("ascii")
