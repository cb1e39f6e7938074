"""Cells that hold more than one code point: a base character with the marks that stick to it.

A row has one code point for each cell, so such a cell holds a stand-in: a code point of the planes that
Unicode leaves unassigned, numbered by a table. A guest that prints such a code point itself gets a stand-in
for it too; so nothing a guest prints can be taken for somebody else's cluster, and nothing is lost.
"""

from __future__ import annotations

import re
import unicodedata

from machinedeck.term.interning import Table
from machinedeck.term.widths import STAND_INS

FIRST = 0x40000
"""The stand-in with number 0."""

CLUSTER_LIMIT = 1 << 16
"""How many different clusters may be alive at once."""

LENGTH_LIMIT = 32
"""How many code points one cell holds; further marks are dropped, as every terminal does at some number."""

_STAND_IN = re.compile(f"[{STAND_INS}]")


def is_stand_in(character: str) -> bool:
    """Whether a code point is of those that stand for clusters, used or not."""
    return _STAND_IN.match(character) is not None


class Clusters:
    """The table of clusters of one terminal."""

    def __init__(self) -> None:
        self.table: Table[str] = Table(CLUSTER_LIMIT, "\ufffd")

    def stand_in(self, cluster: str) -> str | None:
        """The code point that stands for a cluster in a row, or None when the table is full."""
        number = self.table.intern(cluster)
        return None if number is None else chr(FIRST + number)

    def text(self, cells: str) -> str:
        """What cells show, with stand-ins written out."""
        if cells.isascii() or not _STAND_IN.search(cells):
            return cells
        return _STAND_IN.sub(self._cluster, cells)

    def join(self, cell: str, mark: str) -> str:
        """The text of a cell after a mark was put on it; composed where Unicode has a code point for both."""
        cluster = self.text(cell)
        if len(cluster) >= LENGTH_LIMIT:
            return cluster
        return unicodedata.normalize("NFC", cluster + mark)

    def retain(self, rows: str) -> None:
        """Forget the clusters that do not stand in `rows`, the text of all that is kept."""
        self.table.retain({ord(character) - FIRST for character in set(_STAND_IN.findall(rows))})

    def _cluster(self, match: re.Match[str]) -> str:
        number = ord(match[0]) - FIRST
        return self.table.values[number]
