"""Where our service answers otherwise than systemd-machined, and why."""

from __future__ import annotations

import re
from typing import NamedTuple


class Known(NamedTuple):
    """A difference that is meant.

    Attributes:
        pattern: A regular expression that is searched in the sentence of the difference.
        reason: Why it is so.
    """

    pattern: str
    reason: str


KNOWN: tuple[Known, ...] = ()


def unknown(said: list[str]) -> list[str]:
    """The differences that are not meant."""
    return [line for line in said if not any(re.search(one.pattern, line) for one in KNOWN)]


def stale(said: list[str]) -> list[str]:
    """The patterns of differences that are there no more."""
    return [one.pattern for one in KNOWN if not any(re.search(one.pattern, line) for line in said)]
