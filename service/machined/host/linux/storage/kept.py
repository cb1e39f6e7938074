"""What is kept of a listing for the next one, and how it is known to be true still.

inotify(7) cannot tell: it says nothing of a directory that chattr(1) makes immutable, of a file system that
becomes read-only, of what is written through a mapping, or of what other hosts do to a shared one. So nothing
is believed. Every entry is looked at in every listing, which takes the kernel a microsecond; what is saved is
all that comes after. The kernel changes an inode's time of change with everything that is told of a directory
or a raw image. Where an image is mounted and whether that may be written to, the table of mounts tells, which
is compared as a whole. Subvolumes are never kept: their marks and usage change no inode.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator
from typing import NamedTuple

from machined.host.linux.storage.calls import Status
from machined.host.storage import Image

SETTLED = 2 * 10**9
"""Nanoseconds. What changed later than so long before a look may change again without a newer time of change:
some file systems count whole seconds, most by the kernel's ticks."""

_MOUNTS = "/proc/self/mountinfo"
_PIECE = 1 << 20
_TRUSTED = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""Types of local file systems that keep the time of change as they should."""

Signature = tuple[int, int, int, int, int, int]
UNKEPT: Signature = (0, 0, 0, 0, 0, 0)
"""The signature of what must be described anew each time."""


class Known(NamedTuple):
    """An entry of a folder of images that was described."""

    signature: Signature
    name: str
    rank: int
    image: Image


def signature(status: Status) -> Signature:
    """What is different once anything is that we tell of a directory or a raw image."""
    return status.changed, status.inode, status.device, status.mode, status.size, status.blocks


def plain_signature(status: os.stat_result) -> Signature:
    """The same, of what stat(2) tells, which takes Python a quarter of the time."""
    return (
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
        status.st_mode,
        status.st_size,
        status.st_blocks,
    )


class Listing:
    """One listing: what it knows from the last one, and what the next one will know.

    Args:
        mounts: The table of mounts as it began.
        known: What is known, by folder and entry.
    """

    def __init__(self, mounts: bytes, known: dict[str, dict[str, Known]]) -> None:
        self.mounts = mounts
        self.known = known
        self.noted: dict[str, dict[str, Known]] = {}
        self.has_new = False
        """Whether anything was described that is kept now and was not before."""
        self._settled = time.time_ns() - SETTLED
        self._trusted: frozenset[int] | None = None

    def can_keep(self, status: Status) -> bool:
        """Whether what is told of a file may be kept."""
        if self._trusted is None:
            self._trusted = _trusted(self.mounts)
        return status.changed < self._settled and status.mount in self._trusted


class Kept:
    """What the last listing leaves to the next. Listings may overlap: the last to end leaves its own."""

    def __init__(self) -> None:
        self._last = Listing(b"", {})

    @contextlib.contextmanager
    def listing(self) -> Iterator[Listing]:
        """Have a listing, and keep what it noted, unless something was mounted or sealed meanwhile.

        What was described then tells of that, and by the next listing it may be gone.
        """
        fd = os.open(_MOUNTS, os.O_RDONLY | os.O_CLOEXEC)
        try:
            mounts = _read(fd)
            last = self._last
            listing = Listing(mounts, last.noted if mounts == last.mounts else {})
            yield listing
            if listing.has_new and (_is_told_of_changes(fd) or _read(fd) != mounts):
                listing.noted = {}
        finally:
            os.close(fd)
        listing.known = {}
        self._last = listing


def _read(fd: int) -> bytes:
    """The table of mounts. The kernel gives a page of it at a time."""
    os.lseek(fd, 0, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(fd, _PIECE), b""))


def _is_told_of_changes(fd: int) -> bool:
    """Whether mounts came, went or were changed since the table was opened, to whatever (proc_pid_mounts(5)).

    What others do to a file system that we see too is told of by the table alone.
    """
    poll = select.poll()
    poll.register(fd, select.POLLPRI)
    return bool(poll.poll(0))


def _trusted(mounts: bytes) -> frozenset[int]:
    """The ids of mounts of file systems that can be trusted (proc_pid_mountinfo(5))."""
    found = []
    for line in mounts.splitlines():
        before, _, after = line.partition(b" - ")
        if after.split(b" ", 1)[0].decode() in _TRUSTED:
            found.append(int(before.split(b" ", 1)[0]))
    return frozenset(found)
