"""The service manager of a machine, over the machine's own bus."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.inside import Place
from machined.host.linux.inside.helper import PATIENCE, Helper
from machined.wire import (
    CallError,
    CallTimeout,
    ConnectFailed,
    Connection,
    ConnectionLost,
    InvalidMessage,
    connect,
    connect_socket,
    system_address,
)

_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
_NOBODY = {
    f"org.freedesktop.DBus.Error.{reason}"
    for reason in ("ServiceUnknown", "NameHasNoOwner", "Spawn.ServiceNotFound", "Spawn.ExecFailed")
}


LARGEST = 1 << 20
"""Bytes of the largest message of a machine's bus that is taken; its manager answers with a few hundred."""

Ask = Callable[..., Awaitable[list[Any]]]
"""Calls a method of a manager; descriptors among the arguments are closed, whatever happens."""


class NoManager(FileNotFoundError):
    """There is no bus, or no service manager on it (ENOENT)."""


class Managers:
    """Asks service managers to start units.

    Args:
        helper: Connects to the buses of machines.
        improvements: What is done otherwise than by the reference.
    """

    def __init__(self, helper: Helper, *, improvements: Improvements = ALL) -> None:
        self._helper = helper
        self._looks_in_run = b"1" if improvements.finds_bus_in_run else b"0"
        self._given: Connection | None = None
        self._own: Connection | None = None

    def use(self, bus: Connection | None) -> None:
        """Ask the host's manager over this connection, or, with none, over one that is opened when needed."""
        self._given = bus

    @contextlib.asynccontextmanager
    async def of(self, place: Place) -> AsyncIterator[Ask]:
        """Have something to ask the manager of a machine with: member, signature, arguments.

        Raises:
            NoManager: There is no bus, or no manager on it.
            Refused: The manager refuses.
            OSError: ETIMEDOUT, no answer came in time; EIO, whatever is there does not speak D-Bus.
        """
        bus = await self._connect(place)
        try:
            yield partial(bus.call, *_MANAGER, timeout=PATIENCE, takes_fds=False)
        except CallError as error:
            if error.name in _NOBODY:
                raise NoManager(errno.ENOENT, f"There is no service manager on {_bus_of(place)}.") from None
            raise Refused(error.name, error.message) from None
        except CallTimeout:
            text = f"The service manager on {_bus_of(place)} gave no answer in time."
            raise TimeoutError(errno.ETIMEDOUT, text) from None
        except (ConnectionLost, InvalidMessage) as error:
            raise OSError(errno.EIO, str(error)) from None
        finally:
            if bus not in {self._given, self._own}:
                bus.abort()

    async def close(self) -> None:
        """End the connection of our own."""
        if self._own is not None:
            await self._own.close()
            self._own = None

    async def _connect(self, place: Place) -> Connection:
        if place.is_host:
            return await self._connect_host()
        try:
            _, (fd,) = await self._helper.run("bus", place, [self._looks_in_run])
        except (FileNotFoundError, ConnectionRefusedError):
            raise NoManager(errno.ENOENT, f"There is no system bus in machine {place.name}.") from None
        try:
            sock = socket.socket(fileno=fd)
            return await connect_socket(sock, timeout=PATIENCE, largest=LARGEST, takes_fds=False)
        except ConnectFailed as error:
            raise OSError(errno.EIO, f"The bus of machine {place.name} cannot be used: {error}") from None

    async def _connect_host(self) -> Connection:
        if self._given is not None and self._given.is_open:
            return self._given
        if self._own is None or not self._own.is_open:
            try:
                self._own = await connect(system_address(), timeout=PATIENCE)
            except ConnectFailed as error:
                raise NoManager(errno.ENOENT, f"There is no system bus: {error}") from None
        return self._own


def _bus_of(place: Place) -> str:
    return "the system bus" if place.is_host else f"the bus of machine {place.name}"
