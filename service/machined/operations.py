"""Long work that is going on: copies, clones, removals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from machined.contract import ErrorName
from machined.host.errors import Refused

MAX_OPERATIONS = 64
"""How many may be going on at once, of all kinds and for all callers."""


class Operations:
    """Counts the operations that are going on, and lets no more begin than a host can bear."""

    def __init__(self) -> None:
        self.running = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one operation's place.

        Raises:
            Refused: LimitsExceeded, as many as may be are going on.
        """
        if self.running >= MAX_OPERATIONS:
            raise Refused(ErrorName.LIMITS_EXCEEDED, "Too many ongoing operations.")
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
