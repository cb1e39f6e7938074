"""Lines that leave the screen, changes of size, and what is told of changes."""

from __future__ import annotations

import tracemalloc

import pytest

from machinedeck.term import Changes, Style, Terminal
from tests.terminal.screens import check, drawn, text


def history(terminal: Terminal) -> list[str]:
    """The scrollback as text."""
    return ["".join(run.text for run in terminal.runs(index)) for index in range(terminal.scrollback_length)]


def numbered(count: int, columns: int = 10, lines: int = 4, scrollback: int = 100) -> Terminal:
    """A terminal after `count` numbered lines, with the cursor behind the last."""
    terminal = Terminal(columns, lines, scrollback=scrollback)
    terminal.feed("\r\n".join(map(str, range(count))).encode())
    return terminal


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_lines_that_scroll_off_are_kept_in_order(step: int) -> None:
    data = "\r\n".join(map(str, range(50))).encode()
    terminal = Terminal(10, 4)
    for start in range(0, len(data), step):
        terminal.feed(data[start : start + step])
    assert history(terminal) == list(map(str, range(46)))
    assert text(terminal) == list(map(str, range(46, 50)))


def test_the_oldest_go_first_and_none_are_kept_of_none() -> None:
    assert history(numbered(50, scrollback=5)) == list(map(str, range(41, 46)))
    assert history(numbered(50, scrollback=0)) == []


def test_coloured_and_wrapped_lines_keep_their_look() -> None:
    terminal = drawn("\x1b[31m" + "x" * 12 + "\x1b[0m\r\n\x1b[44m   \x1b[0m\r\n\r\n\r\n\r\n", 10, 2)
    assert history(terminal)[:3] == ["x" * 10, "xx", "   "]
    assert terminal.runs(0)[0].style == Style(fg=1)
    assert terminal.runs(2)[0].style == Style(bg=4)
    assert [row[2] for row in terminal.screen.scrollback][:2] == [True, False]


def test_a_region_that_begins_at_the_top_feeds_it_and_another_does_not() -> None:
    assert history(drawn("a\x1b[1;2r\x1b[2;1H\n\n", 10, 4)) == ["a", ""]
    assert history(drawn("a\x1b[2;4r\x1b[4;1H\n\n", 10, 4)) == []
    assert history(drawn("a\r\nb\x1b[S", 10, 4)) == ["a"]
    assert history(drawn("a\r\nb\x1b[H\x1b[M", 10, 4)) == []


def test_the_alternate_screen_neither_feeds_nor_shows_it() -> None:
    terminal = numbered(10)
    terminal.feed(b"\x1b[?1049h" + b"x\r\n" * 20)
    assert terminal.scrollback_length == 0
    assert terminal.runs(0)[0].text.startswith("x")
    terminal.feed(b"\x1b[?1049l")
    assert history(terminal) == list("012345")


def test_erasing_it() -> None:
    terminal = numbered(10)
    terminal.feed(b"\x1b[3J")
    assert history(terminal) == []
    assert text(terminal) == list("6789")


def test_a_reset_leaves_it() -> None:
    terminal = numbered(10)
    terminal.feed(b"\x1bc")
    assert history(terminal) == list("012345")


@pytest.mark.parametrize("index", [-1, 10])
def test_line_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        numbered(10).runs(index)


def test_ten_thousand_lines_are_small() -> None:
    terminal = Terminal(200, 50)
    block = b"".join(b"%06d %s\r\n" % (number, b"x" * 118) for number in range(500))
    tracemalloc.start()
    for _ in range(21):
        terminal.feed(block)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert terminal.scrollback_length == 10_000
    assert size < 8_000_000


def test_shrinking_pushes_rows_off_at_the_top_and_growing_pulls_them_back() -> None:
    terminal = numbered(4)
    terminal.resize(10, 2)
    assert (text(terminal), history(terminal)) == (["2", "3"], ["0", "1"])
    assert (terminal.cursor.x, terminal.cursor.y) == (1, 1)
    terminal.resize(10, 4)
    assert (text(terminal), history(terminal)) == (list("0123"), [])
    assert (terminal.cursor.x, terminal.cursor.y) == (1, 3)


def test_shrinking_takes_blank_rows_below_the_cursor_first() -> None:
    terminal = drawn("a\r\nb", 10, 5)
    terminal.resize(10, 2)
    assert (text(terminal), history(terminal)) == (["a", "b"], [])


def test_shrinking_with_the_cursor_at_the_top_cuts_below() -> None:
    terminal = drawn("a\r\nb\r\nc\x1b[H", 10, 3)
    terminal.resize(10, 2)
    assert (text(terminal), history(terminal)) == (["a", "b"], [])


def test_growing_without_scrollback_adds_blank_rows_below() -> None:
    terminal = drawn("a\r\nb", 10, 2)
    terminal.resize(10, 4)
    assert terminal.display == ["a".ljust(10), "b".ljust(10), " " * 10, " " * 10]
    assert terminal.cursor.y == 1


