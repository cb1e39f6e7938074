"""The demo: the services as they are, on a host that is made up."""

from __future__ import annotations

from collections.abc import Mapping

from machined.bus.local import LocalBus
from machined.bus.units import UnitService
from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH, PROPERTIES_INTERFACE
from machined.host.clock import Clock
from machined.host.improvements import ALL, Improvements
from machined.host.registration import Registration
from machined.host.simulated.scenario import Scenario
from machined.host.simulated.simulation import Simulation
from machined.service import Service


class Demo:
    """The service and a service manager on a made-up host, on a bus of its own.

    Implements `Registrar` for that host.

    Args:
        bus: Where they serve, each on a connection of its own.
        seed: What the host is drawn from.
        clock: The host's clocks; those of a host that runs since long ago unless given.
        scenario: What is on the host at the start; that of `assets/demo.toml` unless given.
        improvements: What to do otherwise than the reference.
    """

    def __init__(
        self,
        bus: LocalBus,
        *,
        seed: int,
        clock: Clock | None = None,
        scenario: Scenario | None = None,
        improvements: Improvements = ALL,
    ) -> None:
        self._simulation = Simulation(seed, clock, scenario)
        host = self._simulation.host
        self._bus = bus
        self._connections = bus.attach(), bus.attach()
        of_machines, of_units = self._connections
        self._service = Service(of_machines, host, improvements=improvements)
        self._units = UnitService(of_units, self._simulation.units, host.authority, host.facts.machine_id)

    async def start(self) -> None:
        """Serve, then let things happen. Raises what `Service.start` raises."""
        self._simulation.registrar = self
        await self._units.start()
        await self._service.start()
        await self._simulation.start(self._terminate)

    async def warm_up(self) -> None:
        """Answer what a console asks first once before it does: marshalling is compiled when it is needed."""
        client = self._bus.attach()
        try:
            for member in ("ListMachines", "ListImages"):
                await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member)
            await client.call(MACHINE1, MANAGER_PATH, PROPERTIES_INTERFACE, "GetAll", "s", MANAGER_INTERFACE)
        finally:
            await client.close()

    async def stop(self) -> None:
        """End all of it."""
        await self._service.stop()
        await self._units.stop()
        await self._simulation.stop()
        for connection in self._connections:
            await connection.close()

    async def register(self, registration: Registration) -> None:
        """See `Registrar`: as RegisterMachineWithNetwork does."""
        await self._service.registry.register(registration, registration.leader)

    async def unregister(self, name: str) -> None:
        """See `Registrar`: as UnregisterMachine does."""
        machine = self._service.registry.find(name)
        if machine is not None:
            await self._service.registry.remove(machine)

    async def _terminate(self, name: str) -> None:
        await self._service.registry.terminate(self._service.registry.get(name), _permit)


async def _permit(_action: str, _details: Mapping[str, str]) -> int:
    """The host's own doing needs nobody's leave."""
    return 0
