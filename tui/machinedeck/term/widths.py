"""How many cells a character takes, as patterns that cut a run of text into pieces of one kind each."""

from __future__ import annotations

import re

from machinedeck.term.width_ranges import WIDE, ZERO

STAND_INS = "\U00040000-\U000dffff"
"""Code points of planes 4 to 13, where Unicode assigns nothing: rows use them to stand for whole clusters."""


def _class(ranges: str, *, is_astral: bool) -> str:
    """The inside of a character class for ranges in hexadecimal: those beyond U+FFFF, or the others."""
    pairs = [
        (int(low, 16), int(high or low, 16)) for low, _, high in (p.partition("-") for p in ranges.split())
    ]
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

PIECES = re.compile(
    f"([^{_CONTROLS}{_WIDE}{_ZERO}{_ASTRAL}]+)|([{_WIDE}]+)|([{_ZERO}]+)|([{_CONTROLS}]+)|([{STAND_INS}]+)"
    f"|([{_class(WIDE, is_astral=True)}]+)|([{_class(ZERO, is_astral=True)}]+)|([{_ASTRAL}])"
)
"""Cuts a run into pieces of one kind each; `KINDS` says which, by the match's `lastindex`."""

KINDS = ("", "narrow", "wide", "zero", "control", "stand", "wide", "zero", "narrow")
"""The kinds of pieces: one cell, two cells, none; controls; and characters that look like stand-ins."""
