"""Selecting text in a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinedeck.term import Terminal
from machinedeck.term.history import LONGEST_LINE, History
from machinedeck.term.selecting import LONGEST_WORD, Reach, Selection, Spot, word_at


def history(text: str, columns: int = 20, lines: int = 4) -> History:
    """The lines of a terminal that a text was written to."""
    terminal = Terminal(columns, lines)
    terminal.feed(text.replace("\n", "\r\n").encode())
    return History(terminal)


def selected(
    lines: History, anchor: tuple[int, int], head: tuple[int, int], reach: Reach = Reach.CELLS
) -> str:
    """The text between two cells."""
    return Selection(Spot(*anchor), Spot(*head), reach).text(lines)


TEXT = "alpha beta gamma\ndelta  epsilon\nzeta"


@pytest.mark.parametrize(
    ("anchor", "head", "reach", "expected"),
    [
        ((0, 0), (0, 4), Reach.CELLS, "alpha"),
        ((0, 4), (0, 0), Reach.CELLS, "alpha"),
        ((0, 6), (1, 4), Reach.CELLS, "beta gamma\ndelta"),
        ((0, 6), (2, 15), Reach.CELLS, "beta gamma\ndelta  epsilon\nzeta"),
        ((0, 7), (0, 7), Reach.WORDS, "beta"),
        ((0, 7), (1, 9), Reach.WORDS, "beta gamma\ndelta  epsilon"),
        ((0, 7), (0, 7), Reach.LINES, "alpha beta gamma\n"),
        ((1, 3), (0, 9), Reach.LINES, "alpha beta gamma\ndelta  epsilon\n"),
        ((0, 6), (2, 9), Reach.BLOCK, "beta\n eps\n"),
        ((2, 9), (0, 6), Reach.BLOCK, "beta\n eps\n"),
        ((3, 0), (3, 5), Reach.CELLS, ""),
    ],
)
def test_text(anchor: tuple[int, int], head: tuple[int, int], reach: Reach, expected: str) -> None:
    assert selected(history(TEXT), anchor, head, reach) == expected


def test_text_that_wrapped_is_one_line() -> None:
    lines = history("x" * 18 + "one/two/three four\nend")
    assert selected(lines, (0, 0), (2, 2)) == "x" * 18 + "one/two/three four\nend"
    assert selected(lines, (1, 2), (1, 2), Reach.WORDS) == "x" * 18 + "one/two/three"
    assert selected(lines, (1, 2), (1, 2), Reach.LINES) == "x" * 18 + "one/two/three four\n"


def test_wide_characters_are_taken_whole() -> None:
    lines = history("a日本b")
    assert selected(lines, (0, 2), (0, 3)) == "日本"
    assert selected(lines, (0, 1), (0, 3), Reach.BLOCK) == "日本"
    assert Selection(Spot(0, 2), Spot(0, 2)).span(lines, 0) == (1, 3)


def test_clusters_come_whole() -> None:
    assert selected(history("q\u0301xn\u0303\u0301y"), (0, 0), (0, 2)) == "q\u0301x\u00f1\u0301"


def test_the_scrollback_is_part_of_it() -> None:
    lines = history("\n".join(f"line {number}" for number in range(20)))
    assert len(lines) == 20
    assert selected(lines, (0, 0), (2, 5)) == "line 0\nline 1\nline 2"


def test_a_selection_moves_with_its_lines() -> None:
    selection = Selection(Spot(5, 3), Spot(7, 1))
    assert selection.moved(-2) == Selection(Spot(3, 3), Spot(5, 1))
    assert selection.moved(-6) == Selection(Spot(0, 0), Spot(1, 1))
    assert selection.moved(-8) is None


@pytest.mark.parametrize(
    ("column", "word"),
    [(0, "cd"), (2, " "), (4, "/usr/bin"), (11, " "), (12, "("), (13, "x=1"), (16, ")")],
)
def test_word(column: int, word: str) -> None:
    lines = history("cd /usr/bin (x=1)")
    first, last = word_at(lines, Spot(0, column))
    assert lines.text(0, first.column, last.column + 1) == word


def test_a_word_goes_on_where_a_wide_character_found_no_room() -> None:
    lines = history("ab cdefgh日本", 9, 3)
    assert word_at(lines, Spot(0, 4)) == (Spot(0, 3), Spot(1, 3))
    assert word_at(lines, Spot(1, 2)) == (Spot(0, 3), Spot(1, 3))


def test_what_is_selected_of_an_endless_word_is_bounded() -> None:
    """Each line that is drawn asks for it: the whole console would wait."""
    lines = history("x" * 100_000, 80, 24)
    spot = Spot(600, 40)
    first, last = word_at(lines, spot)
    cells = (last.line - first.line) * 80 + last.column - first.column
    assert cells == 2 * LONGEST_WORD
    assert lines.first_of(600) == 600 - LONGEST_LINE
    assert lines.last_of(600) == 600 + LONGEST_LINE
    assert len(Selection(spot, spot, Reach.LINES).text(lines)) == (2 * LONGEST_LINE + 1) * 80 + 1


spots = st.tuples(st.integers(0, 12), st.integers(0, 25))


@given(st.text(alphabet="ab 日é\n👍\u0301", max_size=80), spots, spots, st.sampled_from(Reach))
def test_any_selection(text: str, anchor: tuple[int, int], head: tuple[int, int], reach: Reach) -> None:
    lines = history(text, 7, 3)
    last = len(lines) - 1
    ends = [(min(line, last), min(column, 6)) for line, column in (anchor, head)]
    assert isinstance(selected(lines, *ends, reach), str)
