"""A connection to a message bus: the port through which everything else talks D-Bus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from machined.wire.bus import Bus, OnLost, OnReceived
from machined.wire.calls import BUS_NAME, BUS_PATH, TIMEOUT, Calls
from machined.wire.closing import close_received
from machined.wire.errors import CallError, InvalidMessage, WireError
from machined.wire.header import ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL, Received
from machined.wire.library import Variant
from machined.wire.matches import Match
from machined.wire.names import NO_OWNER
from machined.wire.serving import Handler, Server
from machined.wire.signals import Signal, Signals, Subscription

logger = logging.getLogger(__name__)

PROPERTIES = "org.freedesktop.DBus.Properties"
FLUSH = 1.0
"""Seconds that `Connection.close` grants to what is queued, and to handlers at work."""
_REPLACE_EXISTING, _DO_NOT_QUEUE = 0x2, 0x4
_PRIMARY_OWNER, _ALREADY_OWNER = 1, 4


class Connection:
    """A connection to a message bus; `connect` makes one.

    File descriptors in bodies are real descriptor numbers. Those that are sent, be it as an argument, in a
    signal or in a reply, belong to the connection from then on, which closes them even if sending fails.
    Those in the reply to a call belong to the caller; for the others see `Call` and `Signal`.

    Structs are lists, `ay` is bytes, dicts are dicts, variants are `Variant`. Not for use by several threads.

    Attributes:
        address: The address that was connected to.
        unique_name: The name that the bus gave to the connection.
    """

    def __init__(self, address: str, opened: Callable[[OnReceived, OnLost], Bus]) -> None:
        self.address = address
        self.unique_name = ""
        self._bus = opened(self._received, self._ended)
        self._calls = Calls(self._bus)
        self._signals = Signals(self._calls)
        self._server = Server(self._bus)
        self._closed = asyncio.Event()
        self._reason: WireError | None = None
        self._closed_callbacks: list[Callable[[Exception | None], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._bus.is_open

    async def call(  # noqa: PLR0913 - a call has as many parts
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: Any,
        timeout: float | None = TIMEOUT,  # noqa: ASYNC109 - it is the call that ends, with an error of its own
        interactive: bool = False,
        takes_fds: bool = True,
    ) -> list[Any]:
        """Call a method and return the values of its reply. May be cancelled at any time.

        Args:
            destination: A bus name.
            path: An object of it.
            interface: An interface of the object.
            member: A method of the interface.
            signature: The types of `arguments`.
            *arguments: One value for each complete type.
            timeout: Seconds to wait; None waits for ever.
            interactive: Whether the callee may ask the user for a password (ALLOW_INTERACTIVE_AUTHORIZATION).
            takes_fds: Whether descriptors in the reply become the caller's; else they are closed, for callees
                that are not trusted to send none.

        Raises:
            CallError: The reply was an error.
            CallTimeout: There was none in time.
            ConnectionLost: The connection ended before.
            InvalidMessage: The call cannot be sent, or the reply was malformed.
        """
        return await self._calls.call(
            signature,
            arguments,
            timeout=timeout,
            interactive=interactive,
            takes_fds=takes_fds,
            destination=destination,
            path=path,
            interface=interface,
            member=member,
        )

    async def _ask_bus(self, member: str, signature: str = "", *arguments: Any) -> Any:
        body = await self.call(BUS_NAME, BUS_PATH, BUS_NAME, member, signature, *arguments)
        return body[0]

    async def get_property(self, destination: str, path: str, interface: str, name: str) -> Any:
        """The value of a property, out of its variant. Raises what `call` raises."""
        match await self.call(destination, path, PROPERTIES, "Get", "ss", interface, name):
            case [Variant() as variant]:
                return variant.value
            case body:
                raise InvalidMessage(f"the reply to Get is no variant but {body!r}"[:200])

    async def get_all(self, destination: str, path: str, interface: str = "") -> dict[str, Any]:
        """The properties of an interface, or of all, out of their variants. Raises what `call` raises."""
        match await self.call(destination, path, PROPERTIES, "GetAll", "s", interface):
            case [dict() as values] if all(isinstance(value, Variant) for value in values.values()):
                return {name: variant.value for name, variant in values.items()}
            case body:
                raise InvalidMessage(f"the reply to GetAll is no dict of variants but {body!r}"[:200])

    async def subscribe(
        self,
        callback: Callable[[Signal], None],
        *,
        sender: str | None = None,
        path: str | None = None,
        path_namespace: str | None = None,
        interface: str | None = None,
        member: str | None = None,
        arg0: str | None = None,
    ) -> Subscription:
        """Have `callback` called with each signal that fits all that is given.

        With a well-known name as `sender` the signals of its owner of the moment fit, and no others. The
        name need not have an owner yet.

        Raises:
            CallError: The bus refuses the rule.
            ConnectionLost: The connection ended before the bus knew of it.
        """
        return await self._signals.subscribe(
            callback, Match(sender, path, path_namespace, interface, member, arg0)
        )

    async def watch_name(self, name: str, callback: Callable[[str], None]) -> Subscription:
        """Have `callback` called on each change with the new owner of `name`, a unique name or "" for nobody.

        Raises:
            CallError: The bus refuses the rule.
            ConnectionLost: The connection ended before the bus knew of it.
        """
        return await self._signals.watch_name(name, callback)

    async def name_owner(self, name: str) -> str:
        """The unique name of the connection that owns `name`; "" if none does. Raises what `call` raises."""
        try:
            return str(await self._ask_bus("GetNameOwner", "s", name))
        except CallError as error:
            if error.name == NO_OWNER:
                return ""
            raise

    async def activatable_names(self) -> list[str]:
        """The names that the bus can start a service for. Raises what `call` raises."""
        return list(await self._ask_bus("ListActivatableNames"))

    async def request_name(self, name: str, *, queue: bool = False, replace: bool = False) -> bool:
        """Ask to own a name (D-Bus Specification, "org.freedesktop.DBus.RequestName").

        Args:
            name: A well-known name.
            queue: Whether to be its next owner if it has one now.
            replace: Whether to take it from an owner that allows that.

        Returns:
            Whether it is ours now.

        Raises:
            CallError: The bus does not let us own it.
        """
        flags = (0 if queue else _DO_NOT_QUEUE) | (_REPLACE_EXISTING if replace else 0)
        return await self._ask_bus("RequestName", "su", name, flags) in {_PRIMARY_OWNER, _ALREADY_OWNER}

    async def release_name(self, name: str) -> None:
        """Own a name no more; nothing happens if it was not ours. Raises what `call` raises."""
        await self._ask_bus("ReleaseName", "s", name)

    def serve(self, handler: Handler) -> None:
        """Have `handler` answer the calls to this connection from now on, several at a time.

        The handler returns a signature and the values of the reply, None for an empty one, or what gives
        these when it is awaited, in a task of its own; or it raises `CallError`, which is sent as it is.
        Whatever else it raises is logged, and the caller hears that the service failed. The task is cancelled
        when the connection ends. Without a handler calls are answered with UnknownMethod;
        `org.freedesktop.DBus.Peer.Ping` is answered always.
        """
        self._server.handler = handler

    def emit(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: Any,
        destination: str | None = None,
    ) -> None:
        """Queue a signal, to all who subscribed or to `destination` alone. Who sends many awaits `drain`.

        Raises:
            InvalidMessage: It cannot be sent.
            ConnectionLost: The connection has ended.
        """
        self._bus.transmit(
            SIGNAL,
            signature,
            arguments,
            path=path,
            interface=interface,
            member=member,
            destination=destination,
        )

    async def drain(self) -> None:
        """Wait until all that is queued now has gone to the socket.

        Raises:
            ConnectionLost: The connection ended before that.
        """
        await self._bus.drained()

    def on_closed(self, callback: Callable[[Exception | None], None]) -> None:
        """Have `callback` called when the connection ends: with the reason, or None if `close` ended it.

        If it has ended already the call comes in the next turn of the loop.
        """
        if self.is_open:
            self._closed_callbacks.append(callback)
        else:
            asyncio.get_running_loop().call_soon(callback, self._reason)

    async def wait_closed(self) -> None:
        """Wait until the connection has ended, however it does."""
        await self._closed.wait()

    async def close(self) -> None:
        """End the connection. What is queued gets a second to go out, handlers at work one to end."""
        if self.is_open:
            # The end came sooner, or the peer reads no more: either way there is nothing left to wait for
            try:
                with contextlib.suppress(WireError, TimeoutError):
                    async with asyncio.timeout(FLUSH):
                        await self.drain()
            finally:
                self._bus.end()
        tasks = self._server.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=FLUSH)

    def abort(self) -> None:
        """End the connection at once; what is queued is lost."""
        self._bus.end()

    def _received(self, message: Received) -> None:
        try:
            if message.kind == METHOD_CALL:
                self._server.receive(message)
            elif message.kind == SIGNAL:
                self._signals.receive(message)
            elif message.kind not in {METHOD_RETURN, ERROR} or not self._calls.settle(message):
                # A reply that nobody waits for any more, or a type that the specification does not know yet
                close_received(message.fds)
                if message.kind == ERROR:
                    self._server.returned(message)
        except InvalidMessage as error:
            logger.warning("ignored a message of %s: %s", message.sender, error)

    def _ended(self, reason: WireError | None) -> None:
        self._reason = reason
        self._calls.fail("the connection was closed" if reason is None else str(reason))
        self._server.cancel()
        self._closed.set()
        for callback in self._closed_callbacks:
            try:
                callback(reason)
            except Exception:
                logger.exception("a callback for the end of the connection failed")

    async def hello(self) -> None:
        """Get the unique name, without which the bus takes nothing; `connect` has done it."""
        self.unique_name = await self._ask_bus("Hello")
