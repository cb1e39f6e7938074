"""Closes descriptors that came from others, without waiting for what they stand for.

To close a descriptor is a question to its file system (FUSE_FLUSH in linux/fuse.h), which may never answer:
who sends such a one with a message would keep us from all else.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable

logger = logging.getLogger(__name__)

MOST = 16
"""Threads that close at once. When all wait for ever the numbers of further descriptors stay taken."""
_ASKS_NOBODY = ("pipe:[", "socket:[", "anon_inode:")
"""What the kernel itself stands behind, as /proc/self/fd tells it; files have paths, from a slash on."""


class Closer:
    """Closes by threads, which end when there is nothing to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[int] = deque()
        self._threads = 0

    def close(self, fds: Iterable[int]) -> None:
        """Have descriptors closed; how many wait for that does not hold up the caller."""
        with self._lock:
            self._waiting.extend(fds)
            if self._threads == MOST:
                logger.warning("%d descriptors of messages wait to be closed", len(self._waiting))
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name="closer", daemon=True).start()
        except RuntimeError as error:
            with self._lock:
                self._threads -= 1
            logger.warning("descriptors of messages are closed later: %s", error)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                fd = self._waiting.popleft()
            close_fd(fd)


_closer = Closer()


def close_fd(fd: int) -> None:
    """Close a descriptor of ours. One that is closed already is a bug of its owner: logged, not raised."""
    try:
        os.close(fd)
    except OSError as error:
        logger.error("a descriptor of a message could not be closed: %s", error)


def close_received(fds: Iterable[int]) -> None:
    """Close descriptors that came with a message, each once; files are closed a moment later."""
    files = []
    for fd in set(fds):
        if _is_of_kernel(fd):
            close_fd(fd)
        else:
            files.append(fd)
    if files:
        _closer.close(files)


def _is_of_kernel(fd: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith(_ASKS_NOBODY)
    except OSError:
        return False
