"""Errors in the console's own kinds: what happened, and what the operator can do about it."""

from __future__ import annotations

from enum import StrEnum

READ_ONLY = "Nothing is changed here, and no shell opened: this was started with --read-only."
"""What is told where a host is only to be looked at."""


class Kind(StrEnum):
    """Kinds of failure that are handled differently."""

    NOT_THERE = "not-there"
    """The object asked for does not exist (any more)."""
    NOT_ALLOWED = "not-allowed"
    """The bus, the service or polkit refused it to this user."""
    REFUSED = "refused"
    """The service understood and said no, or the work failed there."""
    TIMED_OUT = "timed-out"
    NO_SERVICE = "no-service"
    """Nobody owns or can activate the name that was called."""
    NO_BUS = "no-bus"
    """The message bus cannot be reached, or the connection to it ended."""
    OWN_SERVICE = "own-service"
    """A service of our own could not be started, or ended."""


class Failure(Exception):
    """Something asked of the host did not happen.

    Attributes:
        kind: What sort of failure it is.
        message: What happened, in one clean sentence.
        hint: What to do next; "" when there is nothing to add.
        name: The D-Bus error name behind it, "" if none.
    """

    def __init__(self, kind: Kind, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.name = name

    @property
    def is_of_bus(self) -> bool:
        """Whether the message bus itself refused it, by its policy: nobody was asked (dbus-daemon(1))."""
        return self.kind is Kind.NOT_ALLOWED and "Rejected send message" in self.message

    @property
    def is_cancellation(self) -> bool:
        """Whether somebody ended it before its time: ECANCELED (sd-bus-errors(3))."""
        return self.name == "System.Error.ECANCELED"

    def __eq__(self, other: object) -> bool:
        """Two failures that say the same are the same: nothing is drawn again for the second."""
        return isinstance(other, Failure) and self._said == other._said

    def __hash__(self) -> int:
        return hash(self._said)

    @property
    def _said(self) -> tuple[str, ...]:
        return self.kind, self.message, self.hint, self.name

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
