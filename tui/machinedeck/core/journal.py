"""The journal of actions: who did what from here, when, and what came of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from machinedeck.model.deed import Deed

FILE_NAME = "journal.jsonl"

KEPT = 1000
"""Deeds that are kept in memory to be shown; the file keeps all."""

_MODE = 0o600
"""What was done to whom is nobody's business but the operator's."""


class Journal:
    """Deeds in memory, and in a file one line of JSON each: one when it begins and one when it has ended.

    Two lines, because the console may be killed between them; what stays without a second line went on then.

    Args:
        folder: Where the file is kept; None for memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._deeds: deque[Deed] = deque(maxlen=KEPT)
        self.failure: OSError | None = None
        """Why the file could not be written the last time; None while all is well."""

    def __iter__(self) -> Iterator[Deed]:
        """The deeds of this session, the oldest first."""
        return iter(self._deeds)

    def begin(self, deed: Deed) -> None:
        """Note that something was begun."""
        self._deeds.append(deed)
        self._write(deed)

    def end(self, begun: Deed, result: str, seconds: float) -> Deed:
        """Note what came of it; the deed with that."""
        ended = begun._replace(result=result, seconds=round(seconds, 3))
        for at, deed in enumerate(self._deeds):
            if deed is begun:
                self._deeds[at] = ended
        self._write(ended)
        return ended

    def _write(self, deed: Deed) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_lines(self._path, [deed], os.O_APPEND)
            self.failure = None
        except OSError as error:
            self.failure = error  # what is done goes on; whoever shows the journal says so

    def export(self, path: Path) -> int:
        """Write the deeds of this session to a new file; how many.

        Raises:
            OSError: EEXIST, there is such a file; or it cannot be written.
        """
        write_lines(path, self._deeds, os.O_EXCL)
        return len(self._deeds)


def write_lines(path: Path, deeds: Iterable[Deed], flag: int) -> None:
    """Write deeds to a file that only its owner can read, one line of JSON each.

    Raises:
        OSError: It cannot be written, or is a symbolic link (ELOOP).
    """
    import json  # noqa: PLC0415 - not at every start

    lines = "".join(json.dumps(deed._asdict(), ensure_ascii=False) + "\n" for deed in deeds)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flag, _MODE)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(lines)
