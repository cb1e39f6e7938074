"""The file of the journal, which may lie on a mount that never answers."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from machinedeck.model.deed import Deed

PATIENCE_SECONDS = 0.25
"""How long a line is waited for. It is written before the deed is done, in case that ends the console; but an
operator in trouble acts also while the file system of the home is dead."""

_MODE = 0o600
"""What was done to whom is nobody's business but the operator's."""


class JournalFile:
    """Lines are written by a thread of their own, in order, and each is waited for only so long.

    The thread ends as soon as all is written, and with the program if that never happens.

    Args:
        path: The file; its folder is made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[Deed] = deque()
        self._changed = threading.Condition()
        self._is_busy = False
        self._is_silent = False
        self._failure: OSError | None = None

    @property
    def failure(self) -> OSError | None:
        """Why the last line is not written; None if it is."""
        if self._is_silent:
            return TimeoutError(errno.ETIMEDOUT, f"{self._path} does not answer")
        return self._failure

    def write(self, deed: Deed) -> None:
        """Add a line; where the file does not answer, it waits until that does."""
        with self._changed:
            self._waiting.append(deed)
            if not self._is_busy:
                try:
                    threading.Thread(target=self._write_waiting, name="journal", daemon=True).start()
                except RuntimeError:  # as many processes as may be: the next line takes this one along
                    self._failure = OSError(errno.EAGAIN, "no thread can be had to write it")
                    return
                self._is_busy = True
            patience = 0.0 if self._is_silent else PATIENCE_SECONDS
            self._is_silent = not self._changed.wait_for(lambda: not self._is_busy, patience)

    def _write_waiting(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_busy = self._is_silent = False
                    self._changed.notify_all()
                    return
                deeds = list(self._waiting)
                self._waiting.clear()
            failure = None
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_lines(self._path, deeds)
            except OSError as error:
                failure = error  # what is done goes on; whoever shows the journal says so
            self._failure = failure


def write_lines(path: Path, deeds: Iterable[Deed]) -> None:
    """Add deeds to a file that only its owner can read.

    Raises:
        OSError: It cannot be written, or is a symbolic link (ELOOP).
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(lines_of(deeds))


def lines_of(deeds: Iterable[Deed]) -> bytes:
    """Deeds, one line of JSON each."""
    import json  # noqa: PLC0415 - not at every start

    lines = "".join(json.dumps(deed._asdict(), ensure_ascii=False) + "\n" for deed in deeds)
    return lines.encode(errors="backslashreplace")  # what is no character has the escape that JSON has for it
