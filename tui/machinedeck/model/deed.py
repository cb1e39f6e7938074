"""What was done from here: one line of the journal of actions."""

from __future__ import annotations

from typing import NamedTuple


class Deed(NamedTuple):
    """One action that was begun, and what came of it. All texts are clean."""

    began: float
    """Real time in seconds."""
    operator: str
    """Who: the login name of the session, with `as root` where it is another's rights."""
    host: str
    action: str
    """The id of the action."""
    subject: str
    """The name of the machine or image, or `the pool`."""
    identity: str
    """What tells it from another of that name."""
    command: str
    """The equivalent command line."""
    result: str = ""
    """`done`, or why not; "" while it goes on."""
    seconds: float = 0.0
    """How long it took."""

    @property
    def is_going_on(self) -> bool:
        """Whether its end was not seen yet."""
        return not self.result

    @property
    def is_done(self) -> bool:
        """Whether it ended well."""
        return self.result == DONE


DONE = "done"
"""The result of what went well."""
