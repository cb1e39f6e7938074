"""The record of the limits that are raised for a while: what they are in truth, also after a kill."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from machined.host.linux.storage.quota import Limits

_FLOCK = struct.Struct("hhqqi4x")
_WORK, _RECORD = 0, 1
"""The bytes of the file of locks that stand for the whole of an operation, and for a look at the record."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class TrueLimits:
    """The true limits of groups that are raised; none at most times."""

    folder: str = ""
    """A folder on their file system."""
    limits: dict[int, Limits] = field(default_factory=dict)


class Record:
    """Keeps them in a file that is whole at any moment.

    Args:
        locks: The file that holds the locks; the record is beside it.
    """

    def __init__(self, locks: Path) -> None:
        self._locks = locks
        self._file = locks.with_name(f"{locks.name}.limits")

    @property
    def is_empty(self) -> bool:
        """Whether no limit is raised."""
        return not self._file.exists()

    @property
    def was_used(self) -> bool:
        """Whether any operation had limits raised since the host was booted: till then nobody looks here."""
        return self._locks.exists()

    def read(self) -> TrueLimits:
        """What is recorded; nothing where that cannot be understood, for then nobody ever could.

        Raises:
            OSError: It cannot be read.
        """
        try:
            text = self._file.read_text()
        except FileNotFoundError:
            return TrueLimits()
        try:
            kept = json.loads(text)
            limits = {int(group): Limits(*map(int, both)) for group, both in kept["limits"].items()}
            return TrueLimits(str(kept["folder"]), limits)
        except (ValueError, TypeError, KeyError, AttributeError):
            _log.warning("%s is damaged: limits that were raised may have stayed so", self._file)
            return TrueLimits()

    def write(self, true: TrueLimits) -> None:
        """Put limits on record, in the place of those that were."""
        if not true.limits:
            self._file.unlink(missing_ok=True)
            return
        text = json.dumps({"folder": true.folder, "limits": true.limits})
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_text(text)
        new.replace(self._file)

    def during_work(self) -> contextlib.AbstractContextManager[None]:
        """Wait until no other operation has limits raised, and keep others from it."""
        return self._locked(_WORK)

    def being_changed(self) -> contextlib.AbstractContextManager[None]:
        """Wait until nobody changes limits and what is recorded of them, and keep others from it.

        To be had for a short while only, and never waited for by who makes others wait for long.
        """
        return self._locked(_RECORD)

    @contextlib.contextmanager
    def _locked(self, byte: int) -> Iterator[None]:
        self._locks.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._locks, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
            yield
        finally:
            os.close(fd)
