"""Room for what must still be possible when quota groups are full: to remove, to rename, to unlock.

systemd-machined fails there with EDQUOT for ever: it cannot even make the lock file. Here the groups that are
full get a little more for as long as it takes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import btrfs, quota
from machined.host.linux.storage.pool import opened, through

ROOM = 128 * 1024**2
"""Bytes that a full group gets meanwhile: changes reserve some megabytes, and use a few kilobytes."""

_FLOCK = struct.Struct("hhqqi4x")
_Result = TypeVar("_Result")


class Room:
    """Gives full quota groups room, one operation at a time.

    Args:
        record: A file that keeps the true limits meanwhile, so that they come back also after a kill.
    """

    def __init__(self, record: Path) -> None:
        self._record = record

    def with_room(self, paths: Sequence[str], work: Callable[[], _Result]) -> _Result:
        """Do some work, and once more with room if the quota is exceeded.

        Args:
            paths: The folders that are worked in.
            work: Must be such that it can be begun again.

        Raises:
            OSError: What the work raises.
        """
        try:
            return work()
        except OSError as error:
            if error.errno != errno.EDQUOT:
                raise
        with self._raised(paths):
            return work()

    def restore(self) -> None:
        """Set the limits that a killed process left raised."""
        if self._record.exists():
            with self._locked():
                self._restore()

    @contextlib.contextmanager
    def _raised(self, paths: Sequence[str]) -> Iterator[None]:
        with self._locked():
            self._restore()
            folder = paths[0]
            full = _full_groups(paths)
            kept = {str(group): list(limits) for group, (_usage, limits) in full.items()}
            self._record.write_text(json.dumps({"folder": folder, "limits": kept}))
            try:
                for group, (usage, limits) in full.items():
                    _set(folder, group, _wider(limits, usage))
                yield
            finally:
                self._restore()

    def _restore(self) -> None:
        """Set the limits that are in the record, and forget them."""
        text = self._record.read_text()
        if text:
            kept = json.loads(text)
            for group, limits in kept["limits"].items():
                # The groups of what was removed are gone
                with contextlib.suppress(FileNotFoundError):
                    _set(kept["folder"], int(group), quota.Limits(*limits))
            self._record.write_text("")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait for the record to be ours alone."""
        self._record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._record, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            yield
        finally:
            os.close(fd)


def _full_groups(paths: Sequence[str]) -> dict[int, tuple[quota.Usage, quota.Limits]]:
    """The groups that what is written to some folders counts for, those that are about full."""
    found = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), opened(path) as fd:
            groups = quota.read(fd)
            for group in groups.above(btrfs.subvolume_of(fd)):
                usage = groups.usage.get(group, quota.Usage(0, 0))
                limits = groups.limits.get(group, quota.Limits())
                if any(limit < used + ROOM for limit, used in zip(limits, usage, strict=True)):
                    found[group] = (usage, limits)
    return found


def _wider(limits: quota.Limits, usage: quota.Usage) -> quota.Limits:
    wider = [
        limit if limit == UNKNOWN_SIZE else max(limit, used) + ROOM
        for limit, used in zip(limits, usage, strict=True)
    ]
    return quota.Limits(*wider)


def _set(folder: str, group: int, limits: quota.Limits) -> None:
    through(folder, lambda lever: quota.limit(lever, group, limits.referenced, limits.exclusive))
