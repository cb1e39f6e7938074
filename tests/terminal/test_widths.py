"""The table of widths says what wcwidth says."""

from __future__ import annotations

import pytest
import wcwidth

from machinedeck.term import width_ranges
from machinedeck.term.widths import KINDS, PIECES, SPECIAL

CODES = [code for code in range(0xA0, 0x110000) if not 0xD800 <= code < 0xE000]
CELLS = {"narrow": 1, "stand": 1, "wide": 2, "joining": 2, "zero": 0}


def test_the_table_is_of_wcwidths_version_of_unicode() -> None:
    newest = wcwidth.list_versions()[-1]
    assert newest == width_ranges.UNICODE, "write tui/machinedeck/term/width_ranges.py anew from wcwidth"


def test_every_code_point_has_wcwidths_width() -> None:
    wrong = []
    for piece in PIECES.finditer("".join(map(chr, CODES))):
        cells = CELLS[KINDS[piece.lastindex or 0]]
        wrong += [hex(ord(one)) for one in piece[0] if wcwidth.wcwidth(one) != cells]
    assert wrong == []


@pytest.mark.parametrize(("low", "high"), [(0xA0, 0x10000), (0x10000, 0x110000)])
def test_what_is_not_special_has_one_cell(low: int, high: int) -> None:
    codes = [code for code in CODES if low <= code < high and not SPECIAL.match(chr(code))]
    assert all(wcwidth.wcwidth(chr(code)) == 1 for code in codes)
    assert bool(codes) == (low < 0x10000)


def test_pieces_leave_nothing_out() -> None:
    data = "".join(map(chr, [*range(0x100), *CODES[::97]]))
    assert "".join(piece[0] for piece in PIECES.finditer(data)) == data
