"""The simulated host as a whole: `Simulation` is where to begin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from machined.contract import VSOCK_CID_ANY
from machined.host.clock import Clock
from machined.host.ports import Host, HostFacts
from machined.host.registration import Registration
from machined.host.simulated.authority import SimulatedAuthority
from machined.host.simulated.clock import RunningClock
from machined.host.simulated.director import Director
from machined.host.simulated.estate import Estate
from machined.host.simulated.inside import SimulatedInside
from machined.host.simulated.population import host_id, populate
from machined.host.simulated.processes import SimulatedProcesses
from machined.host.simulated.registrar import Registrar
from machined.host.simulated.scenario import Scenario, read_scenario
from machined.host.simulated.states import SimulatedStates
from machined.host.simulated.storage import SimulatedStorage
from machined.host.simulated.units import SimulatedUnits

logger = logging.getLogger(__name__)

Terminate = Callable[[str], Awaitable[None]]
"""Terminates a machine by its name, as TerminateMachine does."""


class Simulation:
    """A host that exists only in memory, for the service to stand on.

    It must be made within an event loop: a machine may be booting from the first moment on.

    Args:
        seed: What all chance comes from: the same seed, clock and scenario make the same estate and future.
        clock: Its time; as outside, unless given.
        scenario: What is there at the start; the one that comes with the program, unless given.

    Raises:
        ScenarioError: The scenario cannot be understood.
    """

    def __init__(self, seed: int = 1, clock: Clock | None = None, scenario: Scenario | None = None) -> None:
        scenario = scenario or read_scenario()
        clock = clock or RunningClock(scenario.host.uptime)
        self.registrar: Registrar | None = None
        """The service that containers are registered with once they start; to be set before `start`."""
        self.estate = Estate(clock, seed, scenario)
        populate(self.estate)
        self.units = SimulatedUnits(self.estate, _Forwarder(self))
        self._inside = SimulatedInside(self.estate)
        states = SimulatedStates()
        for machine in self.estate.machines.values():
            states.remember(machine, self.units.opening.get(machine.name, ""))
        self.host = Host(
            facts=HostFacts(
                machine_id=host_id(self.estate),
                boot_realtime=clock.realtime() - clock.monotonic(),
                vsock_cid=1 if scenario.host.has_vsock else VSOCK_CID_ANY,
            ),
            clock=clock,
            processes=SimulatedProcesses(self.estate.processes, self.estate.is_foreign),
            units=self.units,
            states=states,
            inside=self._inside,
            storage=SimulatedStorage(self.estate),
            authority=SimulatedAuthority(),
        )
        """What the service asks."""

    async def start(self, terminate: Terminate | None = None) -> None:
        """Let things happen. The service has loaded the records of machines by now.

        Args:
            terminate: How the service ends a machine. Those that the scenario has as closing are ended with
                it right away, as if an operator had just asked for it; without it they just run.
        """
        Director(self.estate, self.units).start()
        closing = [entry.image for entry in self.estate.scenario.machines if entry.state == "closing"]
        if terminate is not None:
            for name in closing:
                await terminate(name)
        await asyncio.sleep(0)  # whoever waits on the clock waits by now

    async def stop(self) -> None:
        """End everything: tasks, terminals, and the copies of roots in the folder for temporary files."""
        await self._inside.close()
        await self.estate.close()


class _Forwarder:
    """Passes on to the service what container managers tell."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def register(self, registration: Registration) -> None:
        """Register a machine."""
        if (registrar := self._simulation.registrar) is not None:
            await registrar.register(registration)
        else:
            logger.warning("there is no service yet to register %s with", registration.name)

    async def unregister(self, name: str) -> None:
        """Take a machine off."""
        if (registrar := self._simulation.registrar) is not None:
            await registrar.unregister(name)
