"""Strings from machines are made harmless."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from machinedeck.model.text import clean, to_ascii


def test_controls_never_pass() -> None:
    hostile = "a\x1b]52;c;ZXZpbA==\x07b\x9b31mc\r\n\u202etxt"
    assert clean(hostile) == "a\ufffd]52;c;ZXZpbA==\ufffdb\ufffd31mc\ufffd\ufffd\ufffdtxt"


def test_what_is_not_seen_is_marked() -> None:
    hidden = "\u200b\u200c\u200d\u2060\ufe0f\u00ad\u3164\U000e0041"
    assert clean(f"web{hidden}-1") == f"web{chr(0xFFFD) * len(hidden)}-1"
    assert clean("Grüße 漢字 e\u0301") == "Grüße 漢字 e\u0301"


@given(st.text())
def test_clean_text_has_no_control_and_can_be_written(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    cleaned.encode()


def test_long_text_is_cut() -> None:
    assert clean("x" * 50, 10) == "x" * 9 + "…"


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Cf", "Mn", "Me", "Mc"])))
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()


def test_ascii_keeps_the_columns() -> None:
    text = "│ ● running  Grüße – 機械 … ╭─╮"
    assert to_ascii(text) == "| * running  Grusse - ???? ~ +-+".replace("Grusse", "Gru?e")
    assert len(to_ascii(text)) == cell_len(text)
