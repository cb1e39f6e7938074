"""What sequences do to the screen: fed bytes, the rows and the cursor after them."""

from __future__ import annotations

import pytest

from tests.terminal.screens import check, drawn, text

FIVE = "1\r\n2\r\n3\r\n4\r\n5"

CASES: dict[str, tuple[str, list[str], tuple[int, int]]] = {
    "text": ("ab", ["ab"], (2, 0)),
    "CR, LF, BS": ("abc\rX\nY\bZ", ["Xbc", " Z"], (2, 1)),
    "VT and FF are line feeds": ("a\x0bb\x0cc", ["a", " b", "  c"], (3, 2)),
    "LF keeps the column": ("ab\nc", ["ab", "  c"], (3, 1)),
    "LNM": ("\x1b[20hab\nc", ["ab", "c"], (1, 1)),
    "LNM off": ("\x1b[20h\x1b[20lab\nc", ["ab", "  c"], (3, 1)),
    "the bottom scrolls": (FIVE + "\r\n6", ["2", "3", "4", "5", "6"], (1, 4)),
    "wrap is pending": ("a" * 10, ["a" * 10], (9, 0)),
    "wrap": ("a" * 10 + "b", ["a" * 10, "b"], (1, 1)),
    "pending wrap ends at CR": ("a" * 10 + "\rb", ["b" + "a" * 9], (1, 0)),
    "pending wrap ends at a move": ("a" * 10 + "\x1b[1Cb", ["a" * 9 + "b"], (9, 0)),
    "BS at a pending wrap": ("a" * 10 + "\bb", ["a" * 8 + "ba"], (9, 0)),
    "no autowrap": ("\x1b[?7l" + "a" * 12 + "b", ["a" * 9 + "b"], (9, 0)),
    "autowrap off forgets the pending wrap": ("a" * 10 + "\x1b[?7lb", ["a" * 9 + "b"], (9, 0)),
    "CUP": ("\x1b[2;3Hx", ["", "  x"], (3, 1)),
    "CUP clamps": ("\x1b[99;99Hx", ["", "", "", "", " " * 9 + "x"], (9, 4)),
    "CUP with nothing": ("ab\x1b[Hx", ["xb"], (1, 0)),
    "CUP with zeros": ("ab\x1b[0;0Hx", ["xb"], (1, 0)),
    "HVP": ("\x1b[2;3fx", ["", "  x"], (3, 1)),
    "huge numbers": ("\x1b[99999999999999999999;2Hx", ["", "", "", "", " x"], (2, 4)),
    "CUU CUD CUF CUB": ("\x1b[3;3H\x1b[A\x1b[2B\x1b[3C\x1b[Dx", ["", "", "", "    x"], (5, 3)),
    "CNL CPL": ("ab\x1b[2Ex\x1b[Fy", ["ab", "y", "x"], (1, 1)),
    "CHA HPA": ("\x1b[4Ga\x1b[8`b", ["   a   b"], (8, 0)),
    "HPR": ("a\x1b[2ab", ["a  b"], (4, 0)),
    "VPA VPR": ("\x1b[2da\x1b[2eb", ["", "a", "", " b"], (2, 3)),
    "IND RI NEL": ("a\x1bDb\x1bEc\x1bMd", ["a", " d", "c"], (2, 1)),
    "RI at the top scrolls down": ("a\x1b[H\x1bMb", ["b", "a"], (1, 0)),
    "NEL at the bottom scrolls": (FIVE + "\x1bE6", ["2", "3", "4", "5", "6"], (1, 4)),
    "SU": (FIVE + "\x1b[2S", ["3", "4", "5"], (1, 4)),
    "SD": (FIVE + "\x1b[2T", ["", "", "1", "2", "3"], (1, 4)),
    "SD as ECMA-48 has it": (FIVE + "\x1b[2^", ["", "", "1", "2", "3"], (1, 4)),
    "highlight tracking is no SD": (FIVE + "\x1b[1;1;1;1;1T", list("12345"), (1, 4)),
    "region": (FIVE + "\x1b[2;4r\x1b[4;1H\n", ["1", "3", "4", "", "5"], (0, 3)),
    "region: RI": (FIVE + "\x1b[2;4r\x1b[2;1H\x1bM", ["1", "", "2", "3", "5"], (0, 1)),
    "region: SU": (FIVE + "\x1b[2;4r\x1b[S", ["1", "3", "4", "", "5"], (0, 0)),
    "region: LF below stays": (FIVE + "\x1b[2;3r\x1b[5;1H\nx", ["1", "2", "3", "4", "x"], (1, 4)),
    "region: RI above stays": (FIVE + "\x1b[2;3r\x1b[1;1H\x1bMx", ["x", "2", "3", "4", "5"], (1, 0)),
    "region of one line is refused": (FIVE + "\x1b[2;2r\x1b[5;1H\n", ["2", "3", "4", "5"], (0, 4)),
    "region upside down is refused": (FIVE + "\x1b[4;2r", list("12345"), (1, 4)),
    "region reset": (FIVE + "\x1b[2;3r\x1b[r\x1b[5;1H\n", ["2", "3", "4", "5"], (0, 4)),
    "CUU stops at the top margin": ("\x1b[3;4r\x1b[4;1H\x1b[9Ax", ["", "", "x"], (1, 2)),
    "CUD stops at the bottom margin": ("\x1b[2;3r\x1b[9Bx", ["", "", "x"], (1, 2)),
    "CUD below the margins": ("\x1b[1;2r\x1b[3;1H\x1b[9Bx", ["", "", "", "", "x"], (1, 4)),
    "origin": ("\x1b[2;3r\x1b[?6hx\x1b[9;1Hy", ["", "x", "y"], (1, 2)),
    "origin: VPA": ("\x1b[2;4r\x1b[?6h\x1b[2dx", ["", "", "x"], (1, 2)),
    "origin off": ("\x1b[2;3r\x1b[?6h\x1b[?6lx", ["x"], (1, 0)),
    "ED 0": (FIVE + "\x1b[3;1H\x1b[J", ["1", "2"], (0, 2)),
    "ED 1": (FIVE + "\x1b[3;1H\x1b[1J", ["", "", "", "4", "5"], (0, 2)),
    "ED 2": (FIVE + "\x1b[2Jx", ["", "", "", "", " x"], (2, 4)),
    "ED 3 leaves the screen": (FIVE + "\x1b[3J", list("12345"), (1, 4)),
    "DECSED": (FIVE + "\x1b[?2J", [], (1, 4)),
    "EL 0": ("abcd\x1b[2D\x1b[K", ["ab"], (2, 0)),
    "EL 1": ("abcd\x1b[2D\x1b[1K", ["   d"], (2, 0)),
    "EL 2": ("abcd\x1b[2K", [], (4, 0)),
    "ECH": ("abcd\x1b[1;2H\x1b[2X", ["a  d"], (1, 0)),
    "ECH beyond the margin": ("abcd\x1b[1;2H\x1b[99X", ["a"], (1, 0)),
    "ICH": ("abcd\x1b[1;2H\x1b[2@", ["a  bcd"], (1, 0)),
    "ICH beyond the margin": ("abcd\x1b[1;2H\x1b[99@", ["a"], (1, 0)),
    "DCH": ("abcd\x1b[1;2H\x1b[2P", ["ad"], (1, 0)),
    "IL": (FIVE + "\x1b[2;2H\x1b[2L", ["1", "", "", "2", "3"], (0, 1)),
    "DL": (FIVE + "\x1b[2;2H\x1b[2M", ["1", "4", "5"], (0, 1)),
    "DL in a region": (FIVE + "\x1b[2;4r\x1b[2;1H\x1b[M", ["1", "3", "4", "", "5"], (0, 1)),
    "IL outside the region": (FIVE + "\x1b[2;4r\x1b[5;1H\x1b[L", list("12345"), (0, 4)),
    "IRM": ("abcd\x1b[1;2H\x1b[4hXY\x1b[4lZ", ["aXYZcd"], (4, 0)),
    "IRM at the margin": ("0123456789\x1b[1;9H\x1b[4hXYZ", ["01234567XY", "Z"], (1, 1)),
    "REP": ("ab\x1b[3b", ["abbbb"], (5, 0)),
    "REP of a wide character": ("中\x1b[2b", ["中中中"], (6, 0)),
    "REP of a line": ("\x1b(0q\x1b[2b", ["───"], (3, 0)),
    "REP of nothing": ("\x1b[9b", [], (0, 0)),
    "REP without end": ("a\x1b[65535b", [*["a" * 10] * 4, "a"], (1, 4)),
    "HT": ("\tx", [" " * 8 + "x"], (9, 0)),
    "HT at the end": ("\t\t\tx", [" " * 9 + "x"], (9, 0)),
    "HTS, CBT": ("\x1b[4G\x1bH\r\tx\x1b[Zy", ["   y"], (4, 0)),
    "CHT": ("\x1b[2Ix", [" " * 9 + "x"], (9, 0)),
    "CBT at the start": ("ab\x1b[9Zx", ["xb"], (1, 0)),
    "TBC": ("\x1b[9G\x1b[g\r\tx", [" " * 9 + "x"], (9, 0)),
    "TBC 3": ("\x1b[3g\tx", [" " * 9 + "x"], (9, 0)),
    "DECSC, DECRC": ("ab\x1b7cd\x1b8X", ["abXd"], (3, 0)),
    "DECRC twice": ("ab\x1b7cd\x1b8X\x1b8Y", ["abYd"], (3, 0)),
    "DECRC without DECSC": ("ab\x1b8X", ["Xb"], (1, 0)),
    "SCOSC, SCORC": ("ab\x1b[scd\x1b[uX", ["abXd"], (3, 0)),
    "DECSC keeps the pending wrap": ("a" * 10 + "\x1b7\x1b[H\x1b8b", ["a" * 10, "b"], (1, 1)),
    "DECSC keeps the charset": ("\x1b(0\x1b7\x1b(B\x1b8q", ["─"], (1, 0)),
    "DECSTR": ("ab\x1b[4h\x1b[?6h\x1b[!pc", ["cb"], (1, 0)),
    "RIS": ("ab\x1b[2;3r\x1b[4h\x1bcx", ["x"], (1, 0)),
    "DECALN": ("\x1b#8", ["E" * 10] * 5, (0, 0)),
    "SO and SI": ("\x1b)0q\x0eq\x0fq", ["q─q"], (3, 0)),
    "LS2, LS3": ("\x1b*0\x1bnq\x1boq", ["─q"], (2, 0)),
    "single shift": ("\x1b*0\x1bNqq", ["─q"], (2, 0)),
    "British": ("\x1b(A#\x1b(B#", ["£#"], (2, 0)),
    "an unknown set is ASCII": ('\x1b(0\x1b("?q', ["q"], (1, 0)),
    "all of DEC Special Graphics": ("\x1b(0jklmnqtuvwx", ["┘┐┌└┼─├┤┴┬", "│"], (1, 1)),
    "a control inside a sequence acts": ("ab\x1b[1\r;4Hx", ["ab x"], (4, 0)),
    "CAN ends a sequence": ("a\x1b[1\x18;4Hx", ["a;4Hx"], (5, 0)),
    "SUB ends a sequence": ("a\x1b[1\x1a4x", ["a4x"], (3, 0)),
    "ESC begins anew": ("a\x1b[1\x1b[4Gx", ["a  x"], (4, 0)),
    "DEL and NUL mean nothing": ("a\x7f\x00b\x1b[\x7f4\x00Gx", ["ab x"], (4, 0)),
    "text ends a sequence": ("a\x1b[1é", ["aé"], (2, 0)),
    "an overlong sequence": ("a\x1b[" + "1" * 5000 + "Gx", ["ax"], (2, 0)),
    "many parameters": ("a\x1b[" + "1;" * 200 + "1Hx", ["x"], (1, 0)),
    "a private mark in the wrong place": ("a\x1b[1?2Hx", ["ax"], (2, 0)),
    "too many intermediates": ("a\x1b[1$$$$px\x1b(((((Bx", ["axx"], (3, 0)),
    "C1 CSI": ("a\x9b4Gx", ["a  x"], (4, 0)),
    "C1 NEL IND RI": ("a\x85b\x84c\x8dd", ["a", "b d", " c"], (3, 1)),
    "unknown sequences": ("a\x1b[5zb\x1b[<uc\x1b Fd\x1b%Ge", ["abcde"], (5, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_sequence(name: str) -> None:
    data, rows, cursor = CASES[name]
    terminal = drawn(data, 10, 5)
    assert text(terminal) == rows
    assert (terminal.cursor.x, terminal.cursor.y) == cursor
    check(terminal)
    single = drawn(b"", 10, 5)
    for byte in data.encode():
        single.feed(bytes([byte]))
    assert text(single) == rows


@pytest.mark.parametrize(
    ("enter", "leave"),
    [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?1047h", "\x1b[?1047l"), ("\x1b[?47h", "\x1b[?47l")],
)
def test_alternate_screen_hides_the_main_one_and_brings_it_back(enter: str, leave: str) -> None:
    terminal = drawn("shell" + enter + "\x1b[Heditor")
    assert text(terminal) == ["editor"]
    assert terminal.modes.is_alternate
    terminal.feed(leave.encode())
    assert text(terminal) == ["shell"]
    assert not terminal.modes.is_alternate


def test_1049_brings_the_cursor_and_its_style_back() -> None:
    terminal = drawn("\x1b[31mab\x1b[?1049h\x1b[3;3H\x1b[32mx\x1b[?1049lc")
    assert text(terminal) == ["abc"]
    assert terminal.cell(2, 0).fg == 1


def test_1049_starts_blank_and_47_keeps() -> None:
    assert text(drawn("\x1b[?47h\x1b[Ha\x1b[?47l\x1b[?47h")) == ["a"]
    assert text(drawn("\x1b[?47h\x1b[Ha\x1b[?47l\x1b[?1049h")) == []
    assert text(drawn("\x1b[?1047h\x1b[Ha\x1b[?1047l\x1b[?47h")) == []


def test_saved_cursor_of_each_screen_is_its_own() -> None:
    terminal = drawn("ab\x1b7\x1b[?47h\x1b[3;3H\x1b7\x1b[?47l\x1b8")
    assert (terminal.cursor.x, terminal.cursor.y) == (2, 0)


def test_leaving_what_was_not_entered_restores_the_cursor_alone() -> None:
    assert text(drawn("ab\x1b[?1049lc")) == ["cb"]


def test_reset_leaves_the_alternate_screen() -> None:
    terminal = drawn("shell\x1b[?1049heditor\x1bc")
    assert text(terminal) == []
    assert not terminal.modes.is_alternate
