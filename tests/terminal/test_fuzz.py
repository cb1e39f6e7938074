"""Whatever bytes come, and however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machinedeck.term import Terminal
from tests.terminal.screens import check, picture

FINALS = "@ABCDEFGHIJKLMPSTWXZ^`abcdefghlmnqrstuvwxyz{|}~p"
numbers = st.one_of(
    st.just(""), st.integers(0, 30).map(str), st.sampled_from(["99999999999999999999", "47", "1049"])
)
parameters = st.lists(numbers, max_size=6).flatmap(
    lambda parts: st.sampled_from([";", ":", ";;"]).map(lambda separator: separator.join(parts))
)
csi = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["\x1b[", "\x1b[", "\x1b[", "\x9b"]),
    st.sampled_from(["", "", "", "?", ">", "<", "="]),
    parameters,
    st.sampled_from(["", "", "", "", " ", "!", "$", '"', "#", "'", "*", "$$$"]),
    st.sampled_from(list(FINALS)),
)
small = st.integers(0, 12).map(str)
margins = st.builds("\x1b[?69h\x1b[{};{}s".format, small, small) | st.builds(
    "\x1b[{};{}r".format, small, small
)
rectangles = st.builds(
    "\x1b[{}{}".format,
    st.lists(small, min_size=3, max_size=9).map(";".join),
    st.sampled_from(["$r", "$t", "$v", "$x", "$z", "${", "*y", "#|"]),
)
sides = st.builds(
    "\x1b[{}{}".format, small, st.sampled_from(["'}", "'~", " @", " A", '"q', "*x", "#{", "#}", "@", "P"])
)
modes = st.builds(
    "\x1b[?{}{}".format,
    st.sampled_from(
        [1, 2, 3, 5, 6, 7, 25, 40, 42, 45, 47, 69, 95, 1045, 1047, 1048, 1049, 9, 1000, 1006, 2004, 2026]
    ),
    st.sampled_from("hl"),
) | st.sampled_from(["\x1b[4h", "\x1b[4l", "\x1b[20h", "\x1b[20l"])
escapes = st.builds(
    "\x1b{}".format,
    st.sampled_from(
        [*"6789=><DEHMNOVWZcno\\|}~lm", "(0", "(K", " F", " G", "(B", ")0", "*0", "#8", "%G", '("?']
    ),
)
strings = st.builds(
    "{}{}{}".format,
    st.sampled_from(["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9d", "\x90"]),
    st.sampled_from(
        [
            "0;title",
            "2;ti\ttle",
            "8;;http://x",
            "11;?",
            "4;1;?;2;?",
            "$qm",
            "+q544e;zz",
            "104",
            "4;1;#123",
            "52;c;aGFsbG8=",
            "3008;start=x;a=b",
            "3008;end=x",
            "2$t3/5",
            "8;;",
            "9;" + "x" * 99,
            "",
        ]
    ),
    st.sampled_from(["\x07", "\x1b\\", "\x9c", "\x18", "\x1b", ""]),
)
PICTURES = ["🇩", "🇪🇫", "👍", "🏽", "👩", "♂", "❤"]
WORDS = ["hello", "aaaaaaaaaaaaaaaaaaaaaaaaa", "中文字", "é", "│──", "🇩🇪"]
SIGNS = ["e\u0301", "\u0301", "\u200d", "\ufe0f", "\u200b", "\ufeff", "👩\u200d💻", "\u1100\u1161\u11a8"]
STAND_INS = ["\U00045678", "\U00045678\u0301", "\U00040001", "\U000f0123"]
LINES = ["q\r\n", "w\nx\r\n", "\r\n\r\n", "\x80", "\x85", "\x8d"]
words = st.sampled_from(WORDS + PICTURES + SIGNS + STAND_INS + LINES)
controls = st.sampled_from(list("\r\n\t\b\x0b\x0c\x0e\x0f\x07\x18\x1a\x1b\x00\x7f\x05"))
pieces = st.one_of(
    words, words, csi, csi, modes, margins, rectangles, sides, escapes, strings, controls, st.text(max_size=4)
).map(lambda piece: piece.encode("utf-8", "replace")) | st.binary(max_size=4)
streams = st.lists(pieces, max_size=25).map(b"".join)
sizes = st.sampled_from([(1, 1), (2, 2), (1, 5), (7, 1), (10, 3), (20, 6)])


@settings(max_examples=400, deadline=None)
@given(size=sizes, data=streams)
def test_nothing_raises_and_every_row_keeps_its_width(size: tuple[int, int], data: bytes) -> None:
    terminal = Terminal(*size, scrollback=50)
    terminal.feed(data)
    check(terminal)


@settings(max_examples=400, deadline=None)
@given(size=sizes, data=streams, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_the_picture_does_not_depend_on_how_bytes_are_cut(
    size: tuple[int, int], data: bytes, cuts: list[int]
) -> None:
    answers: tuple[list[bytes], list[bytes]] = [], []
    whole = Terminal(*size, scrollback=50, answer=answers[0].append)
    whole.feed(data)
    split = Terminal(*size, scrollback=50, answer=answers[1].append)
    start = 0
    for cut in [*sorted(cuts), len(data)]:
        split.feed(data[start:cut])
        start = max(start, cut)
    assert picture(split) == picture(whole)
    assert answers[1] == answers[0]


@settings(max_examples=150, deadline=None)
@given(size=sizes, data=streams)
def test_byte_by_byte_is_the_same_as_at_once(size: tuple[int, int], data: bytes) -> None:
    whole, single = Terminal(*size, scrollback=50), Terminal(*size, scrollback=50)
    whole.feed(data)
    for byte in data:
        single.feed(bytes([byte]))
    assert picture(single) == picture(whole)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.tuples(streams, st.integers(0, 30), st.integers(-1, 12)), max_size=5))
def test_any_resize_between_any_bytes_keeps_the_promises(steps: list[tuple[bytes, int, int]]) -> None:
    terminal = Terminal(10, 4, scrollback=20)
    for data, columns, lines in steps:
        terminal.feed(data)
        terminal.resize(columns, lines)
        assert (terminal.columns, terminal.lines) == (max(1, columns), max(1, lines))
        check(terminal)


@pytest.mark.parametrize("size", [(1, 1), (80, 24)])
def test_every_single_code_point_of_the_low_planes_can_be_drawn(size: tuple[int, int]) -> None:
    terminal = Terminal(*size, scrollback=0)
    for start in range(0xA0, 0x20000, 0x800):
        block = "".join(chr(code) for code in range(start, start + 0x800) if not 0xD800 <= code < 0xE000)
        terminal.feed(block.encode())
    check(terminal)
