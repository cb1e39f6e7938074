"""What is said of long work."""

from __future__ import annotations

import pytest

from machinedeck.model.operation import Operation, going_on

CLONE = Operation(1, "clone", "web", 21, 50)


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([], ""),
        ([CLONE], "clone web 42 %"),
        ([CLONE._replace(total=0)], "clone web"),
        ([CLONE._replace(done=50), CLONE], "clone web 100 % and 1 more"),
        ([CLONE._replace(is_estimated=True)], "clone web ~42 %"),
        ([CLONE._replace(total=0, done=3 * 1024**2, is_estimated=True)], "clone web ~3.0M"),
        ([CLONE._replace(total=0, done=0, is_estimated=True)], "clone web"),
        ([CLONE._replace(subject="a\x1b[2J")], "clone a\N{REPLACEMENT CHARACTER}[2J 42 %"),
    ],
)
def test_what_is_going_on(operations: list[Operation], words: str) -> None:
    assert going_on(operations) == words
