"""The service, put together: the domain on a host, and the objects that show it on a bus."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from machined.bus.image import ImageObjects
from machined.bus.log_control import PATH as LOG_CONTROL_PATH
from machined.bus.log_control import LogControl
from machined.bus.machine import MachineObjects
from machined.bus.manager import Manager
from machined.bus.objects import ObjectTree
from machined.bus.operations import OperationsObject
from machined.bus.senders import Senders
from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH, OPERATIONS_PATH, machine_path
from machined.host.improvements import ALL, Improvements
from machined.host.ports import Host
from machined.images.catalog import Images
from machined.machines.entering import Entering
from machined.machines.machine import Machine
from machined.machines.registry import Registry
from machined.operations import Operations
from machined.wire import Call, Connection, ConnectionLost, WireError

logger = logging.getLogger(__name__)

Exporter = Callable[[ObjectTree], None]
"""Adds further objects to the tree, before the first call is answered."""


class NameInUse(Exception):
    """Somebody else serves `org.freedesktop.machine1` on this bus; the text is fit to be shown."""


class Service:
    """`org.freedesktop.machine1` on one connection.

    Args:
        connection: Ours alone from here on; whoever opened it closes it.
        host: What is below.
        exporters: Add further objects.
        improvements: What it does otherwise than the reference.

    Attributes:
        registry: The machines.
        images: The images and the pool.
        tree: The objects.
    """

    def __init__(
        self,
        connection: Connection,
        host: Host,
        exporters: Sequence[Exporter] = (),
        *,
        improvements: Improvements = ALL,
    ) -> None:
        self._connection = connection
        self._is_ready = asyncio.Event()
        operations = Operations()
        self.registry = Registry(host, improvements=improvements)
        self.images = Images(host, operations)
        self._senders = Senders(connection, host.authority)
        self.tree = ObjectTree(self._senders, host.facts.machine_id, improvements=improvements)
        self._export(Entering(self.registry, operations, improvements=improvements))
        if improvements.tells_of_operations:
            progress = OperationsObject(connection, operations)
            self.tree.add(OPERATIONS_PATH, progress, progress.interface)
        for exporter in exporters:
            exporter(self.tree)

    def _export(self, entering: Entering) -> None:
        machines = MachineObjects(self.registry, entering)
        images = ImageObjects(self.images)
        manager = Manager(self.registry, self.images, machines, images)
        log = LogControl()
        tree = self.tree
        tree.add(MANAGER_PATH, manager, manager.interface)
        tree.add(LOG_CONTROL_PATH, log, log.interface)
        tree.add_family(f"{MANAGER_PATH}/machine", machines.find, machines.enumerate, [machines.interface])
        tree.add_family(f"{MANAGER_PATH}/image", images.find, images.enumerate, [images.interface])

    async def start(self) -> None:
        """Own the name, take up the machines of an earlier life, then answer.

        MachineNew tells of those machines again, so the name comes first; calls wait until they are there.

        Raises:
            NameInUse: Somebody else owns the name. It is neither taken nor waited for.
            WireError: The bus refuses, or the connection ended.
        """
        self._connection.serve(self._on_early_call)
        if not await self._connection.request_name(MACHINE1):
            raise NameInUse(f"the name {MACHINE1} is in use on this message bus: another service runs there")
        self.registry.listen(self)
        await self.registry.start()
        self._connection.serve(self.tree.dispatch)
        self._is_ready.set()

    async def stop(self) -> None:
        """Give the name up and end what goes on. Machines stay written down."""
        if self._connection.is_open:
            try:
                await self._connection.release_name(MACHINE1)
            except WireError as error:
                logger.info("the name could not be given up: %s", error)
        await self.registry.stop()
        self._senders.close()

    def on_machine_new(self, machine: Machine) -> None:
        """Tell the bus of a machine."""
        self._emit("MachineNew", machine)

    def on_machine_removed(self, machine: Machine) -> None:
        """Tell the bus that a machine is no more."""
        self._emit("MachineRemoved", machine)

    def _emit(self, signal: str, machine: Machine) -> None:
        try:
            self._connection.emit(
                MANAGER_PATH, MANAGER_INTERFACE, signal, "so", machine.name, machine_path(machine.name)
            )
        except ConnectionLost as error:
            logger.info("nobody hears of %s of %s: %s", signal, machine.name, error)

    async def _on_early_call(self, call: Call) -> tuple[str, Sequence[Any]]:
        await self._is_ready.wait()
        answer = self.tree.dispatch(call)
        return answer if isinstance(answer, tuple) else await answer
