"""How far long work is, and its end: `io.machinedeck.Operations1`, an interface of our own beside systemd's.

It stands on a path of its own, so that the objects of machine1 stay as the reference has them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Interface, Method, Signal
from machined.contract import OPERATIONS_INTERFACE, OPERATIONS_PATH
from machined.operations import Operation, Operations
from machined.wire import Connection, ConnectionLost

logger = logging.getLogger(__name__)


class OperationsObject:
    """Answers the members of Operations1, and emits its signals. Implements `OperationListener`.

    Attributes:
        interface: The table.
    """

    def __init__(self, connection: Connection, operations: Operations) -> None:
        self._connection = connection
        self._operations = operations
        self.interface = Interface(
            OPERATIONS_INTERFACE,
            [
                Method("ListOperations", "", "a(usstt) operations", self._on_list),
                Method("Cancel", "u id", "", self._on_cancel),
                Signal("OperationProgress", "u id, s kind, s subject, t done, t total"),
                Signal("OperationEnded", "u id, s kind, s subject"),
            ],
        )
        operations.listen(self)

    def on_operation(self, operation: Operation) -> None:
        """Tell the bus how far an operation is."""
        self._emit("OperationProgress", *_row(operation))

    def on_operation_ended(self, operation: Operation) -> None:
        """Tell the bus that an operation has ended; how, its caller is told."""
        self._emit("OperationEnded", operation.id, operation.kind, operation.subject)

    async def _on_list(self, _target: object, _request: Request) -> Sequence[Any]:
        return [[_row(operation) for operation in self._operations.working()]]

    async def _on_cancel(self, _target: object, request: Request, id: int) -> None:
        """End an operation, and answer once it has ended: who began it may, root, and who might begin it.

        Raises:
            Refused: NoSuchOperation, AccessDenied, InteractiveAuthorizationRequired.
        """
        operation = self._operations.find(id)
        if (await request.credentials()).uid != operation.uid:
            await request.permit(*operation.asked)
            operation = self._operations.find(id)  # it may have ended while the caller was asked
        await operation.cancel()

    def _emit(self, name: str, *values: Any) -> None:
        signature = self.interface.signals[name].signature
        try:
            self._connection.emit(OPERATIONS_PATH, OPERATIONS_INTERFACE, name, signature, *values)
        except ConnectionLost as error:
            logger.info("nobody hears of %s: %s", name, error)


def _row(operation: Operation) -> list[Any]:
    return [operation.id, operation.kind, operation.subject, operation.done, operation.total]
