"""Modes, cursor shape, title, bell."""

from __future__ import annotations

import pytest

from machinedeck.term import Modes, Terminal
from tests.terminal.screens import drawn, text

SWITCHES = {
    "\x1b[?1{}": "application_cursor",
    "\x1b[?5{}": "is_reverse",
    "\x1b[?6{}": "origin",
    "\x1b[?7{}": "autowrap",
    "\x1b[?12{}": "is_blinking",
    "\x1b[?25{}": "is_cursor_visible",
    "\x1b[?66{}": "application_keypad",
    "\x1b[?47{}": "is_alternate",
    "\x1b[?1047{}": "is_alternate",
    "\x1b[?1049{}": "is_alternate",
    "\x1b[?1004{}": "focus_events",
    "\x1b[?1007{}": "alternate_scroll",
    "\x1b[?2004{}": "bracketed_paste",
    "\x1b[?2026{}": "synchronized",
    "\x1b[4{}": "insert",
    "\x1b[20{}": "newline",
}


@pytest.mark.parametrize("sequence", SWITCHES)
def test_switch(sequence: str) -> None:
    terminal = drawn(sequence.format("h"))
    assert getattr(terminal.modes, SWITCHES[sequence]) is True
    terminal.feed(sequence.format("l").encode())
    assert getattr(terminal.modes, SWITCHES[sequence]) is False


def test_several_at_once_and_reset_to_the_start() -> None:
    terminal = drawn("\x1b[?1;25;1000;1006;2004;5h\x1b[?25l\x1b=")
    modes = terminal.modes
    assert (modes.application_cursor, modes.is_cursor_visible, modes.mouse, modes.mouse_encoding) == (
        True, False, "click", "sgr",
    )  # fmt: skip
    assert modes.application_keypad
    terminal.feed(b"\x1bc")
    assert terminal.modes == Modes()


@pytest.mark.parametrize(
    ("number", "name"), [(9, "press"), (1000, "click"), (1002, "drag"), (1003, "motion")]
)
def test_mouse(number: int, name: str) -> None:
    terminal = drawn(f"\x1b[?1000h\x1b[?{number}h")
    assert terminal.modes.mouse == name
    terminal.feed(f"\x1b[?{number}l".encode())
    assert terminal.modes.mouse == ""


@pytest.mark.parametrize(("number", "name"), [(1005, "utf8"), (1006, "sgr"), (1015, "urxvt")])
def test_mouse_encoding(number: int, name: str) -> None:
    terminal = drawn(f"\x1b[?{number}h")
    assert terminal.modes.mouse_encoding == name
    terminal.feed(f"\x1b[?{number}l".encode())
    assert terminal.modes.mouse_encoding == ""


def test_keypad() -> None:
    assert drawn("\x1b=").modes.application_keypad
    assert not drawn("\x1b=\x1b>").modes.application_keypad


def test_keeping_and_bringing_back_modes() -> None:
    terminal = drawn("\x1b[?2004h\x1b[?1;2004;99s\x1b[?2004l\x1b[?1h\x1b[?1;2004;99r")
    assert terminal.modes.bracketed_paste
    assert not terminal.modes.application_cursor


def test_private_and_ansi_numbers_are_not_mixed_up() -> None:
    assert not drawn("\x1b[?4h").modes.insert
    assert not drawn("\x1b[1h").modes.application_cursor
    assert not drawn("\x1b[>1h").modes.application_cursor


@pytest.mark.parametrize(
    ("sequence", "shape", "is_blinking"),
    [
        ("", "block", False),
        ("\x1b[0 q", "block", False),
        ("\x1b[ q", "block", False),
        ("\x1b[1 q", "block", True),
        ("\x1b[2 q", "block", False),
        ("\x1b[3 q", "underline", True),
        ("\x1b[4 q", "underline", False),
        ("\x1b[5 q", "bar", True),
        ("\x1b[6 q", "bar", False),
        ("\x1b[6 q\x1b[9 q", "bar", False),
        ("\x1b[4 q\x1b[?12h", "underline", True),
    ],
)
def test_cursor_shape(sequence: str, shape: str, is_blinking: bool) -> None:
    cursor = drawn(sequence).cursor
    assert (cursor.shape, cursor.is_blinking) == (shape, is_blinking)


