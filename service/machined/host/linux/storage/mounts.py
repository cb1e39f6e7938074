"""The table of mounts, read anew only once the kernel says that it changed (proc_pid_mounts(5)).

To read it takes the kernel longer than to look at many images: hosts with containers have hundreds of mounts.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Iterator
from typing import NamedTuple

_FILE = "/proc/self/mountinfo"
_PIECE = 1 << 20
_TRUSTED = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""Types of local file systems that keep the time of change as they should."""


class Table(NamedTuple):
    """The table of mounts at some time."""

    turn: int
    """Another one as soon as any mount came, went or was changed, to whatever."""
    text: bytes
    """As proc_pid_mountinfo(5) has it."""

    def lines(self) -> Iterator[bytes]:
        """One line for each mount, whatever else than its end a name has that others take for one."""
        return filter(None, self.text.split(b"\n"))

    def trusted(self) -> frozenset[int]:
        """The ids of mounts of file systems that can be trusted."""
        found = []
        for line in self.lines():
            before, _, after = line.partition(b" - ")
            if after.split(b" ", 1)[0].decode() in _TRUSTED:
                found.append(int(before.split(b" ", 1)[0]))
        return frozenset(found)


NOTHING = Table(0, b"")
"""A table without mounts."""


class Mounts:
    """The mounts that we see. Any thread may ask.

    The kernel tells of what is done in our mount namespace. That others make a file system read-only which
    we see too, it does not tell: only the file system itself does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._fd = -1
        self._is_closed = False
        self._table = NOTHING

    def table(self) -> Table:
        """The table as it is now, or was a moment ago if nothing changed since.

        Raises:
            OSError: ESHUTDOWN, it was let go of; or it cannot be read.
        """
        with self._lock:
            if self._is_closed:
                raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
            if self._fd < 0:
                self._fd = os.open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._fd, select.POLLPRI)
            elif not self._poll.poll(0):
                return self._table
            try:
                # What changes while it is read is told of the next time
                os.lseek(self._fd, 0, os.SEEK_SET)
                # The kernel gives a page of it at a time
                text = b"".join(iter(lambda: os.read(self._fd, _PIECE), b""))
            except BaseException:
                self._let_go()  # it has told of the change: the next one to ask would get the old table
                raise
            self._table = Table(self._table.turn + 1, text)
            return self._table

    def close(self) -> None:
        """Let go of the table."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def _let_go(self) -> None:
        if self._fd >= 0:
            self._poll.unregister(self._fd)
            os.close(self._fd)
            self._fd = -1
