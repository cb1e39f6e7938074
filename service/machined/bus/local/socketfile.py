"""The socket in the file system: a safe folder, a stale socket replaced, a live one left alone."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machined.bus.local.errors import BusError, BusFolderUnsafe, BusInUse

MAX_PATH = 107
"""Bytes in the path of a socket, at most (unix(7))."""
BACKLOG = 256
LOCK_SECONDS = 5.0
"""Seconds to wait for another process that is about to listen in the same folder."""

_NEEDS_ESCAPE = re.compile(rb"[^-0-9A-Za-z_/.\\*]")


class SocketFile:
    """A listening socket, non-blocking, and its file; both go with `close`.

    Attributes:
        sock: The listening socket.
        path: Where it is, absolute.
    """

    def __init__(self, sock: socket.socket, path: Path) -> None:
        self.sock = sock
        self.path = path
        self._identity = _identity(path)

    @property
    def address(self) -> str:
        """The address for clients (D-Bus Specification, "Server Addresses")."""
        escaped = _NEEDS_ESCAPE.sub(lambda match: b"%%%02x" % match[0][0], os.fsencode(self.path))
        return f"unix:path={escaped.decode()}"

    def close(self) -> None:
        """Listen no more and remove the file, unless another has taken its place."""
        self.sock.close()
        if self._identity is not None and _identity(self.path) == self._identity:
            self.path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


async def listen_at(path: Path) -> SocketFile:
    """Listen at `path`, which is absolute, for ourselves and root alone (mode 0600).

    Raises:
        BusFolderUnsafe: The folder is not ours alone to write in.
        BusInUse: Somebody answers there already, or something else than a socket is there.
        BusError: The path is too long, or the kernel refused.
    """
    if len(os.fsencode(path)) > MAX_PATH:
        raise BusError(f"{path} is longer than the {MAX_PATH} bytes that a socket's path may have")
    folder = _open_folder(path.parent)
    try:
        await _lock(folder, path.parent)
        return _listen(path)
    finally:
        os.close(folder)


def _open_folder(folder: Path) -> int:
    """Open the folder, made if it is missing, once it is found to be safe."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BusError(f"cannot use the folder {folder} for the bus: {error.strerror}") from None
    status = os.fstat(descriptor)
    fault = ""
    if status.st_uid != os.geteuid():
        fault = (
            f"it belongs to the user id {status.st_uid}, not to {os.geteuid()}: choose a folder of your own"
        )
    elif stat.S_IMODE(status.st_mode) & 0o022:
        fault = f"others may write in it: chmod go-w {folder}, or choose another"
    if fault:
        os.close(descriptor)
        raise BusFolderUnsafe(f"the folder {folder} is not safe for the socket of a bus: {fault}")
    return descriptor


async def _lock(folder: int, name: Path) -> None:
    """Keep others of our kind from replacing the socket at the same time."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BusInUse(f"another process keeps the folder {name} locked") from None
            await asyncio.sleep(0.02)
        else:
            return


def _listen(path: Path) -> SocketFile:
    _make_room(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    with _closed_on_failure(sock, path):
        # Before bind(2) the mode of the descriptor becomes that of the file: there is no moment for others
        os.fchmod(sock.fileno(), 0o600)
        sock.bind(os.fsencode(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
    return SocketFile(sock, path)


@contextmanager
def _closed_on_failure(sock: socket.socket, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sock.close()
        raise BusError(f"cannot listen at {path}: {error.strerror}") from None


def _make_room(path: Path) -> None:
    """Remove a socket that nobody answers on."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise BusInUse(f"{path} is there already and is no socket: remove it, or choose another place")
    if _is_answered(path):
        raise BusInUse(f"somebody listens at {path} already: end that, or choose another place")
    path.unlink()


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        code = probe.connect_ex(os.fsencode(path))
    # EAGAIN says that the queue of a listener is full (connect(2)): there is one
    return code in {0, errno.EAGAIN, errno.EINPROGRESS, errno.EACCES}
