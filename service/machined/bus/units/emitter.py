"""The signals of the service manager. Nobody is told while nobody listens."""

from __future__ import annotations

import logging
from typing import Any

from machined.bus.table import Interface
from machined.bus.units.clients import Clients
from machined.bus.units.unit_objects import UnitObjects
from machined.contract import PROPERTIES_INTERFACE, SYSTEMD1_PATH
from machined.host.unit_manager import UnitManager
from machined.host.unit_status import unit_path
from machined.wire import Connection, ConnectionLost, Variant

logger = logging.getLogger(__name__)


class Emitter:
    """Tells the bus what the service manager tells us: its `UnitListener` and `ManagerListener`."""

    def __init__(
        self,
        connection: Connection,
        clients: Clients,
        manager: UnitManager,
        interface: Interface,
        objects: UnitObjects,
    ) -> None:
        self._connection = connection
        self._clients = clients
        self._manager = manager
        self._interface = interface
        tables = [objects.unit, *objects.types.values()]
        self._tables = {table.name: table for table in tables}

    def on_job_new(self, job_id: int, job: str, unit: str) -> None:
        """JobNew."""
        self._clients.note_job(job)
        if self._clients.is_awaited(job):
            self._emit_own("JobNew", job_id, job, unit)

    def on_job_removed(self, job_id: int, job: str, unit: str, result: str) -> None:
        """JobRemoved."""
        if self._clients.is_awaited(job):
            self._emit_own("JobRemoved", job_id, job, unit, result)
        self._clients.forget_job(job)

    def on_unit_new(self, unit: str) -> None:
        """UnitNew."""
        self._signal("UnitNew", unit, unit_path(unit))

    def on_unit_removed(self, unit: str) -> None:
        """UnitRemoved."""
        self._signal("UnitRemoved", unit, unit_path(unit))

    def on_unit_changed(self, unit: str, interface: str, changed: dict[str, Any]) -> None:
        """PropertiesChanged with all properties of the interface that tell of their changes.

        Which of them changed does not matter: systemd sends them all, too.
        """
        if self._clients and (status := self._manager.find(unit)):
            self._properties_changed(status.path, self._tables[interface], status)

    def on_reloading(self, is_active: bool) -> None:
        """Reloading."""
        self._signal("Reloading", is_active)

    def on_unit_files_changed(self) -> None:
        """UnitFilesChanged."""
        self._signal("UnitFilesChanged")

    def on_failed_units_changed(self) -> None:
        """PropertiesChanged of the manager: the number of failed units is the one it tells of."""
        if self._clients:
            self._properties_changed(SYSTEMD1_PATH, self._interface, self._manager)

    def _signal(self, name: str, *arguments: Any) -> None:
        if self._clients:
            self._emit_own(name, *arguments)

    def _emit_own(self, name: str, *arguments: Any) -> None:
        signature = self._interface.signals[name].signature
        self._emit(SYSTEMD1_PATH, self._interface.name, name, signature, *arguments)

    def _properties_changed(self, path: str, table: Interface, target: Any) -> None:
        properties = table.properties.values()
        changed = {
            one.name: Variant(one.signature, one.reader(target)) for one in properties if one.emits == "true"
        }
        invalidated = [one.name for one in properties if one.emits == "invalidates"]
        self._emit(
            path, PROPERTIES_INTERFACE, "PropertiesChanged", "sa{sv}as", table.name, changed, invalidated
        )

    def _emit(self, *message: Any) -> None:
        try:
            self._connection.emit(*message)
        except ConnectionLost as error:
            logger.debug("nobody hears of %s: %s", message[2], error)
