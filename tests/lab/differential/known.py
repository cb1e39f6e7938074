"""Where our service answers otherwise than systemd-machined even if strict, and why."""

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


SPARED = "a refused registration does not stop the unit of another machine, and so the machine stays"
KNOWN = (
    Known(
        r'^images\.(btrfs|quota) .*SetPoolLimit .*: trees was null, is \{"\S+/\.#machined-quota"',
        "with it a limit that is used up can be raised again",
    ),
    Known(
        r"^images\.quota \| root \| image/\w*tree_2d(free|sealed) .*: values ",
        "what a copy uses is counted with the subvolumes below it",
    ),
    Known(r"^registration \| (what became of the first|all is taken down): (found|events|states) ", SPARED),
    Known(
        r"^lifecycle \| root \| machine1 Manager\.CreateMachine of never, its answer: (error|answer) ",
        "who waits for a machine that ended before it had started hears of that",
    ),
    Known(
        r"^troubles \| root .*\(its answer\) \| machine vanished: (error|answer) ",
        "who copies into a machine that ends hears of that",
    ),
)
"""On 257. What 252 has otherwise than 257 is not compared on 252."""


def unknown(said: list[str]) -> list[str]:
    """The differences that are not meant."""
    return [line for line in said if not any(re.search(one.pattern, line) for one in KNOWN)]


def stale(said: list[str]) -> list[str]:
    """The patterns of differences that are there no more."""
    return [one.pattern for one in KNOWN if not any(re.search(one.pattern, line) for line in said)]
