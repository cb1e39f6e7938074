"""How the columns of a table share the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
"""Blank columns between two table columns."""


class Column(NamedTuple):
    """One column of a table. Widths are terminal columns."""

    key: str
    label: str
    least: int
    """The narrowest it may be drawn."""
    most: int
    """The widest it needs to be drawn, however long its texts."""
    rank: int = 0
    """Which go first where there is no room: the highest rank; rank 0 never goes."""
    is_right: bool = False
    """Whether its texts are set to the right, as numbers are."""


def share(columns: Sequence[Column], needed: Sequence[int], width: int) -> list[int]:
    """The width of each column, 0 for one that is not shown.

    Columns get what their texts need, up to their most. Where that is too much, all but the first shrink
    towards their least, the widest first; where that is still too much, columns go by their rank.

    Args:
        columns: The columns from left to right.
        needed: The width of the widest text of each, its label among them.
        width: What there is to share.
    """
    shown = list(range(len(columns)))
    while True:
        widths = {at: max(columns[at].least, min(columns[at].most, needed[at])) for at in shown}
        missing = sum(widths.values()) + GAP * (len(shown) - 1) - width
        spare = sum(widths[at] - columns[at].least for at in shown)
        droppable = [at for at in shown if columns[at].rank]
        if missing <= spare or not droppable:
            break
        shown.remove(max(droppable, key=lambda at: columns[at].rank))
    while missing > 0 and any(widths[at] > columns[at].least for at in shown):
        widest = max(shown, key=lambda at: (widths[at] - columns[at].least, at))
        widths[widest] -= 1
        missing -= 1
    return [widths.get(at, 0) for at in range(len(columns))]
