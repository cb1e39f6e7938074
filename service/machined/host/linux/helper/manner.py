"""How copies are made, as whoever wants them has it."""

from __future__ import annotations

from typing import NamedTuple


class Manner(NamedTuple):
    """How a copy is made."""

    keeps_holes: bool = True
    """Whether there are holes where the original has them, also in what is not shared."""
    stops_when_full: bool = True
    """Whether the first file that finds no room ends it; else others are tried, and the last error told."""
    hides_unfinished: bool = True
    """Whether files get their names when they are whole; else at once, unless they replace others."""
    drops_rights: bool = True
    """Whether files that get another owner are no longer set-user-ID: anybody's program would be root's."""
    follows_links: bool = False
    """Whether links of procfs on the way are followed, as far as they stay in the machine."""

    def packed(self) -> bytes:
        """A digit for each."""
        return "".join(str(int(value)) for value in self).encode()


def unpacked(digits: bytes) -> Manner:
    """What `packed` made bytes of."""
    return Manner(*(digit == ord("1") for digit in digits))
