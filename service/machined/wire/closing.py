"""Closes descriptors that came from others, without waiting for what they stand for.

To close a descriptor may be a question that is never answered. A file's is put to its file system
(FUSE_FLUSH in linux/fuse.h). A TCP socket may wait for its other side to take what is unsent (SO_LINGER in
socket(7)), and so may a unix socket in whose queue such a one is. Who sends one with a message would keep us
from all else.
"""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import socket
import struct
import termios
import threading
from collections import deque
from collections.abc import Iterable

logger = logging.getLogger(__name__)

MOST = 16
"""Threads that close at once. When all wait for ever the numbers of further descriptors stay taken."""
_ASKS_NOBODY = ("pipe:[", "anon_inode:")
"""What is closed at once, whoever sent it, as /proc/self/fd tells it; files have paths, from a slash on."""


class Closer:
    """Closes by threads, which end when there is nothing to do.

    Args:
        most: Descriptors that may wait for that; of our own there must be room beside them. Half of all
            that the process may have, unless given (getrlimit(2)): that may be raised after the start.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[int] = deque()
        self._threads = 0
        self._has_told = False

    def has_room(self) -> bool:
        """Whether more may be taken: those that are given to it all the same are closed when others are."""
        waiting = len(self._waiting)
        if not waiting:
            return True
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 if self._most is None else self._most
        return waiting < most

    def close(self, fds: Iterable[int]) -> None:
        """Have descriptors closed; how many wait for that does not hold up the caller."""
        with self._lock:
            self._waiting.extend(fds)
            if self._threads == MOST:
                self._tell("descriptors of messages wait to be closed: who answers for them does not")
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name="closer", daemon=True).start()
        except RuntimeError as error:
            with self._lock:
                self._threads -= 1
                self._tell("descriptors of messages are closed later: %s", error)

    def _tell(self, text: str, *values: object) -> None:
        """Warn once, until nothing waits any more."""
        if not self._has_told:
            self._has_told = True
            logger.warning(text, *values)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    self._has_told = False
                    return
                fd = self._waiting.popleft()
            close_fd(fd)


_closer = Closer()
has_room = _closer.has_room
"""Whether descriptors of others may be taken; see `Closer.has_room`."""


def close_fd(fd: int) -> None:
    """Close a descriptor of ours. One that is closed already is a bug of its owner: logged, not raised."""
    try:
        os.close(fd)
    except OSError as error:
        logger.error("a descriptor of a message could not be closed: %s", error)


def close_received(fds: Iterable[int]) -> None:
    """Close descriptors that came with a message, each once; files and sockets are closed a moment later."""
    others = []
    for fd in set(fds):
        if _asks_nobody(fd):
            close_fd(fd)
        else:
            others.append(fd)
    if others:
        _closer.close(others)


def close_socket(sock: socket.socket) -> None:
    """Close the socket of a connection to others; a moment later if it holds what nobody has read.

    There may be descriptors in that, which are closed with it.
    """
    try:
        sock.shutdown(socket.SHUT_RDWR)  # nobody can add to it any more (unix(7))
        has_unread = struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]
    except OSError:
        has_unread = True  # it was never connected, or is dead: who knows
    if has_unread:
        _closer.close([sock.detach()])
    else:
        sock.close()


def _asks_nobody(fd: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith(_ASKS_NOBODY)
    except OSError:
        return False
