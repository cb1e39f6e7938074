"""Any bytes, cut anywhere, with resizes between them, for as long as there is time.

`MACHINEDECK_FUZZ_SECONDS` says for how long: a minute where `CI` is set, a few seconds elsewhere, and what
`just soak` asks for.
"""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machinedeck.term import Terminal
from tests.terminal.screens import check, picture
from tests.terminal.test_fuzz import sizes, streams

SECONDS = float(os.environ.get("MACHINEDECK_FUZZ_SECONDS") or (60 if os.environ.get("CI") else 5))

SLOWEST_SECONDS = 10.0
"""What no stream of these few bytes may take: repeat counts and sizes in them go up to absurd ones."""

steps = st.lists(
    st.tuples(
        streams | st.binary(max_size=60),
        st.lists(st.integers(0, 400), max_size=6),
        st.none() | st.tuples(st.integers(-1, 40), st.integers(-1, 14)),
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(size=sizes, steps=steps)
def play(size: tuple[int, int], steps: list[tuple[bytes, list[int], tuple[int, int] | None]]) -> None:
    """Feed steps whole and cut, with the same resizes between them: nothing raises, and both are the same."""
    answers: tuple[list[bytes], list[bytes]] = [], []
    whole, split = (Terminal(*size, scrollback=30, answer=one.append) for one in answers)
    for data, cuts, resized in steps:
        began = time.monotonic()
        whole.feed(data)
        assert time.monotonic() - began < SLOWEST_SECONDS
        start = 0
        for cut in [*sorted(cuts), len(data)]:
            split.feed(data[start:cut])
            start = max(start, cut)
        if resized is not None:
            whole.resize(*resized)
            split.resize(*resized)
        check(whole)
        check(split)
    assert picture(split) == picture(whole)
    assert b"".join(answers[1]) == b"".join(answers[0])


@pytest.mark.promise(
    "No bytes, however cut and whatever the size, harm the terminal or depend on how they come"
)
@pytest.mark.timeout(SECONDS * 4 + 120)
def test_random_bytes_and_sizes_for_a_while() -> None:
    until, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        play()
        rounds += 1
    print(f"{rounds * 100} streams")
    assert rounds
