"""The line of tabs where there are more than it has room for."""

from __future__ import annotations

import pytest

from machinedeck.ui.widgets.line import Line, Piece

ROOM = 30
LEAVE = Piece("F12 leave ", "key", "leave")


def shown(current: int, tabs: int) -> str:
    """What a line of so many tabs shows, with the leave key at its right."""
    line = Line(id="tabs")
    pieces = [Piece(f" web #{at} ", "current" if at == current else "", f"tab:{at}") for at in range(tabs)]
    line._left, line._right = tuple(pieces), (LEAVE,)
    return "".join(text for _, text in line._fitted(ROOM + len(LEAVE.text)))


@pytest.mark.parametrize("current", range(9))
def test_the_current_tab_is_in_sight(current: int) -> None:
    text = shown(current, 9)
    assert len(text) == ROOM + len(LEAVE.text)
    assert text.endswith(LEAVE.text)
    assert f" web #{current} " in text
    tabs = text.removesuffix(LEAVE.text)
    numbers = [int(rest[0]) for rest in tabs.split("#")[1:]]
    first, last = numbers[0], numbers[-1]
    assert tabs.startswith("…") == (first > 0), "what is cut at the left is marked"
    assert tabs.endswith("…") == (last < 8), "what is cut at the right is marked"


def test_tabs_that_fit_are_all_there() -> None:
    assert shown(1, 3).startswith(" web #0  web #1  web #2 ")


def test_a_tab_that_is_longer_than_the_line() -> None:
    line = Line(id="tabs")
    line._left = (Piece(" Host ", "", "tab:-1"), Piece("w" * 60, "current", "tab:0"))
    text = "".join(text for _, text in line._fitted(ROOM))
    assert len(text) == ROOM
    assert text.count("w") > ROOM // 2
