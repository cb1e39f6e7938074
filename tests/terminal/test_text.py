"""No character is lost, and each takes the cells it should."""

from __future__ import annotations

import pytest

from tests.terminal.screens import check, drawn, text

INVISIBLE = [
    "\u200d",
    "\ufe0f",
    "\ufe0e",
    "\u200b",
    "\ufeff",
    "\u200e",
    "\u2060",
    "\u00ad",
    "\u0301",
    "\u20dd",
    "\u0e31",
    "\u1161",
]
C1 = [chr(code) for code in (*range(0x80, 0x90), *range(0x91, 0x98), 0x99, 0x9A, 0x9C)]


@pytest.mark.parametrize("character", INVISIBLE)
@pytest.mark.parametrize("before", ["A", ""])
def test_text_behind_a_character_without_width_is_kept(character: str, before: str) -> None:
    terminal = drawn(f"{before}{character}XYZB")
    assert "XYZB" in text(terminal)[0]
    check(terminal)


@pytest.mark.parametrize("character", INVISIBLE)
def test_character_without_width_is_kept_with_the_one_before(character: str) -> None:
    assert "".join(run.text for run in drawn(f"A{character}X").runs(0)).startswith(
        ("A" + character + "X", "ÁX")
    )


@pytest.mark.parametrize("character", C1)
def test_text_behind_a_c1_control_is_kept(character: str) -> None:
    shown = "".join(drawn(f"A{character}XYZB").display).replace(" ", "")
    assert sorted(shown) == sorted("AXYZB")


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        ("e\u0301x", ["é", "x"]),
        ("q\u0301x", ["q\u0301", "x"]),
        ("q\u0301\u0323x", ["q\u0323\u0301", "x"]),
        ("中x", ["中", "", "x"]),
        ("中\u0301x", ["中\u0301", "", "x"]),
        ("\u1112\u1161\u11abx", ["한", "", "x"]),
        ("❤\ufe0fx", ["❤\ufe0f", "x"]),
        ("😀x", ["😀", "", "x"]),
        ("\U00045678x", ["\U00045678", "x"]),
        ("\U00045678\u0301x", ["\U00045678\u0301", "x"]),
        ("\U000f0123x", ["\U000f0123", "x"]),
        ("\ue0b0x", ["\ue0b0", "x"]),
        ("𝐀x", ["𝐀", "x"]),
    ],
)
def test_cells(data: str, cells: list[str]) -> None:
    terminal = drawn(data)
    assert [terminal.cell(x, 0).text for x in range(len(cells))] == cells
    assert terminal.cursor.x == len(cells)


def test_marks_stick_across_calls_and_at_the_margin() -> None:
    terminal = drawn("0123456789", 10, 3)
    terminal.feed("\u0336".encode())
    assert terminal.display[0] == "0123456789\u0336"
    assert terminal.screen.cursor.is_pending


def test_mark_at_the_start_of_a_wrapped_row_sticks_to_the_row_above() -> None:
    terminal = drawn("0123456789a\b\u0336", 10, 3)
    assert terminal.display[0] == "0123456789\u0336"


def test_mark_with_nothing_before_it_has_a_cell() -> None:
    assert text(drawn("\u0301x")) == [" \u0301x"]


def test_a_pile_of_marks_is_bounded() -> None:
    assert len(drawn("a" + "\u0336" * 500).cell(0, 0).text) == 32


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("abcdefghi中", ["abcdefghi", "中"]),
        ("abcdefgh中x", ["abcdefgh中", "x"]),
        ("中中中中中中", ["中中中中中", "中"]),
        ("a" + "中" * 6, ["a中中中中", "中中"]),
        ("\x1b[?7labcdefghij中", ["abcdefgh中"]),
        ("中\rx", ["x"]),
        ("中\x1b[2Gx", [" x"]),
        ("中中\x1b[2GXY", [" XY"]),
        ("中文\x1b[2G\x1b[P", [" 文"]),
        ("中文\x1b[3G\x1b[P", ["中"]),
        ("中文\x1b[2G\x1b[@", ["   文"]),
        ("中文\x1b[2G\x1b[X", ["  文"]),
        ("中文\x1b[2G\x1b[K", [""]),
        ("中文\x1b[3G\x1b[1K", ["    "]),
        ("abcdefgh中\x1b[1G\x1b[@", [" abcdefgh"]),
        ("abcdefgh中\x1b[1G\x1b[4hX", ["Xabcdefgh"]),
    ],
)
def test_wide_characters(data: str, rows: list[str]) -> None:
    terminal = drawn(data, 10, 3)
    assert text(terminal) == text(drawn("\r\n".join(rows), 20, 3))
    check(terminal)


def test_wide_character_on_a_screen_of_one_column() -> None:
    assert drawn("中", 1, 2).display == ["\ufffd", " "]


@pytest.mark.parametrize(
    ("chunks", "shown"),
    [
        ([b"\xe4\xb8", b"\xad"], "中"),
        ([b"\xf0", b"\x9f", b"\x98", b"\x80"], "😀"),
        ([b"a\xffb"], "a\ufffdb"),
        ([b"a\xc3", b"(b"], "a\ufffd(b"),
        ([b"\xed\xa0\x80b"], "\ufffd\ufffd\ufffdb"),
        ([b"\xc0\xafb"], "\ufffd\ufffdb"),
        ([b"\xe4\xb8", b"\x1b[1mb"], "\ufffdb"),
    ],
)
def test_utf_8(chunks: list[bytes], shown: str) -> None:
    terminal = drawn(b"")
    for chunk in chunks:
        terminal.feed(chunk)
    assert text(terminal) == [shown]


def test_display_has_a_wide_character_once_and_fills_the_columns() -> None:
    terminal = drawn("a中b", 6, 1)
    assert terminal.display == ["a中b  "]
    assert [(run.text, run.width) for run in terminal.runs(0)] == [("a中b  ", 6)]
