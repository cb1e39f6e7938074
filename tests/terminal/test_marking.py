"""Marks in a terminal's lines, while a guest takes lines away under them."""

from __future__ import annotations

import pytest

from machinedeck.term import Terminal
from machinedeck.term.history import History
from machinedeck.term.marking import Marking
from machinedeck.term.selecting import Reach, Selection, Spot

SHORTER = {
    "the scrollback is cleared": b"\x1b[3J",
    "all is cleared": b"\x1b[3J\x1b[2J",
    "the alternate screen": b"\x1b[?1049h",
    "a reset after a cleared scrollback": b"\x1b[3J\x1bc",
}
KEYS = ("dollar_sign", "0", "w", "b", "h", "l", "j", "k", "v", "V", "ctrl+v", "o", "g", "G", "y", "q")


def marked(scrollback: int = 100) -> tuple[Terminal, Marking]:
    """A terminal with 40 lines, and marks in them."""
    terminal = Terminal(20, 5, scrollback=scrollback)
    terminal.feed(b"\r\n".join(b"line %d word" % number for number in range(40)))
    return terminal, Marking(History(terminal))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shorter", SHORTER)
def test_a_key_when_the_carets_line_is_gone(key: str, shorter: str) -> None:
    terminal, marking = marked()
    marking.begin(37, 8)
    marking.selection = Selection(Spot(36, 2), Spot(37, 8), Reach.WORDS)
    terminal.feed(SHORTER[shorter])
    marking.key(key, None, 4)
    assert marking.caret is None or marking.caret.line < len(marking.history)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_when_the_screen_is_smaller(key: str) -> None:
    terminal, marking = marked(scrollback=2)
    marking.begin(6, 19)
    terminal.resize(3, 1)
    marking.key(key, None, 4)
    assert marking.caret is None or marking.caret.column < 3


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("shorter", SHORTER)
def test_a_selection_whose_lines_are_gone_selects_nothing(reach: Reach, shorter: str) -> None:
    terminal, marking = marked()
    marking.selection = Selection(Spot(36, 2), Spot(37, 8), reach)
    terminal.feed(SHORTER[shorter])
    assert [marking.spans(line) for line in range(len(marking.history))] == [[]] * 5
    assert marking.selection.text(marking.history).strip() == ""


def test_other_lines_leave_the_caret_alone() -> None:
    terminal, marking = marked()
    marking.begin(37, 8)
    marking.origin, marking.selection = Spot(36, 2), Selection(Spot(36, 2), Spot(37, 8))
    marking.pattern = "word"
    marking.look_again()
    terminal.feed(b"\x1b[3J")
    marking.forget_places()
    assert (marking.caret, marking.origin, marking.selection, marking.search) == (
        Spot(4, 8),
        None,
        None,
        None,
    )


def test_all_marks_move_with_their_lines() -> None:
    _, marking = marked()
    marking.begin(7, 8)
    marking.origin, marking.selection = Spot(6, 2), Selection(Spot(6, 2), Spot(7, 8))
    marking.move_lines(3)
    assert (marking.origin, marking.selection) == (Spot(3, 2), Selection(Spot(3, 2), Spot(4, 8)))
    assert marking.caret == Spot(4, 8)
    marking.move_lines(9)
    assert (marking.origin, marking.selection, marking.caret) == (Spot(0, 2), None, Spot(0, 8))


def test_the_match_that_was_gone_to_stays_the_same_one() -> None:
    """It has another number when older ones went, and none once it went itself."""
    terminal, marking = marked(scrollback=35)
    marking.pattern = "line"
    assert marking.go(-1, Spot(10, 0)) == Spot(9, 0)
    assert marking.current == 9
    terminal.feed(b"\r\nline more" * 4)
    marking.move_lines(4)
    marking.look_again()
    assert (marking.current, marking.reached) == (5, Spot(5, 0))
    assert marking.go(-1, Spot(5, 0)) == Spot(4, 0)
    terminal.feed(b"\r\nline more" * 5)
    marking.move_lines(5)
    marking.look_again()
    assert (marking.current, marking.reached) == (None, None)


def test_a_pattern_that_takes_too_long_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, marking = marked()
    terminal.feed(b"\r\n" + b"a" * 19 + b"\r\n")
    marking.is_regex, marking.pattern = True, "(.+)+(.+)+(.+)+(.+)+!"
    monkeypatch.setattr("machinedeck.term.searching.MOST_SECONDS", 0.001)
    marking._look()
    assert marking.search is not None
    assert marking.search.is_late
    marking.move_lines(1)
    marking.look_again()
    assert marking.search is None, "not by itself"
    marking.begin_search()
    marking.pattern = "word"
    monkeypatch.undo()
    marking.look_again()
    assert marking.search is not None
    assert not marking.search.is_late
