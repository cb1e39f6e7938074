"""How many cells a character takes, as patterns that cut a run of text into pieces of one kind each."""

from __future__ import annotations

import re

from machinedeck.term.width_ranges import WIDE, ZERO

STAND_INS = "\U00040000-\U000dffff"
"""Code points of planes 4 to 13, where Unicode assigns nothing: rows use them to stand for whole clusters."""


_FLAG, _TONE = (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF)


def _pairs(ranges: str) -> list[tuple[int, int]]:
    """Ranges in hexadecimal as numbers, without the parts of pictures: those are a kind of their own."""
    split = (part.partition("-") for part in ranges.split())
    pairs = [(int(low, 16), int(high or low, 16)) for low, _, high in split]
    for first, last in (_FLAG, _TONE):
        pieces = [((low, min(high, first - 1)), (max(low, last + 1), high)) for low, high in pairs]
        pairs = [piece for both in pieces for piece in dict.fromkeys(both) if piece[0] <= piece[1]]
    return pairs


def _class(ranges: str, *, is_astral: bool) -> str:
    """The inside of a character class for ranges in hexadecimal: those beyond U+FFFF, or the others."""
    pairs = _pairs(ranges)
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in pairs if (low > 0xFFFF) is is_astral)


_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_ASTRAL = r"\U00010000-\U0010ffff"
_WIDE, _ZERO = _class(WIDE, is_astral=False), _class(ZERO, is_astral=False)

# Beyond U+FFFF the regular expression engine tries range after range, so all of that counts as special at
# first and is looked at only by the last alternatives of PIECES.
SPECIAL = re.compile(f"[{_CONTROLS}{_WIDE}{_ZERO}{_ASTRAL}]")
"""Finds a character that may not be simply one cell of text."""

SPECIAL_IN_LINES = re.compile(f"[\\x00-\\x09\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f{_WIDE}{_ZERO}{_ASTRAL}]")
"""The same for text of several lines: carriage return and line feed are allowed."""

_FLAGS, _TONES = ("-".join(map(chr, ends)) for ends in (_FLAG, _TONE))

JOINER = "\u200d"
"""Zero width joiner: two pictures around it are one (Unicode TR51, 2.3)."""

FLAG = re.compile(f"[{_FLAGS}]")
"""Half of a flag: two of them are one picture (TR51, 1.5)."""

TONE = re.compile(f"[{_TONES}]")
"""Colours of skin: each belongs to the picture before it (TR51, 1.4.4)."""

PICTURE = re.compile("[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u27bf\u2934-\u2b55\U0001f000-\U0001faff]")
"""What may be a picture (TR51's Extended_Pictographic, by blocks)."""

PIECES = re.compile(
    f"([^{_CONTROLS}{_WIDE}{_ZERO}{_ASTRAL}]+)|([{_WIDE}]+)|([{_ZERO}]+)|([{_CONTROLS}]+)|([{STAND_INS}]+)"
    f"|([{_FLAGS}{_TONES}])"
    f"|([{_class(WIDE, is_astral=True)}]+)|([{_class(ZERO, is_astral=True)}]+)|([{_ASTRAL}])"
)
"""Cuts a run into pieces of one kind each; `KINDS` says which, by the match's `lastindex`."""

KINDS = ("", "narrow", "wide", "zero", "control", "stand", "joining", "wide", "zero", "narrow")
"""The kinds of pieces: one cell, two cells, none; controls; and characters that look like stand-ins."""
