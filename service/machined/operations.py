"""Long work that is going on: copies, clones, removals."""

from __future__ import annotations

import asyncio
import errno
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
    """One operation. It belongs to the task that makes it.

    Attributes:
        id: Its number, from 1 on.
        kind: `remove`, `clone`, `clean`, `copy-to` or `copy-from`, as machinectl(1) calls them.
        subject: The image or machine that it is about; the mode of a clean.
        done: Bytes that are done.
        total: Bytes in all; 0 while unknown.
        uid: The user who began it; -1 before a permission was given.
        asked: The action and the details that the permission was asked for with.
    """

    def __init__(self, id: int, kind: str, subject: str, operations: Operations) -> None:
        self.id = id
        self.kind = kind
        self.subject = subject
        self.done = 0
        self.total = 0
        self.uid = -1
        self.asked: tuple[str, Mapping[str, str]] = ("", {})
        self._operations = operations
        self._task = asyncio.current_task()
        self._is_cancelled = False
        self._ended = asyncio.Event()

    def after(self, permit: Permit) -> Permit:
        """Ask for a permission and take a place then: whoever is asked may take as long as they like.

        Raises, when it is called:
            Refused: What `permit` says; LimitsExceeded, as many as may be are going on by now.
        """

        async def permitted(action: str, details: Mapping[str, str]) -> int:
            self.uid = await permit(action, details)
            self.asked = action, details
            self._operations.take(self)
            return self.uid

        return permitted

    async def cancel(self) -> None:
        """End it before its time and wait until it has ended; it may end well all the same, if just then."""
        if self._task is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._task.cancel()
        await self._ended.wait()

    def go_on(self) -> None:
        """See that a next step is wanted: who was cancelled in the last one may have ended it all the same.

        Raises:
            CancelledError: It is not.
        """
        if self._task is not None and self._task.cancelling():
            raise asyncio.CancelledError

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Let who waits for its end know of that, and its own caller that it was cancelled.

        Raises:
            OSError: ECANCELED, it was cancelled, and nothing else was: the task goes on with that error.
        """
        try:
            yield
        except asyncio.CancelledError:
            if not self._is_cancelled or self._task is None or self._task.uncancel():
                raise  # the service ends
            raise OSError(errno.ECANCELED, "The operation was cancelled.") from None
        finally:
            self._ended.set()

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

    def find(self, id: int) -> Operation:
        """The operation of a number, once it is permitted.

        Raises:
            Refused: NoSuchOperation, it has ended or there was none.
        """
        if id not in self._held:
            raise Refused(ErrorName.NO_SUCH_OPERATION, f"There is no operation {id}.")
        return self._held[id]

    @contextmanager
    def one(self, kind: str, subject: str) -> Iterator[Operation]:
        """Have an operation, which gives its place back in the end. It takes one by `Operation.after`.

        Raises:
            Refused: LimitsExceeded, as many as may be are going on.
            OSError: ECANCELED, it was cancelled.
        """
        self._check()
        operation = Operation(next(self._ids), kind, subject, self)
        try:
            with operation.ending():
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
