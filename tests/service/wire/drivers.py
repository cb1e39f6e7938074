"""The same few operations on our wire and on plain dbus-next, so that one scenario runs on both."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from dbus_next import Message, MessageType
from dbus_next.aio import MessageBus

from machined.wire import Call, Connection, Signal, connect

PATH = "/org/example/Wire"
INTERFACE = "org.example.Wire"
Answer = tuple[str, Sequence[Any]]


class Ours:
    """Our wire."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.unique_name = connection.unique_name

    @classmethod
    async def connect(cls, address: str) -> Ours:
        return cls(await connect(address))

    @property
    def is_open(self) -> bool:
        return self.connection.is_open

    async def call(self, destination: str, member: str, signature: str = "", *arguments: Any) -> list[Any]:
        return await self.connection.call(
            destination, PATH, INTERFACE, member, signature, *arguments, timeout=None
        )

    def emit(self, member: str, signature: str = "", *arguments: Any) -> None:
        self.connection.emit(PATH, INTERFACE, member, signature, *arguments)

    def on_call(self, answer: Callable[[str, list[Any]], Answer]) -> None:
        async def handler(call: Call) -> Answer:
            return answer(call.member, call.body)

        self.connection.serve(handler)

    async def on_signal(self, callback: Callable[[list[Any]], None]) -> None:
        def heard(signal: Signal) -> None:
            callback(signal.body)

        await self.connection.subscribe(heard, interface=INTERFACE)

    async def close(self) -> None:
        await self.connection.close()


class Plain:
    """dbus-next as it is, through its low-level interface."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.unique_name = bus.unique_name

    @classmethod
    async def connect(cls, address: str) -> Plain:
        # Futures that it forgets complain when they are collected. That formats a traceback, at any moment,
        # also within pytest's own ast.parse, which Python 3.11 does not survive
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        bus = MessageBus(bus_address=address, negotiate_unix_fd=True)
        try:
            return cls(await bus.connect())
        except BaseException:
            bus._stream.close()  # itself it leaves them open
            bus._sock.close()
            raise

    @property
    def is_open(self) -> bool:
        return self.bus.connected and not self.bus._disconnected

    async def call(self, destination: str, member: str, signature: str = "", *arguments: Any) -> list[Any]:
        body, fds = _indices(signature, arguments)
        reply = await self.bus.call(
            Message(
                destination=destination,
                path=PATH,
                interface=INTERFACE,
                member=member,
                signature=signature,
                body=body,
                unix_fds=fds,
            )
        )
        if reply.message_type is MessageType.ERROR:
            raise AssertionError(f"{reply.error_name}: {reply.body}")
        return reply.unix_fds if reply.signature == "h" else reply.body

    def emit(self, member: str, signature: str = "", *arguments: Any) -> None:
        self.bus.send(Message.new_signal(PATH, INTERFACE, member, signature, list(arguments)))

    def on_call(self, answer: Callable[[str, list[Any]], Answer]) -> None:
        def handler(message: Message) -> Message | None:
            if message.message_type is not MessageType.METHOD_CALL or message.interface != INTERFACE:
                return None
            signature, values = answer(message.member, message.body)
            body, fds = _indices(signature, values)
            return Message.new_method_return(message, signature, body, fds)

        self.bus.add_message_handler(handler)

    async def on_signal(self, callback: Callable[[list[Any]], None]) -> None:
        def handler(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL and message.interface == INTERFACE:
                callback(message.body)

        self.bus.add_message_handler(handler)
        rule = f"type='signal',interface='{INTERFACE}'"
        name, path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
        await self.bus.call(
            Message(name, path, name, "AddMatch", signature="s", body=[rule]),
        )

    async def close(self) -> None:
        if not self.bus._disconnected:
            self.bus._finalize(None)
        self.bus._disconnect_future.exception()  # fetched, so that nobody complains
        with contextlib.suppress(OSError):  # what is left in the buffer of a dead socket
            self.bus._stream.close()
        self.bus._sock.close()
        await asyncio.sleep(0)


Driver = Ours | Plain


def _indices(signature: str, values: Sequence[Any]) -> tuple[list[Any], list[int]]:
    return ([0], [values[0]]) if signature == "h" else (list(values), [])


def pipe_end() -> int:
    """An open descriptor, close-on-exec as Python makes them."""
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def open_pipes() -> int:
    """How many descriptors of pipes this process has."""
    count = 0
    for entry in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            count += os.readlink(f"/proc/self/fd/{entry}").startswith("pipe:")
    return count
