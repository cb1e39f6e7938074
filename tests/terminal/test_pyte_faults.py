"""Faults of plain pyte that everyday programs meet: each scenario holds here, and is shown to fail on pyte.

If one of them stops failing on pyte, pyte was mended, and what we do about it can be looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable

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
