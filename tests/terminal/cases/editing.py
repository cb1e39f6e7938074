"""Inserting and deleting characters, insert mode, repetition."""

from __future__ import annotations

from tests.terminal.cases.case import Case

CASES = [
    Case("ICH", "abcde\x1b[1;2H\x1b[@", "a bcde", (1, 0), "ECMA-48 8.3.64 ICH"),
    Case("ICH with 0", "abcde\x1b[1;2H\x1b[0@", "a bcde", (1, 0), "ECMA-48 8.3.64 ICH"),
    Case("ICH by two", "abcde\x1b[1;2H\x1b[2@", "a  bcde", (1, 0), "ECMA-48 8.3.64 ICH"),
    Case(
        "ICH pushes over the edge", "abcdefghij\x1b[1;2H\x1b[3@", "a   bcdefg", (1, 0), "ECMA-48 8.3.64 ICH"
    ),
    Case("ICH by more than there is", "abcdefghij\x1b[1;2H\x1b[99@", "a", (1, 0), "ECMA-48 8.3.64 ICH"),
    Case("ICH keeps the cursor", "abcde\x1b[1;2H\x1b[2@x", "ax bcde", (2, 0), "ECMA-48 8.3.64 ICH"),
    Case("ICH in the last column", "abcdefghij\x1b[1;10H\x1b[@", "abcdefghi", (9, 0), "ECMA-48 8.3.64 ICH"),
    Case(
        "ICH fills with the background",
        "abc\x1b[1;2H\x1b[1;45m\x1b[2@",
        "a  bc",
        (1, 0),
        "terminfo: bce",
        looks={(1, 0): "bg=5", (2, 0): "bg=5", (3, 0): ""},
    ),
    Case("ICH of part of a wide character", "中中\x1b[1;2H\x1b[@", "   中", (1, 0), "ECMA-48 8.3.64 ICH"),
    Case("DCH", "abcde\x1b[1;2H\x1b[P", "acde", (1, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH with 0", "abcde\x1b[1;2H\x1b[0P", "acde", (1, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH by two", "abcde\x1b[1;2H\x1b[2P", "ade", (1, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH by more than there is", "abcde\x1b[1;2H\x1b[99P", "a", (1, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH keeps the cursor", "abcde\x1b[1;2H\x1b[2Px", "axe", (2, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH in the last column", "abcdefghij\x1b[1;10H\x1b[P", "abcdefghi", (9, 0), "ECMA-48 8.3.26 DCH"),
    Case(
        "DCH fills with the background",
        "abc\x1b[1;2H\x1b[1;45m\x1b[P",
        "ac",
        (1, 0),
        "terminfo: bce",
        looks={(9, 0): "bg=5", (1, 0): "", (2, 0): ""},
    ),
    Case("DCH of part of a wide character", "中中a\x1b[1;2H\x1b[P", " 中a", (1, 0), "ECMA-48 8.3.26 DCH"),
    Case("DCH of the left half", "中中a\x1b[1;1H\x1b[P", " 中a", (0, 0), "ECMA-48 8.3.26 DCH"),
    Case("IRM", "abcd\x1b[1;2H\x1b[4hXY", "aXYbcd", (3, 0), "ECMA-48 7.2.10 IRM", modes={"insert": True}),
    Case(
        "IRM off",
        "abcd\x1b[1;2H\x1b[4hX\x1b[4lY",
        "aXYcd",
        (3, 0),
        "ECMA-48 7.2.10 IRM",
        modes={"insert": False},
    ),
    Case(
        "IRM pushes over the edge", "abcdefghij\x1b[1;2H\x1b[4hXY", "aXYbcdefgh", (3, 0), "ECMA-48 7.2.10 IRM"
    ),
    Case(
        "IRM wraps at the edge", "0123456789\x1b[1;9H\x1b[4hXYZ", "01234567XY|Z", (1, 1), "ECMA-48 7.2.10 IRM"
    ),
    Case("IRM and wide characters", "abcd\x1b[1;2H\x1b[4h中", "a中bcd", (3, 0), "ECMA-48 7.2.10 IRM"),
    Case(
        "IRM keeps styles in place",
        "\x1b[31mab\x1b[m\x1b[1;2H\x1b[4hX",
        "aXb",
        (2, 0),
        "ECMA-48 7.2.10 IRM",
        looks={(0, 0): "fg=1", (1, 0): "", (2, 0): "fg=1"},
    ),
    Case("REP", "ab\x1b[3b", "abbbb", (5, 0), "ECMA-48 8.3.103 REP"),
    Case("REP without parameter", "ab\x1b[b", "abb", (3, 0), "ECMA-48 8.3.103 REP"),
    Case("REP with 0", "ab\x1b[0b", "abb", (3, 0), "ECMA-48 8.3.103 REP"),
    Case("REP wraps", "a\x1b[12b", "aaaaaaaaaa|aaa", (3, 1), "ECMA-48 8.3.103 REP"),
    Case("REP of a wide character", "中\x1b[2b", "中中中", (6, 0), "ECMA-48 8.3.103 REP"),
    Case(
        "REP behind another sequence",
        "a\x1b[31m\x1b[2bb",
        "ab",
        (2, 0),
        "ECMA-48 8.3.103 REP; xterm: doparsing (lastchar)",
    ),
    Case("REP of nothing", "\x1b[3bx", "x", (1, 0), "ECMA-48 8.3.103 REP"),
    Case("REP of a line", "\x1b(0q\x1b[2b", "───", (3, 0), "ECMA-48 8.3.103 REP"),
    Case(
        "REP without end",
        "a\x1b[65535b",
        "aaaaaaaaaa|aaaaaaaaaa|aaaaaaaaaa|aaaaaaaaaa|a",
        (1, 4),
        "ECMA-48 8.3.103 REP",
    ),
    Case("REP in insert mode", "xyz\x1b[1;1H\x1b[4ha\x1b[2b", "aaaxyz", (3, 0), "ECMA-48 8.3.103 REP"),
    Case("REP behind a line feed", "a\n\x1b[2bb", "a| b", (2, 1), "xterm: doparsing (lastchar)"),
    Case("REP behind REP", "a\x1b[2b\x1b[2bb", "aaab", (4, 0), "xterm: doparsing (lastchar)"),
    Case("REP with a control in it", "ab\x1b[3\rb", "bbb", (3, 0), "xterm: doparsing (lastchar)"),
    Case("REP as C1", "a\x9b2b", "aaa", (3, 0), "ECMA-48 8.3.103 REP"),
    Case("REP behind a string", "a\x1b]2;b\x07\x1b[2bb", "ab", (2, 0), "xterm: doparsing (lastchar)"),
]