@pytest.mark.parametrize("sequence", ["\x1b]0;{}\x07", "\x1b]2;{}\x07", "\x1b]2;{}\x1b\\", "\x9d2;{}\x9c"])
def test_title(sequence: str) -> None:
    assert drawn(sequence.format("host: vim — ü;x")).title == "host: vim — ü;x"


def test_title_is_cleaned_and_cut() -> None:
    assert drawn("\x1b]2;a\tb\nc\x80\u202ed\u2028e\ufefff\x07").title == "abcdef"
    assert drawn("\x1b]2;" + "x" * 5000 + "\x07").title == "x" * 256


@pytest.mark.parametrize("number", ["1", "7", "8", "52", "133", "1337", "9999999999", "", "x", "l", "-1"])
def test_other_commands_do_not_touch_the_title_and_print_nothing(number: str) -> None:
    terminal = drawn(f"\x1b]2;title\x07\x1b]{number};text;more\x07")
    assert (terminal.title, text(terminal)) == ("title", [])


def test_icon_name_is_no_title() -> None:
    terminal = drawn("\x1b]1;icon\x07")
    assert (terminal.title, terminal.screen.icon_name) == ("", "icon")


@pytest.mark.parametrize(
    "opener", ["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9d", "\x90", "\x9f", "\x9e", "\x98"]
)
@pytest.mark.parametrize("terminator", ["\x1b\\", "\x9c"])
def test_strings_are_swallowed(opener: str, terminator: str) -> None:
    assert text(drawn(f"a{opener}52;c;text\n\r\t{terminator}b")) == ["ab"]


@pytest.mark.parametrize("opener", ["\x1b]", "\x1b_", "\x1b^", "\x1bX"])
def test_bell_ends_strings(opener: str) -> None:
    assert text(drawn(f"a{opener}text\x07b")) == ["ab"]


def test_bell_does_not_end_a_device_control_string() -> None:
    terminal = drawn("a\x1bPtmux;\x07text\x1b\\b")
    assert text(terminal) == ["ab"]
    assert terminal.take_changes().bells == 0


@pytest.mark.parametrize("end", ["\x18", "\x1a", "\x1b[m", "\x1b7"])
def test_a_string_that_is_broken_off_does_nothing_and_text_goes_on(end: str) -> None:
    terminal = drawn(f"a\x1b]2;title{end}b")
    assert (terminal.title, text(terminal)) == ("", ["ab"])


def test_a_string_beyond_the_limit_is_swallowed_in_bounded_room() -> None:
    terminal = drawn("\x1b]2;title\x07\x1b]2;")
    for _ in range(20):
        terminal.feed(b"x" * 100_000)
    assert sum(map(len, terminal._stream._strings._kept)) <= (1 << 20) + 100_000
    terminal.feed(b"\x07b")
    assert (terminal.title, text(terminal)) == ("title", ["b"])


def test_a_sequence_without_end_is_swallowed_in_bounded_room() -> None:
    terminal = drawn("a\x1b[")
    for _ in range(10):
        terminal.feed(b"1;" * 10_000)
    assert len(terminal._stream._rest) < 1000
    terminal.feed(b"Hb")
    assert text(terminal) == ["ab"]


def test_bells_are_counted() -> None:
    terminal = drawn("\x07a\x07")
    assert terminal.take_changes().bells == 2
    assert terminal.take_changes().bells == 0


def test_screen_size_below_one_counts_as_one() -> None:
    terminal = Terminal(0, -1)
    terminal.feed("中a\r\n".encode())
    assert (terminal.columns, terminal.lines) == (1, 1)
