"""The terminals of an estate."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from machined.host.inside import Pty, ShellRequest
from machined.host.simulated.machines import SimulatedMachine

if TYPE_CHECKING:
    from types import ModuleType

    from machined.host.simulated.estate import Estate


class Terminals:
    """Opens terminals, and ends them all.

    The shell behind them is imported when the first is opened: that takes as long as the rest of the
    simulated host, and the demo's start should not wait for it.

    Args:
        estate: The estate.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._shell: ModuleType | None = None

    async def open_pty(self, machine: SimulatedMachine | None) -> Pty:
        """A terminal of a machine, or of the host, with nobody at its other side."""
        return cast("Pty", await self._imported().open_pty(self._estate, machine))

    async def open_login(self, machine: SimulatedMachine | None) -> Pty:
        """A terminal with a login prompt."""
        return cast("Pty", await self._imported().open_login(self._estate, machine))

    async def open_shell(self, machine: SimulatedMachine | None, request: ShellRequest) -> Pty:
        """A terminal with a shell or a program."""
        return cast("Pty", await self._imported().open_shell(self._estate, machine, request))

    async def close(self) -> None:
        """End what runs on all of them."""
        if self._shell is not None:
            await self._shell.close_all(self._estate)

    def _imported(self) -> ModuleType:
        self._shell = self._shell or importlib.import_module("machined.host.simulated.shell")
        return self._shell
