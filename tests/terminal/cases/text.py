"""Text: wide and combining characters, clusters, controls among text."""

from __future__ import annotations

from tests.terminal.cases.case import Case

CASES = [
    Case("plain text", "abc", "abc", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("Latin-1", "äöü", "äöü", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("wide characters", "中文", "中文", (4, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "a wide character at the edge goes to the next row",
        "abcdefghi中",
        "abcdefghi|中",
        (2, 1),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "wide characters fill the row",
        "中文字典中文字",
        "中文字典中|文字",
        (4, 1),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "a wide character in the last two columns",
        "abcdefgh中",
        "abcdefgh中",
        (9, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
        is_pending=True,
    ),
    Case(
        "no autowrap: a wide character at the edge",
        "\x1b[?7labcdefghi中",
        "abcdefgh中",
        (9, 0),
        "xterm: dotext",
        is_pending=True,
    ),
    Case("overwriting the left half", "中文\x1b[1;1Hx", "x 文", (1, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("overwriting the right half", "中文\x1b[1;2Hx", " x文", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("overwriting two halves", "中文\x1b[1;2Hxy", " xy", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "overwriting with a wide character",
        "中文\x1b[1;2H字",
        " 字",
        (3, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case("erasing the left half", "中文\x1b[1;1H\x1b[X", "  文", (0, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "erasing the right half", "中文\x1b[1;2H\x1b[X", "  文", (1, 0), "wcwidth; Unicode UAX #11, UAX #29"
    ),
    Case(
        "erasing up to the left half",
        "中文\x1b[1;1H\x1b[1K",
        "  文",
        (0, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "erasing from the right half", "中文\x1b[1;2H\x1b[K", "", (1, 0), "wcwidth; Unicode UAX #11, UAX #29"
    ),
    Case("a combining mark", "e\u0301x", "éx", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "a combining mark that has no composition",
        "x\u0308\u0301y",
        "ẍ\u0301y",
        (2, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case("a combining mark at the start", "\u0301x", " \u0301x", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "a combining mark on a wide character",
        "中\u0301x",
        "中\u0301x",
        (3, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "a combining mark in the last column",
        "abcdefghij\u0301k",
        "abcdefghij\u0301|k",
        (1, 1),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "a combining mark after a move sticks to the cell before",
        "ab\x1b[1;2H\u0301",
        "áb",
        (1, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case("a zero-width joiner", "a\u200db", "a\u200db", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("a variation selector", "☺\ufe0fx", "☺\ufe0fx", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("a zero-width space", "a\u200bb", "a\u200bb", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("a byte order mark", "a\ufeffb", "a\ufeffb", (2, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case(
        "Hangul of conjoining letters", "ᄀ\u1161\u11a8x", "각x", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"
    ),
    Case("an emoji", "🎉x", "🎉x", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("an emoji with a skin tone", "👍🏽x", "👍🏽x", (3, 0), "wcwidth's wcswidth; Unicode TR51 1.4.4"),
    Case("a skin tone by itself", "a🏽x", "a🏽x", (4, 0), "wcwidth; Unicode TR51 1.4.4"),
    Case("a flag", "🇩🇪x", "🇩🇪x", (3, 0), "wcwidth's wcswidth; Unicode TR51 1.5"),
    Case("half a flag", "🇩x", "🇩x", (3, 0), "wcwidth; Unicode TR51 1.5"),
    Case("a flag and a half", "🇩🇪🇫x", "🇩🇪🇫x", (5, 0), "wcwidth's wcswidth; Unicode TR51 1.5"),
    Case(
        "a family",
        "👩\u200d👩\u200d👧x",
        "👩\u200d👩\u200d👧x",
        (3, 0),
        "wcwidth's wcswidth; Unicode TR51 2.3",
    ),
    Case(
        "a person and a narrow sign", "🤷🏽\u200d♂\ufe0fx", "🤷🏽\u200d♂\ufe0fx", (3, 0), "Unicode TR51 2.3"
    ),
    Case("a joiner before a letter", "👩\u200dx", "👩\u200dx", (3, 0), "Unicode TR51 2.3"),
    Case("Thai", "กำx", "กำx", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("ambiguous width is narrow", "±§x", "±§x", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("soft hyphen", "a­b", "a­b", (3, 0), "wcwidth; Unicode UAX #11, UAX #29"),
    Case("NUL and DEL mean nothing", "a\x00b\x7fc", "abc", (3, 0), "ECMA-48 8.3.88 NUL"),
    Case("BEL is counted", "a\x07b", "ab", (2, 0), "ECMA-48 8.3.3 BEL", notes={"bells": 1}),
    Case(
        "other controls mean nothing",
        "a\x01\x02\x03\x04\x06\x10\x11\x12\x13\x14\x15\x16\x17\x19\x1c\x1d\x1e\x1fb",
        "ab",
        (2, 0),
        "STD 070",
    ),
    Case("ENQ is not answered", "a\x05b", "ab", (2, 0), "xterm: answerbackString is empty"),
    Case(
        "wide characters scroll",
        "\x1b[5;1H中中中中中中",
        "|||中中中中中|中",
        (2, 4),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case(
        "insert mode cuts a wide character at the edge",
        "中中中中中\x1b[1;1H\x1b[4hx",
        "x中中中中",
        (1, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
    ),
    Case("two columns", "中a", "中|a", (1, 1), "wcwidth; Unicode UAX #11, UAX #29", size=(2, 2)),
    Case(
        "one column, wide characters",
        "中",
        "�",
        (0, 0),
        "wcwidth; Unicode UAX #11, UAX #29",
        size=(1, 2),
        is_pending=True,
    ),
]
