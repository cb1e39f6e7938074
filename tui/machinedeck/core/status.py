"""How the console stands with the host (connected, lost, refused, nobody there to ask), and what changed."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from machinedeck.model.failure import Failure


class Link(StrEnum):
    """The state of the connection as a whole."""

    CONNECTING = "connecting"
    UP = "up"
    AWAY = "away"
    """The bus is there, the service of machines is restarting."""
    LOST = "lost"
    """It was up; what is shown is what was last known, and it is tried again."""
    MISSING = "missing"
    """There is no bus or nobody on it serves machines, and it was never up."""


class Part(StrEnum):
    """What is listed apart, and can be refused apart."""

    MACHINES = "machines"
    IMAGES = "images"
    POOL = "pool"


class Status(NamedTuple):
    """The link, and why it is not up."""

    link: Link = Link.CONNECTING
    failure: Failure | None = None


class Change(NamedTuple):
    """What changed since the last one was told."""

    parts: frozenset[Part]
    is_status: bool
    is_usage: bool = False
    """Whether machines use more or less than before."""

    def __or__(self, other: Change) -> Change:
        """Both changes in one."""
        return Change(
            self.parts | other.parts, self.is_status or other.is_status, self.is_usage or other.is_usage
        )


EVERYTHING = Change(frozenset(Part), is_status=True, is_usage=True)
"""The change to tell somebody who knows nothing yet."""
