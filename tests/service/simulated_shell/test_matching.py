"""Regular expressions that cannot hang, measured against those of Python where both mean the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machined.host.simulated.shell.matching import Pattern, PatternError


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("fish", "one fish", (4, 8)),
        ("f..h", "one fish", (4, 8)),
        ("^one", "one", (0, 3)),
        ("^fish", "one fish", None),
        ("fish$", "one fish", (4, 8)),
        ("^$", "", (0, 0)),
        ("a*", "baaa", (0, 0)),
        ("a+", "baaa", (1, 4)),
        ("ab?c", "xac", (1, 3)),
        ("[a-c]+[^a-c]", "zzabcd", (2, 6)),
        ("[]x]", "a]", (1, 2)),
        ("(ab|cd)+", "xabcdab", (1, 7)),
        ("a|ab", "ab", (0, 2)),
        (r"\.", "a.b", (1, 2)),
        (r"\w+", "  ab_1 ", (2, 6)),
        ("", "abc", (0, 0)),
        ("()", "abc", (0, 0)),
        ("(a*)*b", "aab", (0, 3)),
        ("{a", "x{a", (1, 3)),
    ],
)
def test_what_is_found(pattern: str, text: str, wanted: tuple[int, int] | None) -> None:
    assert Pattern(pattern).search(text) == wanted


def test_case_and_plain_text() -> None:
    assert Pattern("FiSH", ignores_case=True).search("ONE fish") == (4, 8)
    assert Pattern("a.c", is_fixed=True).search("abc a.c") == (4, 7)


@pytest.mark.parametrize("pattern", ["(", ")", "[", "[a", "a\\", "(a", "a" * 60 + "." * 60])
def test_patterns_that_mean_nothing(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


def test_no_pattern_takes_for_ever() -> None:
    assert Pattern("(a+)+b").search("a" * 3000) is None
    assert Pattern("(a|a|aa)*c").search("a" * 3000) is None


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "a|b"])
pieces = st.tuples(atoms, st.sampled_from(["", "", "*", "+", "?"])).map(
    lambda pair: pair[0] if "|" in pair[0][1:2] else "".join(pair)
)


@given(st.lists(pieces, max_size=5).map("".join), st.text("abc", max_size=8))
def test_it_is_found_where_python_finds_it(pattern: str, text: str) -> None:
    theirs = re.search(pattern, text)
    ours = Pattern(pattern).search(text)
    assert (ours is None) == (theirs is None)
    if ours and theirs:
        assert ours[0] == theirs.start()
        assert ours[1] >= theirs.end()  # ours is the longest, theirs the first that fits
        assert re.fullmatch(pattern, text[ours[0] : ours[1]])


@given(st.text("ab.*+?|()[]^$\\-", max_size=12), st.text("ab]", max_size=6))
def test_any_pattern_is_read_or_refused(pattern: str, text: str) -> None:
    try:
        compiled = Pattern(pattern)
    except PatternError:
        return
    found = compiled.search(text)
    assert found is None or 0 <= found[0] <= found[1] <= len(text)
