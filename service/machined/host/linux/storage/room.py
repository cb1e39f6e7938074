"""Room for what must still be possible when quota groups are full: to remove, to rename, to unlock.

systemd-machined fails there with EDQUOT for ever: it cannot even make the lock file. Here the groups that are
full get a little more for as long as it takes.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import btrfs, quota
from machined.host.linux.storage.pool import Note, opened, through
from machined.host.linux.storage.truelimits import Record, TrueLimits

ROOM = 128 * 1024**2
"""Bytes that a full group gets meanwhile: changes reserve some megabytes, and use a few kilobytes."""

_Result = TypeVar("_Result")


class Room:
    """Gives full quota groups room, one operation at a time.

    Args:
        locks: A file for the locks; beside it are the true limits meanwhile, so that they come back also
            after a kill.
    """

    def __init__(self, locks: Path) -> None:
        self._record = Record(locks)

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
        if not self._record.is_empty:
            with self._record.during_work():
                self._restore()

    def set_limits(self, work: Callable[[Note], None]) -> None:
        """Have limits set, so that they last also where an operation has room just now.

        It loses its room, and may fail for that. To wait for its end could take as long as it takes.

        Args:
            work: Sets them, and tells of each: a folder on the file system, the group, and what is set for
                all that it uses.

        Raises:
            OSError: What the work raises.
        """
        if not self._record.was_used:
            # No lock is made that systemd does not make either; should one come just now, all is done anew
            work(_forget)
            if not self._record.was_used:
                return
        with self._record.being_changed():
            true = self._record.read()

            def note(folder: str, group: int, size: int) -> None:
                if group in true.limits and _is_same_file_system(folder, true.folder):
                    true.limits[group] = true.limits[group]._replace(referenced=size)
                    self._record.write(true)

            work(note)

    @contextlib.contextmanager
    def _raised(self, paths: Sequence[str]) -> Iterator[None]:
        with self._record.during_work():
            self._restore()
            try:
                with self._record.being_changed():
                    full = _full_groups(paths)
                    limits = {group: limits for group, (_usage, limits) in full.items()}
                    self._record.write(TrueLimits(paths[0], limits))
                    for group, (usage, limits_now) in full.items():
                        _set(paths[0], group, _wider(limits_now, usage))
                yield
            finally:
                self._restore()

    def _restore(self) -> None:
        """Set the limits that are in the record, and forget them."""
        with self._record.being_changed():
            true = self._record.read()
            for group, limits in true.limits.items():
                # The groups of what was removed are gone
                with contextlib.suppress(FileNotFoundError):
                    _set(true.folder, group, limits)
            self._record.write(TrueLimits())


def _forget(_folder: str, _group: int, _size: int) -> None:
    """No limit is raised: what is set is true."""


def _is_same_file_system(one: str, other: str) -> bool:
    with opened(one) as fd, opened(other) as other_fd:
        return btrfs.file_system(fd) == btrfs.file_system(other_fd)


def _full_groups(paths: Sequence[str]) -> dict[int, tuple[quota.Usage, quota.Limits]]:
    """The groups that what is written to some folders counts for, those that are about full.

    Of folders on other file systems than the first none: their groups have the same numbers.
    """
    found = {}
    with opened(paths[0]) as fd:
        home = btrfs.file_system(fd)
    for path in paths if home is not None else ():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), opened(path) as fd:
            if btrfs.file_system(fd) != home:
                continue
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
