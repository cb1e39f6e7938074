"""The journal of actions: who did what from here, when, and what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from machinedeck.model.deed import Deed

if TYPE_CHECKING:
    from machinedeck.core.journal_file import JournalFile

FILE_NAME = "journal.jsonl"

KEPT = 1000
"""Deeds that are kept in memory to be shown; the file keeps all."""


class Journal:
    """Deeds in memory, and in a file one line of JSON each: one when it begins and one when it has ended.

    Two lines, because the console may be killed between them; what stays without a second line went on then.

    Args:
        folder: Where the file is kept; None for memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file: JournalFile | None = None
        if folder is not None:
            from machinedeck.core.journal_file import JournalFile  # noqa: PLC0415 - not in a demo

            self._file = JournalFile(folder / FILE_NAME)
        self._deeds: deque[Deed] = deque(maxlen=KEPT)

    @property
    def failure(self) -> OSError | None:
        """Why the file could not be written the last time; None while all is well."""
        return None if self._file is None else self._file.failure

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
        if self._file is not None:
            self._file.write(deed)

    def export(self, path: Path) -> int:
        """Write the deeds of this session to a new file; how many.

        Raises:
            OSError: EEXIST, there is such a file; or it cannot be written.
        """
        from machinedeck.core.journal_file import lines_of  # noqa: PLC0415 - see above
        from machinedeck.new_file import write_new  # noqa: PLC0415 - see above

        deeds = list(self._deeds)  # this is done in a thread, and others may be begun meanwhile
        write_new(path, lines_of(deeds))
        return len(deeds)
