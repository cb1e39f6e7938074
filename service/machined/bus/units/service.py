"""The service manager as a service on a bus of our own."""

from __future__ import annotations

from machined.bus.objects import ObjectTree
from machined.bus.senders import Senders
from machined.bus.units.actions import UnitActions
from machined.bus.units.clients import Clients
from machined.bus.units.emitter import Emitter
from machined.bus.units.job_objects import JobObjects
from machined.bus.units.manager_object import ManagerObject
from machined.bus.units.unit_objects import UnitObjects
from machined.contract import SYSTEMD1, SYSTEMD1_PATH
from machined.host.authority import Authority
from machined.host.unit_manager import UnitManager
from machined.wire import Connection


class UnitService:
    """Serves `org.freedesktop.systemd1` on a connection of its own, so that signals come from its name.

    Args:
        connection: To the bus; nobody else may serve on it.
        manager: What it shows.
        authority: Says who may change units.
        machine_id: Of the host, 16 bytes.
    """

    def __init__(
        self, connection: Connection, manager: UnitManager, authority: Authority, machine_id: bytes
    ) -> None:
        self._connection = connection
        self._clients = Clients(connection, manager.forget_owner)
        actions = UnitActions(manager, self._clients)
        units, jobs = UnitObjects(actions), JobObjects(actions)
        head = ManagerObject(actions, self._clients)
        self._tree = ObjectTree(Senders(connection, authority), machine_id)
        self._tree.add(SYSTEMD1_PATH, manager, head.interface)
        self._tree.add_family(f"{SYSTEMD1_PATH}/unit", units.find, units.enumerate, units.interfaces)
        self._tree.add_family(f"{SYSTEMD1_PATH}/job", jobs.find, jobs.enumerate, [jobs.interface])
        emitter = Emitter(connection, self._clients, manager, head.interface, units)
        manager.listen(emitter)
        manager.watch(emitter)

    async def start(self) -> None:
        """Answer calls, and own the name.

        Raises:
            CallError: The bus does not let us.
            ConnectionLost: The connection has ended.
        """
        await self._clients.start()
        self._connection.serve(self._tree.dispatch)
        await self._connection.request_name(SYSTEMD1)

    async def stop(self) -> None:
        """Give the name up; the connection stays its maker's."""
        await self._connection.release_name(SYSTEMD1)
        await self._clients.stop()
