"""The socket in the file system that everybody may come to: a stale one replaced, a live one left alone."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

BACKLOG = 256
FOLDER_MODE = 0o755
SOCKET_MODE = 0o666
"""All users of the host ask for users of machines (nss-systemd(8))."""


class SocketFile:
    """A listening socket and its file.

    Args:
        path: Where, absolute. The folder is made if it is missing.

    Attributes:
        sock: The socket, non-blocking; whoever serves it closes it.

    Raises:
        OSError: EADDRINUSE where somebody answers already, EEXIST where something else than a socket is;
            or what the kernel says.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _make_folder(path.parent)
        _make_room(path)
        self.sock = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        try:
            self.sock.bind(os.fsencode(path))
            path.chmod(SOCKET_MODE)
            self._identity = _identity(path)
            self.sock.listen(BACKLOG)
        except OSError:
            self.sock.close()
            raise

    def remove(self) -> None:
        """Remove the file, unless it is gone or another socket has taken its place."""
        if _identity(self._path) == self._identity:
            self._path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return
    folder.chmod(FOLDER_MODE)  # whatever our umask is


def _make_room(path: Path) -> None:
    """Remove a socket that nobody answers on."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "something else than a socket is there", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        # EAGAIN would say that the queue of a listener is full (connect(2)): there is one
        code = probe.connect_ex(os.fsencode(path))
    if code != errno.ECONNREFUSED:
        raise OSError(errno.EADDRINUSE, "somebody listens there already", str(path))
    path.unlink()
