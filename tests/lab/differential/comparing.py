"""What two plays of the scenario say differently."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]
STEP = ("topic", "who", "call", "interactive", "for", "look")
"""What makes a step. It is the same in all recordings, else they are of different scenarios."""
TOLD = ("error", "reply", "values", "read", "found", "answer", "awaited", "events", "states", "trees")
"""What is compared. The texts of errors are not."""


def step(line: Line) -> str:
    """A step, as it is shown to who reads."""
    words = [str(line.get(key, "")) for key in ("topic", "who", "call", "look", "for")]
    return " | ".join(word for word in words if word)


def same_scenario(one: Sequence[Line], other: Sequence[Line]) -> str | None:
    """The first step at which two plays are not of one scenario, None if they are."""
    for left, right in itertools.zip_longest(one, other, fillvalue=Line()):
        if any(left.get(key) != right.get(key) for key in STEP):
            return f"{step(left) or 'nothing'} <> {step(right) or 'nothing'}"
    return None


def differing(expected: Line, found: Line) -> list[str]:
    """What of a step's answer and effects is not as expected."""
    return [key for key in TOLD if expected.get(key) != found.get(key)]


def differences(
    expected: Sequence[Line], found: Sequence[Line], agreed: Sequence[Line] | None = None
) -> list[str]:
    """Each difference in a sentence; a play of another scenario is one difference.

    Args:
        expected: What was recorded.
        found: What came now.
        agreed: Another recording: what it has otherwise than the first is not compared.
    """
    if changed := same_scenario(expected, found):
        return [f"another scenario: {changed}; just lab-record makes the recordings anew"]
    said = []
    for left, right, third in zip(expected, found, agreed or expected, strict=True):
        for key in differing(left, right):
            if left.get(key) == third.get(key):
                was, now = _apart(left.get(key), right.get(key))
                text = f" ({right['message']})" if "message" in right else ""
                said.append(f"{step(left)}: {key} was {was}, is {now}{text}")
    return said


def _apart(was: Any, now: Any) -> tuple[str, str]:
    """Two values as text; of lists of lines only what the other has not."""
    if isinstance(was, list) and isinstance(now, list) and sorted(map(str, was)) != sorted(map(str, now)):
        was, now = [item for item in was if item not in now], [item for item in now if item not in was]
    if isinstance(was, dict) and isinstance(now, dict):
        keys = [key for key in was | now if was.get(key) != now.get(key)]
        was, now = {key: was.get(key) for key in keys}, {key: now.get(key) for key in keys}
    return json.dumps(was), json.dumps(now)
