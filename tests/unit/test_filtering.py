"""Filters of lists: what is typed, and which rows it leaves."""

from __future__ import annotations

import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinedeck.core.filtering import read_filter
from machinedeck.expressions import TooLongError, tried_for

KEYS = frozenset({"name", "state", "os"})
ROWS = (
    {"name": "web-1", "state": "running", "os": "Debian GNU/Linux 12"},
    {"name": "web-2", "state": "stopped", "os": "Fedora 44"},
    {"name": "db", "state": "running", "os": "Debian GNU/Linux 13"},
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ["web-1", "web-2", "db"]),
        ("WEB", ["web-1", "web-2"]),
        ("web running", ["web-1"]),
        ("!web", ["db"]),
        ("state:stop", ["web-2"]),
        ("!state:running", ["web-2"]),
        ("os:debian !name:db", ["web-1"]),
        (r"/^web-\d$/", ["web-1", "web-2"]),
        ("os:/1[23]$/", ["web-1", "db"]),
        ("!/web/", ["db"]),
        ('"linux 13"', ["db"]),
        ("gnu/linux", ["web-1", "db"]),
        ("nosuch:web", []),
        ('"unfinished', []),
    ],
)
def test_rows_that_are_left(text: str, left: list[str]) -> None:
    wanted = read_filter(text, KEYS)
    assert not wanted.problem
    assert [row["name"] for row in ROWS if wanted.is_met(row)] == left


def test_a_wrong_expression_is_told_and_hides_nothing() -> None:
    wanted = read_filter("/web(/", KEYS)
    assert "no regular expression" in wanted.problem
    assert all(map(wanted.is_met, ROWS))


TOO_MUCH = (
    ("a{4294967295}", "too large"),
    ("(" * 600, "nested too deep"),
    (f"a{{{'1' * 5000}}}", "limit"),
    ("[\0-\U0010ffff]" * 2000, "too long to read"),
)
"""Expressions that Python's `re` gives up on in its own ways, and why they are none."""


@pytest.mark.promise("No expression that is typed ends the console")
@pytest.mark.parametrize(("expression", "why"), TOO_MUCH, ids=[why for _, why in TOO_MUCH])
def test_an_expression_that_is_too_much_is_told(expression: str, why: str) -> None:
    wanted = read_filter(f"/{expression}", KEYS)
    assert "no regular expression" in wanted.problem
    assert why in wanted.problem
    assert all(map(wanted.is_met, ROWS))


def test_an_expression_that_may_mean_something_else_one_day_is_one() -> None:
    assert not read_filter("/[[a]/", KEYS).problem


@given(st.text(alphabet='ab!:/"\\()[]*+ .', max_size=30), st.text(max_size=60))
def test_whatever_is_typed_is_a_filter(text: str, value: str) -> None:
    wanted = read_filter(text, KEYS)
    assert wanted.text == text
    assert wanted.is_met({"name": value}) in {True, False}


@pytest.mark.promise("No expression that is typed holds up the console")
def test_an_expression_that_takes_too_long_has_a_problem() -> None:
    rows = {"web": {"name": "a" * 60 + "!"}, "db": {"name": "aaab"}}
    filter_, shown = read_filter("/(a+)+b/", KEYS).apply(rows)
    assert shown == ["web", "db"]
    assert filter_.problem == "The filter takes too long: all are shown."
    assert filter_.text == "/(a+)+b/"
    assert read_filter("/a+b/", KEYS).apply(rows)[1] == ["db"]


def test_whoever_had_a_timer_has_it_still() -> None:
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1000, 7)
    try:
        with pytest.raises(TooLongError), tried_for(0.01):
            time.sleep(10)
        left, every = signal.getitimer(signal.ITIMER_REAL)
        assert 900 < left <= 1000
        assert every == 7
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
