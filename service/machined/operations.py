"""Long work that is going on: copies, clones, removals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from machined.contract import ErrorName
from machined.host.authority import Permit
from machined.host.errors import Refused

MAX_OPERATIONS = 64
"""How many may be going on at once, of all kinds and for all callers."""


class Operation:
    """One operation.

    Attributes:
        id: Its number, from 1 on.
        kind: `remove`, `clone`, `clean`, `copy-to` or `copy-from`, as machinectl(1) calls them.
        subject: The image or machine that it is about; the mode of a clean.
        done: Bytes that are done.
        total: Bytes in all; 0 while unknown.
    """

    def __init__(self, id: int, kind: str, subject: str, operations: Operations) -> None:
        self.id = id
        self.kind = kind
        self.subject = subject
        self.done = 0
        self.total = 0
        self._operations = operations

    def after(self, permit: Permit) -> Permit:
        """Ask for a permission and take a place then: whoever is asked may take as long as they like.

        Raises, when it is called:
            Refused: What `permit` says; LimitsExceeded, as many as may be are going on by now.
        """

        async def permitted(action: str, details: Mapping[str, str]) -> None:
            await permit(action, details)
            self._operations.take(self)

        return permitted

    def progress(self, done: int, total: int) -> None:
        """Take note of how far it is, and tell."""
        self.done, self.total = done, total
        self._operations.tell(self)


class OperationListener(Protocol):
    """Who wants to know of operations."""

    def on_operation(self, operation: Operation) -> None:
        """An operation has begun to work, or got on."""

    def on_operation_ended(self, operation: Operation) -> None:
        """An operation that was told of has ended, well or not."""


class Operations:
    """Lets no more operations begin than a host can bear, and tells how far they are."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._held: dict[int, Operation] = {}
        self._working: set[int] = set()
        self._listeners: list[OperationListener] = []

    def listen(self, listener: OperationListener) -> None:
        """Tell a listener from now on."""
        self._listeners.append(listener)

    def working(self) -> list[Operation]:
        """Those that have begun to work, oldest first: neither refused nor waiting for a permission."""
        return [operation for id, operation in self._held.items() if id in self._working]

    @contextmanager
    def one(self, kind: str, subject: str) -> Iterator[Operation]:
        """Have an operation, which gives its place back in the end. It takes one by `Operation.after`.

        Raises:
            Refused: LimitsExceeded, as many as may be are going on.
        """
        self._check()
        operation = Operation(next(self._ids), kind, subject, self)
        try:
            yield operation
        finally:
            self._held.pop(operation.id, None)
            if operation.id in self._working:
                self._working.discard(operation.id)
                for listener in self._listeners:
                    listener.on_operation_ended(operation)

    def take(self, operation: Operation) -> None:
        """Give an operation a place. Refused with LimitsExceeded where there is none."""
        self._check()
        self._held[operation.id] = operation

    def _check(self) -> None:
        if len(self._held) >= MAX_OPERATIONS:
            raise Refused(ErrorName.LIMITS_EXCEEDED, "Too many ongoing operations.")

    def tell(self, operation: Operation) -> None:
        """Tell how far an operation is."""
        self._working.add(operation.id)
        for listener in self._listeners:
            listener.on_operation(operation)
