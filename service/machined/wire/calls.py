"""Calls that wait for their reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from machined.wire.bus import Bus
from machined.wire.closing import close_received
from machined.wire.errors import CallError, CallTimeout, ConnectionLost, InvalidMessage, WireError
from machined.wire.header import (
    ALLOW_INTERACTIVE_AUTHORIZATION,
    ERROR,
    METHOD_CALL,
    NO_REPLY_EXPECTED,
    Received,
)

BUS_NAME = "org.freedesktop.DBus"
"""The name, and the interface, of the message bus itself."""
BUS_PATH = "/org/freedesktop/DBus"
TIMEOUT = 25.0
"""Seconds that a call waits unless told otherwise; the reference libraries wait as long."""


class Answer:
    """What became of a call: a body with the descriptors in it, or an error."""

    __slots__ = ("body", "error", "fds")

    def __init__(self, body: list[Any], fds: list[int], error: WireError | None = None) -> None:
        self.body = body
        self.fds = fds
        self.error = error


class _Pending:
    __slots__ = ("settle", "timer", "what")

    def __init__(self, settle: Callable[[Answer], None], what: str) -> None:
        self.settle = settle
        self.what = what
        self.timer: asyncio.TimerHandle | None = None


class Calls:
    """The calls of one connection that have no reply yet."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._pending: dict[int, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def start(
        self,
        settle: Callable[[Answer], None],
        signature: str,
        arguments: Sequence[Any],
        *,
        timeout: float | None,
        interactive: bool = False,
        **header: str,
    ) -> int:
        """Send a call and have `settle` called, once and in the order of the stream, with what became of it.

        Returns:
            The serial, for `forget`.

        Raises:
            InvalidMessage: The call cannot be sent.
            ConnectionLost: The connection has ended.
        """
        serial = self._bus.next_serial()
        flags = ALLOW_INTERACTIVE_AUTHORIZATION if interactive else 0
        self._bus.transmit(METHOD_CALL, signature, arguments, serial=serial, flags=flags, **header)
        pending = _Pending(settle, f"{header.get('interface')}.{header['member']} of {header['destination']}")
        self._pending[serial] = pending
        if timeout is not None:
            pending.timer = self._loop.call_later(timeout, self._expire, serial, timeout)
        return serial

    def ask_bus(self, member: str, *arguments: str, settle: Callable[[Answer], None]) -> None:
        """Call a method of the message bus that takes strings; `settle` hears of failure, too."""
        header = {"destination": BUS_NAME, "path": BUS_PATH, "interface": BUS_NAME, "member": member}
        try:
            self.start(settle, "s" * len(arguments), arguments, timeout=TIMEOUT, interactive=False, **header)
        except WireError as error:
            settle(_failed(error))

    def tell_bus(self, member: str, *arguments: str) -> None:
        """Call a method of the message bus that takes strings and whose reply does not matter."""
        if self._bus.is_open:
            header: dict[str, Any] = {
                "destination": BUS_NAME,
                "path": BUS_PATH,
                "interface": BUS_NAME,
                "member": member,
            }
            self._bus.transmit(
                METHOD_CALL, "s" * len(arguments), arguments, flags=NO_REPLY_EXPECTED, **header
            )

    async def call(
        self, signature: str, arguments: Sequence[Any], *, takes_fds: bool, **options: Any
    ) -> list[Any]:
        """Send a call and wait for its reply; `options` as `start` takes them. Safe to cancel."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        serial = self.start(partial(_set_answer, future), signature, arguments, **options)
        try:
            answer = await future
        except asyncio.CancelledError:
            self.forget(serial)
            if future.done() and not future.cancelled():
                close_received(future.result().fds)  # the reply and the cancellation came in the same turn
            raise
        if answer.error is not None:
            raise answer.error
        if not takes_fds:
            close_received(answer.fds)
        return answer.body

    def forget(self, serial: int) -> None:
        """Wait for the reply no more; it will be dropped."""
        pending = self._pending.pop(serial, None)
        if pending is not None and pending.timer is not None:
            pending.timer.cancel()

    def settle(self, message: Received) -> bool:
        """Give a reply to the call it answers; False if none waits for it (any more)."""
        pending = self._pending.get(message.reply_serial)
        if pending is None:
            return False
        self.forget(message.reply_serial)
        pending.settle(_answer(message))
        return True

    def fail(self, reason: str) -> None:
        """End every call with `ConnectionLost`."""
        for serial in list(self._pending):
            pending = self._pending[serial]
            self.forget(serial)
            pending.settle(_failed(ConnectionLost(f"{pending.what}: {reason}")))

    def _expire(self, serial: int, timeout: float) -> None:
        pending = self._pending.pop(serial)
        pending.settle(_failed(CallTimeout(f"{pending.what}: no reply within {timeout:g} seconds")))


def _failed(error: WireError) -> Answer:
    return Answer([], [], error)


def _answer(message: Received) -> Answer:
    try:
        body = message.decode()
    except InvalidMessage as error:
        return _failed(error)
    if message.kind == ERROR:
        close_received(message.fds)
        text = body[0] if body and isinstance(body[0], str) else ""
        return _failed(CallError(message.error_name or "", text))
    return Answer(body, message.fds)


def _set_answer(future: asyncio.Future[Answer], answer: Answer) -> None:
    if future.done():
        close_received(answer.fds)
    else:
        future.set_result(answer)
