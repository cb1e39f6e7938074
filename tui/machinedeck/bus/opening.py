"""The ways to a message bus: how a connection is opened, and what to say when it ends."""

from __future__ import annotations

from typing import Protocol

from machined.wire import Connection, WireError, connect
from machinedeck.bus.errors import from_wire
from machinedeck.model.failure import Failure, Kind


class Opening(Protocol):
    """A way to a message bus."""

    async def open(self) -> Connection:
        """A new connection; the one before has ended.

        Raises:
            Failure: None came about; nothing is left of the attempt.
        """
        ...

    async def close(self) -> None:
        """Let go of what is kept beside the connection; may be called at any time, also twice."""
        ...

    def lost(self, reason: BaseException | None) -> Failure:
        """What to tell of a connection that ended by itself."""
        ...


class AddressOpening:
    """The way to the message bus that listens at a D-Bus address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def open(self) -> Connection:
        """See `Opening`."""
        try:
            return await connect(self._address)
        except WireError as error:
            raise _no_bus(from_wire(error, "reach the message bus")) from error

    async def close(self) -> None:
        """See `Opening`: nothing is kept."""

    def lost(self, reason: BaseException | None) -> Failure:
        """See `Opening`."""
        if isinstance(reason, WireError):
            return _no_bus(from_wire(reason, "keep the connection to the message bus"))
        return _no_bus(Failure(Kind.NO_BUS, "The message bus closed the connection."))


def _no_bus(failure: Failure) -> Failure:
    if failure.kind is Kind.NO_BUS:
        failure.hint = "See: systemctl status dbus"
    return failure
