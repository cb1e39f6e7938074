"""How the columns of a table share their width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from machinedeck.ui.widgets.columns import GAP, Column, share

COLUMNS = (Column("a", "A", 8, 40), Column("b", "B", 6, 20, rank=1), Column("c", "C", 4, 10, rank=2))


def test_all_have_what_they_need() -> None:
    assert share(COLUMNS, [10, 12, 5], 80) == [10, 12, 5]


def test_the_widest_shrinks_first() -> None:
    assert share(COLUMNS, [30, 10, 4], 40) == [22, 10, 4]


def test_the_highest_rank_goes_first() -> None:
    assert share(COLUMNS, [10, 12, 5], 17) == [9, 6, 0]
    assert share(COLUMNS, [10, 12, 5], 9) == [9, 0, 0]


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3), st.integers(8, 200))
def test_never_wider_than_there_is_room(needed: list[int], width: int) -> None:
    widths = [one for one in share(COLUMNS, needed, width) if one]
    assert sum(widths) + GAP * (len(widths) - 1) <= width
