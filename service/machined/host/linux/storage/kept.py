"""What is kept of a listing for the next one, and how it is known to be true still.

inotify(7) cannot tell: it says nothing of a directory that chattr(1) makes immutable, of a file system that
becomes read-only, of what is written through a mapping, or of what other hosts do to a shared one. So nothing
is believed. Every entry is looked at in every listing, which takes the kernel a microsecond; what is saved is
all that comes after. The kernel changes an inode's time of change with everything that is told of a directory
or a raw image, and that of a folder with every name that comes or goes. Where an image is mounted the table
of mounts tells, which is compared as a whole once anything in it changed; whether that may be written to, the
file systems that matter are asked. Subvolumes are never kept: their marks and usage change no inode.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from machined.host.linux.storage import calls, description
from machined.host.linux.storage.calls import ATTR_ENCRYPTED, Status
from machined.host.linux.storage.description import Look
from machined.host.linux.storage.lookers import Looking
from machined.host.linux.storage.mounts import NOTHING, Mounts, Table
from machined.host.storage import Image

SETTLED = 2 * 10**9
"""Nanoseconds. What changed later than so long before a look may change again without a newer time of change:
some file systems count whole seconds, most by the kernel's ticks."""

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


class Entries(NamedTuple):
    """What is in a folder of images."""

    signature: Signature
    """Of the folder, before it was read."""
    listed: list[tuple[str, bool]]
    """Names, each with whether it is a file or directory itself, and no link."""


class Seal(NamedTuple):
    """Whether the file system may be written to that a file is on."""

    path: str
    is_sealed: bool


class Listing:
    """One listing: what it knows from the last one, and what the next one will know.

    Args:
        table: The table of mounts as it began.
        known: What is known, by folder and entry.
    """

    def __init__(self, table: Table = NOTHING, known: dict[str, dict[str, Known]] | None = None) -> None:
        self.table = table
        self.known = {} if known is None else known
        self.noted: dict[str, dict[str, Known]] = {}
        self.known_entries: dict[str, Entries] = {}
        """What is in the folders, as the last listing read them."""
        self.noted_entries: dict[str, Entries] = {}
        self.has_new = False
        """Whether anything was described that is kept now and was not before."""
        self.seals: dict[int, Seal] = {}
        """Of the mounts that what is kept is on."""
        self._settled = time.time_ns() - SETTLED
        self._trusted: frozenset[int] | None = None

    def can_keep(self, status: Status) -> bool:
        """Whether what is told of a file may be kept."""
        if self._trusted is None:
            self._trusted = self.table.trusted()
        return status.changed < self._settled and status.mount in self._trusted

    def can_keep_entries(self, status: Status) -> bool:
        """Whether what is in a folder may be kept: not where names become other ones with a key (fscrypt)."""
        return self.can_keep(status) and not status.attributes & ATTR_ENCRYPTED

    def note(self, status: Status, path: str, look: Look) -> None:
        """Take note that what is told of a file is kept, and so what was seen of its file system."""
        self.has_new = True
        if status.mount in look.sealed and status.mount not in self.seals:
            folder = os.path.dirname(path)  # it stays when the file goes
            try:
                is_there = calls.status(folder).mount == status.mount
            except OSError:
                is_there = False  # it has gone: so has the path, by which the next listing sees it
            self.seals[status.mount] = Seal(folder if is_there else path, look.sealed[status.mount])


class Kept:
    """What the last listing leaves to the next. Listings may overlap: the last to end leaves its own.

    Args:
        mounts: What is mounted.
    """

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._last = Listing()

    @contextlib.contextmanager
    def listing(self, looking: Looking) -> Iterator[Listing]:
        """Have a listing, and keep what it noted, unless something was mounted or sealed meanwhile.

        What was described then tells of that, and by the next listing it may be gone.

        Args:
            looking: Told where we look.
        """
        last = self._last
        listing = Listing(self._mounts.table())
        if listing.table.text == last.table.text and _hold(last.seals, looking):
            listing.known = last.noted
            listing.known_entries = last.noted_entries
            listing.seals = dict(last.seals)
        yield listing
        if listing.has_new and not (
            self._mounts.table().turn == listing.table.turn and _hold(listing.seals, looking)
        ):
            listing.noted = {}
        listing.known, listing.known_entries = {}, {}
        self._last = listing


def _hold(seals: dict[int, Seal], looking: Looking) -> bool:
    """Whether what was seen of file systems is still so.

    What others do to one that we see too, no change of our table of mounts tells.
    """
    for path, is_sealed in seals.values():
        try:
            looking.at(path)
            if description.is_sealed(path) != is_sealed:
                return False
        except OSError:
            return False  # it went, or does not answer
    return True
