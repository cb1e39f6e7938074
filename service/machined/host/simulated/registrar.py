"""How a simulated container manager tells the service of its machines."""

from __future__ import annotations

from typing import Protocol

from machined.host.registration import Registration

__all__ = ["Registrar", "Registration"]


class Registrar(Protocol):
    """Passes on what a container manager of the simulated host tells the service.

    The service is above this layer, so whoever builds both gives this to the simulation.
    """

    async def register(self, registration: Registration) -> None:
        """Register a machine whose leader is in a unit already.

        Raises:
            Refused: The service does not want it.
        """

    async def unregister(self, name: str) -> None:
        """Take a machine off; none of this name is no error."""
