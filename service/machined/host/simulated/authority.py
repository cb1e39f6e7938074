"""Who may do what on the simulated host."""

from __future__ import annotations

from collections.abc import Mapping


class SimulatedAuthority:
    """Lets everybody do everything: nothing that is done lasts, and the bus lets in its owner alone."""

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        """Return: whoever it is may do it."""
