"""Our stream drives a stock pyte screen, and pyte's stream drives ours: events and names stay pyte's."""

from __future__ import annotations

import io
import json

import pyte
import pytest
from pyte.screens import DebugScreen

from machinedeck.term import Screen, Stream, Terminal

EVERYDAY = (
    "hello\r\nworld\x1b[31;1mred\x1b[0m\x1b[3;3Hat\x1b[2Dx\x1b[Ay\x1b[K\r\n\tz\x1b7\x1b[5;1Hq\x1b8w\x1b[2;4r\x1b[4;1H\n"
    "\x1b[2L\x1b[1M\x1b[3@\x1b[1P\x1b[2X\x1bM\x1bD\x1bH\x1b[g\x1b[4hIns\x1b[4l\x1b[1J\x1b]2;title\x07e\u0301中文"
)


def rows(screen: pyte.Screen) -> list[str]:
    return [row.rstrip() for row in screen.display]


def test_our_stream_drives_a_stock_screen() -> None:
    ours, theirs = pyte.Screen(20, 6), pyte.Screen(20, 6)
    Stream(ours).feed(EVERYDAY)
    pyte.Stream(theirs).feed(EVERYDAY)
    assert rows(ours) == rows(theirs)
    assert (ours.cursor.x, ours.cursor.y, ours.title) == (theirs.cursor.x, theirs.cursor.y, theirs.title)
    assert ours.buffer[1][6] == theirs.buffer[1][6]


def test_pytes_stream_drives_our_screen() -> None:
    ours, theirs = Screen(20, 6), pyte.Screen(20, 6)
    pyte.Stream(ours).feed(EVERYDAY)
    pyte.Stream(theirs).feed(EVERYDAY)
    assert rows(ours) == rows(theirs)
    assert (ours.cursor.x, ours.cursor.y, ours.title) == (theirs.cursor.x, theirs.cursor.y, theirs.title)
    assert ours.buffer[1][6] == theirs.buffer[1][6]
    assert ours.margins == theirs.margins
    assert ours.mode == theirs.mode


def test_our_stream_on_a_stock_screen_survives_what_pytes_does_not() -> None:
    screen = pyte.Screen(20, 6)
    Stream(screen).feed(
        "a\x1b[?4mb\x1b[?rc\x1b[2;2;2Hd\x1b[38:5:9me\x1b(0q\x1b(B\x1bEf\x1b[5b\x1b]11;?\x07\x1bP$qm\x1b\\"
    )
    assert rows(screen)[:3] == ["abc", " de─", " " * 4 + "f"]


def test_events_have_pytes_names() -> None:
    out = io.StringIO()
    with pytest.raises(TypeError, match="is missing"):
        Stream(object())
    Stream(DebugScreen(to=out), strict=False).feed("ab\r\n\x1b[1;24r\x1b[4l\x1b[24;1H\x1b[0;10m\x1b[?25h")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        ["draw", ["ab"], {}],
        ["carriage_return", [], {}],
        ["linefeed", [], {}],
        ["set_margins", [1, 24], {}],
        ["reset_mode", [4], {}],
        ["cursor_position", [24, 1], {}],
        ["select_graphic_rendition", [0, 10], {}],
        ["set_mode", [25], {"private": True}],
    ]


def test_a_stream_without_a_screen() -> None:
    with pytest.raises(RuntimeError, match="no screen"):
        Stream().feed("x")


def test_a_stream_can_change_its_screen() -> None:
    first, second = Screen(10, 2), Screen(10, 2)
    stream = Stream(first)
    stream.feed("a\x1b[3")
    stream.attach(second)
    stream.feed("b\x1b[1mc")
    assert (rows(first), rows(second)) == (["a", ""], ["bc", ""])
    stream.detach(second)
    with pytest.raises(RuntimeError):
        stream.feed("x")


def test_cells_as_pyte_shows_them() -> None:
    screen = Screen(10, 2)
    Stream(screen).feed("\x1b[31;102;3;4;9mx\x1b[38;5;16;48;2;1;2;3m中")
    first, second, third = (screen.buffer[0][x] for x in range(3))
    assert first == pyte.screens.Char(
        "x", "red", "brightgreen", italics=True, underscore=True, strikethrough=True
    )
    assert (second.data, second.fg, second.bg, third.data) == ("中", "000000", "010203", "")
    assert (len(screen.buffer), len(screen.buffer[0]), list(screen.buffer)) == (2, 10, [0, 1])
    assert list(screen.buffer[0]) == list(range(10))


def test_margins_can_be_set_as_in_pyte() -> None:
    screen = Screen(10, 5)
    screen.margins = pyte.screens.Margins(1, 3)
    assert (screen.top, screen.bottom) == (1, 3)
    screen.margins = None
    assert (screen.top, screen.bottom, screen.margins) == (0, 4, None)


def test_modes_as_pyte_numbers_them() -> None:
    screen = Screen(10, 5)
    Stream(screen).feed("\x1b[4;20h\x1b[?5;6h\x1b[?7;25l")
    assert screen.mode == {4, 20, 5 << 5, 6 << 5}
    assert screen.cursor.hidden


def test_a_guest_can_change_the_size_of_a_screen_as_in_pyte_but_not_of_a_pane() -> None:
    theirs, ours, pane = pyte.Screen(80, 6), Screen(80, 6), Terminal(80, 6)
    pyte.Stream(theirs).feed("\x1b[?40h\x1b[?3h")
    Stream(ours).feed("\x1b[?40h\x1b[?3h")
    pane.feed(b"\x1b[?40h\x1b[?3h")
    assert (theirs.columns, ours.columns, pane.columns) == (132, 132, 80)
