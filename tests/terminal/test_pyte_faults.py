"""Faults of plain pyte that everyday programs meet: each scenario holds here, and is shown to fail on pyte.

If one of them stops failing on pyte, pyte was mended, and what we do about it can be looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyte
import pytest

from machinedeck.term import Terminal


def ours(*chunks: bytes) -> list[str]:
    """The rows that our terminal shows."""
    terminal = Terminal(12, 4)
    for chunk in chunks:
        terminal.feed(chunk)
    return [row.rstrip() for row in terminal.display]


def plain(*chunks: bytes) -> list[str]:
    """The rows that plain pyte shows; what it raises, it raises."""
    screen = pyte.Screen(12, 4)
    stream = pyte.ByteStream(screen)
    for chunk in chunks:
        stream.feed(chunk)
    return [row.rstrip() for row in screen.display]


def rows(*found: str) -> list[str]:
    """The expected screen: these rows and blank ones."""
    return [*found, *[""] * (4 - len(found))]


SCENARIOS: dict[str, tuple[Iterable[bytes], list[str]]] = {
    "vim starts with CSI ? 4 m": ([b"a\x1b[?4mb"], rows("ab")),
    "w3m starts with CSI ? r": ([b"a\x1b[?rb"], rows("ab")),
    "CSI ? 6 n asks for the position": ([b"a\x1b[?6nb"], rows("ab")),
    "surplus parameters of CUP": ([b"a\x1b[2;2;2Hb"], rows("a", " b")),
    "surplus parameters of DECSTBM": ([b"a\x1b[1;2;3rb"], rows("b")),
    "an unknown erase": ([b"a\x1b[9Jb"], rows("ab")),
    "zero width joiner": (["A\u200dXYZ".encode()], rows("A\u200dXYZ")),
    "variation selector": (["A\ufe0fXYZ".encode()], rows("A\ufe0fXYZ")),
    "zero width space": (["A\u200bXYZ".encode()], rows("A\u200bXYZ")),
    "byte order mark": (["\ufeffXYZ".encode()], rows("XYZ")),
    "Hangul Jamo": (["\u1112\u1161\u11abX".encode()], rows("한X")),
    "a C1 control without a meaning": (["A\x80XYZ".encode()], rows("AXYZ")),
    "the alternate screen": ([b"shell\x1b[?1049h\x1b[2Jeditor\x1b[?1049l$"], rows("shell$")),
    "line drawing under UTF-8": ([b"\x1b(0lqk\x1b(Bq"], rows("┌─┐q")),
    "colours with colons": ([b"\x1b[38:5:9mred"], rows("red")),
    "underline styles with colons": ([b"\x1b[4:3mcurly"], rows("curly")),
    "soft reset": ([b"\x1b[!pa"], rows("a")),
    "tertiary device attributes": ([b"\x1b[=ca"], rows("a")),
    "a device control string": ([b"\x1bP+q544e\x1b\\a"], rows("a")),
    "an application command": ([b"\x1b_Gi=1;AAAA\x1b\\a"], rows("a")),
    "the kitty keyboard": ([b"\x1b[<ua\x1b[=1ub"], rows("ab")),
    "ESC inside a sequence": ([b"\x1b[3\x1b[1mab"], rows("ab")),
    "repeat": ([b"ab\x1b[3b"], rows("abbbb")),
    "scroll up": ([b"a\r\nb\r\nc\x1b[1S"], rows("b", "c")),
    "scroll down": ([b"a\r\nb\x1b[1T"], rows("", "a", "b")),
    "save and restore as in ANSI.SYS": ([b"ab\x1b[scd\x1b[uX"], rows("abXd")),
    "tabs backward": ([b"\x1b[1;12H\x1b[ZX"], rows(" " * 8 + "X")),
    "tabs forward": ([b"\x1b[IX"], rows(" " * 8 + "X")),
    "next line": ([b"ab\x1bEc"], rows("ab", "c")),
    "line feed below the scroll region": ([b"\x1b[1;2r\x1b[3;1Ha\nb"], rows("", "", "a", " b")),
    "cursor up above the scroll region": ([b"\x1b[3;4r\x1b[2;1H\x1b[Aa"], rows("a")),
    "wide at the right margin": ([b"\x1b[1;12H", "中".encode()], rows("", "中")),
    "half a wide character overwritten": (["中\rx".encode()], rows("x")),
    "the other half overwritten": (["中\x1b[1;2Hx".encode()], rows(" x")),
    "a character inserted at the margin": (["abcdefghij中\x1b[1;1H\x1b[@".encode()], rows(" abcdefghij")),
    "CSI e in the origin mode": ([b"\x1b[2;3r\x1b[?6h\x1b[5;1Hx"], rows("", "", "x")),
    "parameters of sub-parameters": ([b"\x1b[58:5:9mx"], rows("x")),
    "true colour with colons": ([b"\x1b[38:2::1:2:3mx"], rows("x")),
    "left to right mark": (["A\u200eXYZ".encode()], rows("A\u200eXYZ")),
    "Thai vowel above": (["ก\u0e31ม".encode()], rows("ก\u0e31ม")),
    "Hangul vowel by itself": (["A\u1161XYZ".encode()], rows("A\u1161XYZ")),
    "a family joined": (["👩\u200d👧X".encode()], rows("👩\u200d👧X")),
    "the alternate screen of 47": ([b"shell\x1b[?47h\x1b[2Jeditor\x1b[?47l$"], rows("shell      $")),
    "the alternate screen of 1047": ([b"shell\x1b[?1047h\x1b[2Jeditor\x1b[?1047l$"], rows("shell      $")),
    "characters erased half a wide one": (["中中\x1b[1;2H\x1b[X|".encode()], rows(" |中")),
    "a privacy message": ([b"\x1b^secret\x1b\\a"], rows("a")),
    "a start of string": ([b"\x1bXsecret\x1b\\a"], rows("a")),
    "DECRQSS": ([b"\x1bP$qm\x1b\\a"], rows("a")),
    "a sixel picture": ([b'\x1bPq"1;1;8;8#0!8~-\x1b\\a'], rows("a")),
    "tmux's passthrough": ([b"\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\a"], rows("a")),
    "kitty's keyboard set": ([b"\x1b[=1;1ua"], rows("a")),
    "ESC * chooses a character set": ([b"\x1b*Ba"], rows("a")),
    "ESC SP F": ([b"\x1b Fa"], rows("a")),
    "a command that never ends": ([b"\x1b]0;t\x1b[1ma\x18b"], rows("ab")),
    "private device attributes": ([b"a\x1b[?1;2cb"], rows("ab")),
    "private CUP": ([b"a\x1b[?Hb"], rows("ab")),
    "surplus parameters of DSR": ([b"a\x1b[6;1nb"], rows("ab")),
    "surplus parameters of CUU": ([b"a\r\nb\x1b[1;1Ac"], rows("ac", "b")),
    "an unknown erase in the line": ([b"a\x1b[9Kb"], rows("ab")),
    "VPA in the origin mode without margins": ([b"\x1b[?6h\x1b[2dx"], rows("", "x")),
    "CPR in the origin mode without margins": ([b"\x1b[?6h\x1b[6nx"], rows("x")),
    "columns to the left and to the right": ([b"ab\x1b[5`c\x1b[2ad"], rows("ab  c  d")),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_holds_here(name: str) -> None:
    chunks, expected = SCENARIOS[name]
    assert ours(*chunks) == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_fails_on_plain_pyte(name: str) -> None:
    chunks, expected = SCENARIOS[name]
    found: list[str] | None
    try:
        found = plain(*chunks)
    except (TypeError, AssertionError, IndexError, UnboundLocalError):
        found = None  # what plain pyte raises out of feed and display
    assert found != expected


COLUMNS = {
    "a flag is one character": ("🇩🇪", 2),
    "a skin tone belongs to its hand": ("👍🏽", 2),
    "a family is one character": ("👩\u200d👩\u200d👧", 2),
    "Jamo are one syllable": ("\u1112\u1161\u11ab", 2),
    "a heart on fire is one character": ("❤\ufe0f\u200d🔥", 1),
}
"""Text, and the column that the cursor is in after it."""


@pytest.mark.parametrize("name", COLUMNS)
def test_clusters_are_as_wide_here_as_they_look(name: str) -> None:
    text, expected = COLUMNS[name]
    terminal, screen = Terminal(12, 4), pyte.Screen(12, 4)
    terminal.feed(text.encode() + b"a")
    pyte.ByteStream(screen).feed(text.encode() + b"a")
    assert terminal.cursor.x == expected + 1
    assert screen.cursor.x != expected + 1


ANSWERS = {
    "DECRQM": (b"\x1b[?7$p", b"\x1b[?7;1$y"),
    "kitty's keyboard": (b"\x1b[?u", b"\x1b[?0u"),
    "size in characters": (b"\x1b[18t", b"\x1b[8;4;12t"),
    "XTGETTCAP": (b"\x1bP+q436f\x1b\\", b"\x1bP1+r436F=323536\x1b\\"),
    "DECRQSS": (b"\x1b[1m\x1bP$qm\x1b\\", b"\x1bP1$r0;1m\x1b\\"),
    "a colour of the palette": (b"\x1b]4;1;?\x07", b"\x1b]4;1;rgb:cdcd/0000/0000\x07"),
    "the background": (b"\x1b]11;?\x07", b"\x1b]11;rgb:0000/0000/0000\x07"),
    "secondary attributes": (b"\x1b[>c", b"\x1b[>41;390;0c"),
    "tertiary attributes": (b"\x1b[=c", b"\x1bP!|00000000\x1b\\"),
    "the position in the origin mode": (b"\x1b[?6h\x1b[6n", b"\x1b[1;1R"),
    "the position, of a VT420": (b"\x1b[?6n", b"\x1b[?1;1;1R"),
}
"""Questions that plain pyte raises at, does not answer, or answers wrongly."""


def answers_of_pyte(question: bytes) -> bytes:
    """What plain pyte answers, as far as it gets."""
    screen, answers = pyte.Screen(12, 4), []
    screen.write_process_input = answers.append  # type: ignore[method-assign]
    try:
        pyte.ByteStream(screen).feed(question)
    except (TypeError, AssertionError, UnboundLocalError):
        answers.clear()
    return "".join(answers).encode()


@pytest.mark.parametrize("name", ANSWERS)
def test_questions_are_answered_here(name: str) -> None:
    question, expected = ANSWERS[name]
    answers: list[bytes] = []
    Terminal(12, 4, answer=answers.append).feed(question)
    assert b"".join(answers) == expected
    assert answers_of_pyte(question) != expected


STATES: dict[str, tuple[bytes, Callable[[Terminal], object], object]] = {
    "the cursor's shape": (b"\x1b[6 q", lambda one: one.cursor.shape, "bar"),
    "the cursor blinks": (b"\x1b[?12h", lambda one: one.cursor.is_blinking, True),
    "a picture held back": (b"\x1b[?2026h", lambda one: one.modes.synchronized, True),
    "pastes in brackets": (b"\x1b[?2004h", lambda one: one.modes.bracketed_paste, True),
    "the mouse": (
        b"\x1b[?1002;1006h",
        lambda one: (one.modes.mouse, one.modes.mouse_encoding),
        ("drag", "sgr"),
    ),
    "the focus": (b"\x1b[?1004h", lambda one: one.modes.focus_events, True),
    "cursor keys": (b"\x1b[?1h", lambda one: one.modes.application_cursor, True),
    "the folder of the shell": (
        b"\x1b]7;file://web-1/srv\x07",
        lambda one: one.screen.directory,
        "file://web-1/srv",
    ),
    "a link": (b"\x1b]8;;http://a.b/\x07x", lambda one: one.cell(0, 0).style.link, "http://a.b/"),
    "the clipboard": (b"\x1b]52;c;aGk=\x07", lambda one: one.screen.clipboard is not None, True),
    "the end of a command": (b"\x1b]133;D;3\x07", lambda one: one.screen.exit_code, 3),
    "a colour of the palette": (b"\x1b]4;1;#010203\x07", lambda one: one.screen.colours.get(1), (1, 2, 3)),
    "dim": (b"\x1b[2mx", lambda one: one.cell(0, 0).dim, True),
    "conceal": (b"\x1b[8mx", lambda one: one.cell(0, 0).conceal, True),
    "overline": (b"\x1b[53mx", lambda one: one.cell(0, 0).overline, True),
    "a curly line": (b"\x1b[4:3mx", lambda one: one.cell(0, 0).style.underline, 3),
    "a double line": (b"\x1b[21mx", lambda one: one.cell(0, 0).style.underline, 2),
    "the line's colour": (b"\x1b[4;58;5;9mx", lambda one: one.cell(0, 0).style.underline_color, 9),
    "a colour with colons": (b"\x1b[38:5:9mx", lambda one: one.cell(0, 0).fg, 9),
    "keys told apart": (b"\x1b[>1u", lambda one: one.modes.disambiguates, True),
    "other keys": (
        b"\x1b[>4;2mx",
        lambda one: (one.modes.modify_other_keys, one.cell(0, 0).underline),
        (2, False),
    ),
}
"""What plain pyte has no place for: bytes, what is looked at, what is there then."""


@pytest.mark.parametrize("name", STATES)
def test_what_plain_pyte_has_no_place_for(name: str) -> None:
    data, look, expected = STATES[name]
    terminal = Terminal(12, 4)
    assert look(Terminal(12, 4)) != expected
    terminal.feed(data)
    assert look(terminal) == expected


@pytest.mark.parametrize("data", [one[0] for one in STATES.values()])
def test_plain_pyte_looks_the_same_with_and_without_them(data: bytes) -> None:
    """It keeps of them a number in `mode` at most, or takes them for something else."""

    def shown(screen: pyte.Screen) -> object:
        return screen.cursor.attrs._replace(data=" "), screen.cursor.hidden, screen.title

    screen, fresh = pyte.Screen(12, 4), pyte.Screen(12, 4)
    pyte.ByteStream(screen).feed(data)
    is_deaf = shown(screen) == shown(fresh)
    is_wrong = screen.icon_name != "" or screen.cursor.attrs.underscore or "x" not in screen.display[0][:1]
    assert is_deaf or is_wrong


def test_a_narrower_and_wider_screen_keeps_its_text() -> None:
    terminal, screen = Terminal(12, 4), pyte.Screen(12, 4)
    terminal.feed(b"abcdefghijkl")
    pyte.ByteStream(screen).feed(b"abcdefghijkl")
    terminal.resize(6, 4)
    screen.resize(4, 6)
    assert [row.rstrip() for row in terminal.display] == rows("abcdef", "ghijkl")
    terminal.resize(12, 4)
    screen.resize(4, 12)
    assert [row.rstrip() for row in terminal.display] == rows("abcdefghijkl")
    assert [row.rstrip() for row in screen.display] != rows("abcdefghijkl")


def test_rows_pushed_off_by_a_resize_reach_the_scrollback() -> None:
    terminal, screen = Terminal(12, 4), pyte.HistoryScreen(12, 4)
    terminal.feed(b"1\r\n2\r\n3\r\n4")
    pyte.ByteStream(screen).feed(b"1\r\n2\r\n3\r\n4")
    terminal.resize(12, 2)
    screen.resize(2, 12)
    assert (terminal.scrollback_length, len(screen.history.top)) == (2, 0)


def test_plain_pyte_takes_secondary_attributes_for_primary_and_we_do_not() -> None:
    answers: list[bytes] = []
    Terminal(12, 4, answer=answers.append).feed(b"\x1b[>c")
    assert answers == [b"\x1b[>41;390;0c"]


def test_plain_pyte_takes_other_commands_for_an_icon_name_and_we_do_not() -> None:
    data = b"\x1b]112;x\x07"
    screen = pyte.Screen(12, 4)
    pyte.ByteStream(screen).feed(data)
    terminal = Terminal(12, 4)
    terminal.feed(data)
    assert (screen.icon_name != "", terminal.screen.icon_name) == (True, "")


@pytest.mark.parametrize(
    ("sequence", "is_dim"),
    [(b"\x1b[2m", True), (b"\x1b[58;5;9m", False), (b"\x1b[>4;2m", False)],
)
def test_styles_that_plain_pyte_reads_wrongly(sequence: bytes, is_dim: bool) -> None:
    screen = pyte.Screen(12, 4)
    stream = pyte.ByteStream(screen)
    stream.feed(sequence + b"x")
    theirs = screen.buffer[0][0]
    terminal = Terminal(12, 4)
    terminal.feed(sequence + b"x")
    cell = terminal.cell(0, 0)
    assert (cell.dim, cell.blink, cell.strike, cell.underline) == (is_dim, False, False, False)
    is_right = not (is_dim or theirs.blink or theirs.strikethrough or theirs.underscore)
    assert not is_right
