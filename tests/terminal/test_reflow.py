"""Lines that are longer than the screen, when its width changes."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machinedeck.term import Terminal
from machinedeck.term.history import History
from machinedeck.term.rows import SKIPPED
from machinedeck.term.searching import Search
from tests.support.waiting import until
from tests.terminal.screens import check, drawn

WORDS = ["a", "bc ", "中文", "x" * 9, "é", "e\u0301", "🚀", "\x1b[31mred\x1b[0m", "  ", "\x1b[44m "]
# Blanks at the end of a line and cells that were erased are the same, so each line ends with something else.
lines = st.lists(st.sampled_from(WORDS), max_size=8).map(lambda words: "".join(words).rstrip(" ") + ".")
texts = st.lists(lines, min_size=1, max_size=12).map("\r\n".join)
sizes = st.tuples(st.integers(2, 25), st.integers(1, 8))


def logical(terminal: Terminal) -> list[str]:
    """The lines as they were written: rows joined where they wrap, blanks at the end left out."""
    screen = terminal.screen
    found = [""]
    for text, _, mark in [*screen.scrollback, *screen.rows]:
        shown = screen.clusters.text(text[:-1] if mark == SKIPPED else text).replace("\0", "")
        found[-1] += shown if mark else shown.rstrip()
        if not mark:
            found.append("")
    while found and not found[-1].strip():
        found.pop()
    return found


def rows(terminal: Terminal) -> list[str]:
    """All rows there are, scrollback first, without the blanks at their ends."""
    screen = terminal.screen
    shown = [screen.text(row).rstrip() for row in [*screen.scrollback, *screen.rows]]
    while shown and not shown[-1]:
        shown.pop()
    return shown


@settings(max_examples=300, deadline=None)
@given(text=texts, size=sizes, steps=st.lists(sizes, max_size=6))
def test_no_character_is_lost_by_any_resizes(
    text: str, size: tuple[int, int], steps: list[tuple[int, int]]
) -> None:
    terminal = drawn(text, *size)
    before = logical(terminal)
    for step in steps:
        terminal.resize(*step)
        check(terminal)
        assert logical(terminal) == before
        for _, _, mark in terminal.screen.rows[-1:]:
            assert not mark


@settings(max_examples=300, deadline=None)
@given(text=texts, size=sizes, steps=st.lists(sizes, max_size=4))
def test_there_and_back_is_the_same(text: str, size: tuple[int, int], steps: list[tuple[int, int]]) -> None:
    terminal = drawn(text, *size)
    before = rows(terminal), [row[2] for row in terminal.screen.scrollback], terminal.screen.cursor.x
    for step in steps:
        terminal.resize(*step)
    terminal.resize(*size)
    kept = len(before[1])
    marks = [row[2] for row in [*terminal.screen.scrollback, *terminal.screen.rows]][:kept]
    assert rows(terminal) == before[0]
    assert marks == before[1]
    assert terminal.cursor.x == before[2]


@settings(max_examples=300, deadline=None)
@given(text=texts, size=sizes, step=sizes)
def test_it_looks_as_if_it_had_been_written_at_that_width(
    text: str, size: tuple[int, int], step: tuple[int, int]
) -> None:
    terminal = drawn(text, *size)
    terminal.resize(*step)
    fresh = drawn(text, *step)
    assert rows(terminal) == rows(fresh)


@settings(max_examples=300, deadline=None)
@given(text=texts, at=st.tuples(st.integers(0, 24), st.integers(0, 7)), size=sizes, step=sizes)
def test_the_cursor_stays_on_its_character(
    text: str, at: tuple[int, int], size: tuple[int, int], step: tuple[int, int]
) -> None:
    terminal = drawn(text, *size)
    terminal.feed(b"\x1b[%d;%dH" % (at[1] + 1, at[0] + 1))
    cursor = terminal.cursor
    under = terminal.cell(cursor.x, cursor.y)
    terminal.resize(*step)
    check(terminal)
    if under.text.strip():
        assert terminal.cell(terminal.cursor.x, terminal.cursor.y) == under


def test_lines_that_do_not_wrap_stay_as_they_are() -> None:
    terminal = drawn("".join(f"{number}\r\n" for number in range(30)), 20, 5)
    before = rows(terminal), terminal.cursor
    for width in (40, 10, 3, 20):
        terminal.resize(width, 5)
        assert (rows(terminal), terminal.cursor) == before


def test_a_line_goes_over_the_edge_of_the_scrollback() -> None:
    terminal = drawn("abcdefghijklmnop\r\nq", 4, 3)
    assert terminal.scrollback_length == 2
    terminal.resize(16, 3)
    assert [row.rstrip() for row in terminal.display] == ["abcdefghijklmnop", "q", ""]
    assert (terminal.scrollback_length, terminal.cursor.x, terminal.cursor.y) == (0, 1, 1)


def test_a_wide_character_at_the_edge_leaves_no_gap() -> None:
    terminal = drawn("abc中d", 4, 3)
    assert [row[2] for row in terminal.screen.rows] == [SKIPPED, False, False]
    terminal.resize(10, 3)
    assert terminal.display[0] == "abc中d    "
    terminal.resize(4, 3)
    assert terminal.display[:2] == ["abc ", "中d "]


@pytest.mark.parametrize("edit", ["\x1b[@x", "\x1b[P", "\x1b[4hx\x1b[4l"])
def test_inserting_and_deleting_within_a_wrapped_row_leaves_it_a_line_with_the_next(edit: str) -> None:
    terminal = drawn(f"abcdefghijklmno\x1b[1;3H{edit}", columns=10, lines=4)
    assert terminal.screen.rows[0][2] is True
    terminal.resize(20, 4)
    assert rows(terminal)[0].endswith("klmno")


def test_a_cell_that_a_wide_character_left_alone_is_no_text() -> None:
    terminal = drawn("abcdefghi漢字", columns=10, lines=4)
    history = History(terminal)
    assert history.text(0) + history.text(1) == "abcdefghi漢字" + " " * 6
    assert history.text(0, 3, 10) == "defghi"
    search = Search(History(terminal), "i漢")
    assert [match.first for match in search.matches] == [(0, 8)]


def test_a_row_written_to_the_edge_without_wrapping_stays_a_line_of_its_own() -> None:
    terminal = drawn("abcd\r\nef", 4, 3)
    terminal.resize(8, 3)
    assert [row.rstrip() for row in terminal.display] == ["abcd", "ef", ""]


def test_what_was_erased_in_a_colour_makes_no_rows() -> None:
    terminal = drawn("\x1b[44m\x1b[2J\x1b[Hab\x1b[0m", 8, 3)
    terminal.resize(4, 3)
    assert terminal.display == ["ab  ", "    ", "    "]
    assert terminal.cell(3, 0).bg == terminal.cell(3, 2).bg == 4
    assert terminal.scrollback_length == 0


def test_the_pending_wrap_comes_back() -> None:
    terminal = drawn("abcd", 4, 3)
    terminal.resize(8, 3)
    assert (terminal.cursor.x, terminal.screen.cursor.is_pending) == (4, False)
    terminal.resize(4, 3)
    assert (terminal.cursor.x, terminal.screen.cursor.is_pending) == (3, True)
    terminal.feed(b"e")
    assert [row.rstrip() for row in terminal.display] == ["abcd", "e", ""]


def test_the_alternate_screen_is_cut_and_the_main_one_below_it_flows() -> None:
    terminal = drawn("abcdefgh\r\nij\x1b[?1049h\x1b[HABCDEFGH", 8, 3)
    terminal.resize(4, 3)
    assert [row.rstrip() for row in terminal.display] == ["ABCD", "", ""]
    terminal.resize(8, 3)
    assert [row.rstrip() for row in terminal.display] == ["ABCD", "", ""]
    terminal.resize(4, 3)
    terminal.feed(b"\x1b[?1049l")
    assert [row.rstrip() for row in terminal.display] == ["abcd", "efgh", "ij"]
    assert (terminal.cursor.x, terminal.cursor.y) == (2, 2)


def test_no_more_lines_than_the_scrollback_keeps() -> None:
    terminal = Terminal(40, 4, scrollback=50)
    terminal.feed(b"".join(b"%037d\r\n" % number for number in range(60)))
    terminal.resize(1, 4)
    assert terminal.scrollback_length == 50
    check(terminal)


def test_ten_thousand_lines_are_cut_anew_in_a_moment() -> None:
    terminal = Terminal(200, 50)
    terminal.feed(b"".join(b"%06d %s\r\n" % (number, b"x" * 118) for number in range(10_100)))
    took = []
    for width in (80, 200, 100, 200, 60):
        began = time.process_time()
        terminal.resize(width, 50)
        took.append(time.process_time() - began)
    assert sorted(took)[2] < 0.15, "three times what it takes, for slow machines"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = ["tmux", "-u", "-f", "/dev/null", "-S", str(tmp_path / "socket")]
    yield command
    subprocess.run([*command, "kill-server"], check=False, capture_output=True)


REFLOWS = [
    "abcdefghijklmnopqrstuvwxyz",
    "short\r\nabcdefghijklmnopqrstuvwxyz0123456789\r\nend",
    "\r\n".join(f"line {number} " + "x" * (number * 3) for number in range(14)),
    "中文字中文字中文字中文字中文字",
    "a中文字中文字中文字中文字中文字\r\nb",
    "exactly ten\r\n0123456789\r\n01234567890123456789\r\n",
    "\x1b[31mred and \x1b[44mblue that goes on over the margin\x1b[0m plain",
]


@pytest.mark.parametrize("text", REFLOWS)
async def test_tmux_flows_the_same_way(tmux: list[str], text: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(text)
    environment = {**os.environ, "LANG": "C.UTF-8", "TMUX": ""}

    def ask(*arguments: str) -> str:
        command = [*tmux, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    shown = f"cat {tmp_path}/text; touch {tmp_path}/done; exec sleep 600"
    ask("new-session", "-d", "-x", "20", "-y", "6", shown)
    ask("set", "-g", "status", "off")
    ask("resize-window", "-x", "20", "-y", "6")
    await until((tmp_path / "done").exists)
    terminal = drawn(text, 20, 6)
    for width, height in itertools.chain([(20, 6)], [(10, 6), (33, 6), (7, 6), (20, 6)]):
        ask("resize-window", "-x", str(width), "-y", str(height))
        terminal.resize(width, height)
        seen = [row.rstrip() for row in ask("capture-pane", "-p", "-S", "-").rstrip("\n").split("\n")]
        assert seen == rows(terminal), (width, height)
