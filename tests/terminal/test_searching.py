"""Searching in a terminal."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinedeck.term import searching
from machinedeck.term.searching import Search
from machinedeck.term.selecting import Spot
from tests.terminal.test_selecting import history


def found(text: str, pattern: str, *, is_regex: bool = False, columns: int = 20) -> list[str]:
    """The texts that a pattern is found as."""
    lines = history(text, columns)
    parts = []
    for match in Search(lines, pattern, is_regex=is_regex).matches:
        spans = [(line, match.span(line, columns)) for line in range(match.first.line, match.end.line + 1)]
        parts.append("".join(lines.text(line, *span) for line, span in spans if span))
    return parts


@pytest.mark.parametrize(
    ("text", "pattern", "is_regex", "expected"),
    [
        ("error: no\nError: yes", "error", False, ["error", "Error"]),
        ("error: no\nError: yes", "Error", False, ["Error"]),
        ("a.b axb", "a.b", False, ["a.b"]),
        ("a.b axb", "a.b", True, ["a.b", "axb"]),
        ("id 17 and 4711", r"\d+", True, ["17", "4711"]),
        ("aaaa", "aa", False, ["aa", "aa"]),
        ("x" * 15 + "failure here", "failure", False, ["failure"]),
        ("日本語 text 日本", "日本", False, ["日本", "日本"]),
        ("e\u0301tude", "e\u0301t", False, ["\u00e9t"]),
        ("q\u0301x", "q\u0301", False, ["q\u0301"]),
        ("one two", "three", False, []),
        ("one", "", False, []),
        ("one", "x*", True, []),
        ("end  ", "$", True, []),
        ("(a", "(a", False, ["(a"]),
    ],
)
def test_search(text: str, pattern: str, is_regex: bool, expected: list[str]) -> None:
    assert found(text, pattern, is_regex=is_regex) == expected


def test_a_wrong_expression_says_so() -> None:
    with pytest.raises(ValueError, match="not a regular expression: "):
        Search(history("x"), "(a", is_regex=True)


@pytest.mark.promise("No expression that is typed ends the console")
@pytest.mark.parametrize("expression", ["a{4294967295}", "(" * 600], ids=["number", "depth"])
def test_an_expression_that_is_too_much_says_so(expression: str) -> None:
    with pytest.raises(ValueError, match=r"not a regular expression: .* too "):
        Search(history("x"), expression, is_regex=True)


def test_matches_of_a_line_and_their_order() -> None:
    lines = history("\n".join(f"line {number} line" for number in range(30)))
    search = Search(lines, "line")
    assert len(search.matches) == 60
    assert [match.first for match in search.on_line(7)] == [Spot(7, 0), Spot(7, 7)]
    assert search.matches[search.next_after(Spot(7, 0), 1)].first == Spot(7, 7)
    assert search.matches[search.next_after(Spot(7, 0), -1)].first == Spot(6, 7)
    assert search.next_after(Spot(29, 8), 1) == 0
    assert search.next_after(Spot(0, 0), -1) == 59
    with pytest.raises(IndexError):
        Search(lines, "nowhere").next_after(Spot(0, 0), 1)


def test_a_wrapped_match_is_on_both_lines() -> None:
    lines = history("x" * 15 + "failure here")
    search = Search(lines, "failure")
    (match,) = search.matches
    assert [match.span(line, 20) for line in (0, 1, 2)] == [(15, 20), (0, 2), None]
    assert list(search.on_line(0)) == list(search.on_line(1)) == [match]


def test_matches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_MATCHES", 5)
    search = Search(history("a a a a a a a"), "a")
    assert len(search.matches) == 5
    assert search.is_cut


@given(
    st.text(alphabet="ab 日\n👍\u0301", max_size=60),
    st.text(alphabet="ab 日👍\u0301", min_size=1, max_size=3),
)
def test_every_match_is_what_was_asked_for(text: str, pattern: str) -> None:
    def bare(part: str) -> str:
        return unicodedata.normalize("NFD", part).replace("\u0301", "")

    assert all(bare(pattern) in bare(part) for part in found(text, pattern, columns=7))


@pytest.mark.promise("No expression that is typed holds up the console")
def test_a_search_that_takes_too_long_has_the_newest() -> None:
    """Nothing else is done meanwhile, so it ends."""
    slow = "a" * 60 + "!"
    began = time.monotonic()
    search = Search(history(f"aaab\n{slow}\ncat aaab", columns=80), r"(a+)+b", is_regex=True)
    assert time.monotonic() - began < 10, "it would take years"
    assert [match.first for match in search.matches] == [(2, 4)]
    assert search.is_cut
    assert search.is_late


def test_of_too_many_the_newest_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_MATCHES", 3)
    search = Search(history("cat 1\ncat 2\ncat 3 cat 4 cat 5"), "cat")
    assert [match.first for match in search.matches] == [(2, 0), (2, 6), (2, 12)]
    assert search.is_cut
    assert not Search(history("cat 1\nno\ncat 2 cat 3"), "cat").is_cut


def test_an_endless_line_is_searched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time a pattern takes may grow with the square of a text's length."""
    monkeypatch.setattr(searching, "MOST_CELLS", 40)
    lines = history("a" * 100 + "b" + "a" * 59)
    assert [match.end for match in Search(lines, "a*b", is_regex=True).matches] == [(5, 1)]