def test_width() -> None:
    terminal = drawn("abcdefgh\r\nab中cd", 10, 2)
    terminal.resize(3, 2)
    assert terminal.display == ["中c", "d  "]
    assert terminal.cursor.x == 1
    assert history(terminal) == ["abc", "def", "gh", "ab "]
    terminal.resize(6, 2)
    assert terminal.display == ["gh    ", "ab中cd"]
    assert (terminal.cursor.x, terminal.screen.cursor.is_pending) == (5, True)
    check(terminal)


def test_both_screens_change_size_and_the_main_cursor_goes_with_its_row() -> None:
    terminal = numbered(4)
    terminal.feed(b"\x1b[?1049h\x1b[2J\x1b[Hvim")
    terminal.resize(8, 2)
    assert terminal.display == ["vim     ", "        "]
    terminal.feed(b"\x1b[?1049l")
    assert terminal.display == ["2       ", "3       "]
    assert history(terminal) == ["0", "1"]
    assert (terminal.cursor.x, terminal.cursor.y) == (1, 1)


def test_the_alternate_screen_gives_nothing_to_the_scrollback_when_it_shrinks() -> None:
    terminal = drawn("\x1b[?1049h\x1b[Ha\r\nb\r\nc\r\nd", 10, 4)
    terminal.resize(10, 2)
    assert text(terminal) == ["c", "d"]
    terminal.feed(b"\x1b[?1049l")
    assert history(terminal) == []


def test_margins_and_tab_stops_follow_the_size() -> None:
    terminal = drawn("\x1b[2;3r\x1b[3G\x1bH", 20, 4)
    terminal.resize(30, 6)
    assert (terminal.screen.top, terminal.screen.bottom) == (0, 5)
    assert terminal.screen.tabstops == {2, 8, 16, 24}
    terminal.resize(10, 6)
    assert terminal.screen.tabstops == {2, 8}


def test_the_same_size_changes_nothing() -> None:
    terminal = numbered(4)
    terminal.take_changes()
    terminal.resize(10, 4)
    assert not terminal.take_changes().everything


NOTHING = Changes(frozenset(), scrolled=0, cursor=False, title=False, bells=0, everything=False)


def test_changes_are_told_once() -> None:
    terminal = drawn("", 10, 4)
    assert terminal.take_changes().everything
    assert terminal.take_changes() == NOTHING
    terminal.feed(b"\x1b[2;2Hx")
    assert terminal.take_changes() == Changes(
        frozenset({1}), 0, cursor=True, title=False, bells=0, everything=False
    )
    assert terminal.take_changes() == NOTHING


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("\x1b[2;1Hx", {1}),
        ("\x1b[2;1H\x1b[K", {1}),
        ("\x1b[2;1H\x1b[J", {1, 2, 3}),
        ("\x1b[2;1H\x1b[1J", {0, 1}),
        ("\x1b[2;1H\x1b[L", {1, 2, 3}),
        ("\x1b[2;1H\x1b[M", {1, 2, 3}),
        ("\x1b[2;3r\x1b[3;1H\n", {1, 2}),
        ("\x1b[4;1H\n", {0, 1, 2, 3}),
        ("\x1bM", {0, 1, 2, 3}),
        ("\x1b[2;1H\x1b[P", {1}),
        ("\x1b[2;1H\x1b[@", {1}),
        ("\x1b[2;1H\x1b[X", {1}),
        ("\x1b#8", {0, 1, 2, 3}),
        ("x" * 15, {0, 1}),
        ("中", {0}),
        ("\x1b[31m\x1b[3;3H", set()),
    ],
)
def test_lines_that_changed(data: str, lines: set[int]) -> None:
    terminal = drawn("q", 10, 4)
    terminal.take_changes()
    before = terminal.display
    terminal.feed(data.encode())
    changes = terminal.take_changes()
    assert changes.lines == lines
    assert not changes.everything
    really = {number for number in range(4) if terminal.display[number] != before[number]}
    assert really <= changes.lines


@pytest.mark.parametrize("data", ["\x1b[?1049h", "\x1bc", "\x1b[?5h", "\x1b[3J"])
def test_everything_changed(data: str) -> None:
    terminal = drawn("q", 10, 4)
    terminal.take_changes()
    terminal.feed(data.encode())
    assert terminal.take_changes().everything


def test_scrolled_lines_cursor_and_title_are_told() -> None:
    terminal = drawn("", 10, 4)
    terminal.take_changes()
    terminal.feed(b"a\r\n" * 10 + b"\x1b]2;t\x07")
    changes = terminal.take_changes()
    assert (changes.scrolled, changes.cursor, changes.title) == (7, True, True)
    terminal.feed(b"\x1b[?25l")
    assert terminal.take_changes().cursor
