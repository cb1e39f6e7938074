"""Who may do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Permit = Callable[[str, Mapping[str, str]], Awaitable[int]]
"""Asks for one caller whether it may do an action, given with its details.

It returns the caller's user, and raises `Refused` if it may not.
"""


class Authority(Protocol):
    """Decides whether a caller may do a thing (polkit(8) on a real host)."""

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        """Return if `sender` may do `action`.

        Args:
            sender: The unique bus name of the caller.
            uid: Its user, as the bus tells it.
            action: A polkit action, for example `org.freedesktop.machine1.shell`.
            details: What is shown to who is asked.
            is_interactive: Whether the caller is ready for questions.

        Raises:
            Refused: AccessDenied, or InteractiveAuthorizationRequired where a question would be needed.
        """
