"""A bus of bare bytes: one client, which gets to read what no real bus would send."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from dbus_next import Variant
from dbus_next._private.marshaller import Marshaller

from tests.service.wire.drivers import INTERFACE, PATH

CLIENT = ":1.42"
Field = tuple[int, str, Any]
SIGNAL_FIELDS: list[Field] = [(1, "o", PATH), (2, "s", INTERFACE), (3, "s", "Changed"), (7, "s", ":1.7")]
PING_FIELDS: list[Field] = [
    (1, "o", "/"),
    (2, "s", "org.freedesktop.DBus.Peer"),
    (3, "s", "Ping"),
    (7, "s", ":1.7"),
]


def frame(
    kind: int, fields: Sequence[Field], signature: str = "", body: Sequence[Any] = (), serial: int = 5
) -> bytes:
    """A message, as lawful or not as its fields are."""
    block = Marshaller(signature, list(body))
    block.marshall()
    if signature:
        fields = [*fields, (8, "g", signature)]
    variants = [[code, Variant(type_, value)] for code, type_, value in fields]
    header = Marshaller("yyyyuua(yv)", [ord("l"), kind, 0, 1, len(block.buffer), serial, variants])
    header.marshall()
    header.align(8)
    return bytes(header.buffer + block.buffer)


class FakeBus:
    """The listening side; `address` is where a client finds it."""

    def __init__(self, folder: Path, agrees: bool = True) -> None:
        self.address = f"unix:path={folder}/fake"
        self._agrees = agrees
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{folder}/fake")
        self._listener.listen()
        self._listener.setblocking(False)
        self.sock: socket.socket | None = None

    async def welcome(self) -> None:
        """Take a client in, up to the reply to Hello."""
        loop = asyncio.get_running_loop()
        self.sock, _ = await loop.sock_accept(self._listener)
        self.sock.setblocking(False)
        answers = {
            b"AUTH": b"OK 0123456789abcdef0123456789abcdef\r\n",
            b"NEGOTIATE_UNIX_FD": b"AGREE_UNIX_FD\r\n" if self._agrees else b"ERROR no\r\n",
        }
        received = b""
        while (line := received.partition(b"\r\n"))[0] != b"BEGIN":
            if line[1]:
                received = line[2]
                await loop.sock_sendall(self.sock, answers[line[0].split()[0]])
            received = (received + await self.receive()).lstrip(b"\0")
        if not line[2]:
            await self.receive()  # Hello, the first message and so of serial 1
        await self.send(frame(2, [(5, "u", 1), (7, "s", "org.freedesktop.DBus")], "s", [CLIENT]))

    async def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send bytes, and descriptors with the first of them."""
        assert self.sock is not None
        sent = socket.send_fds(self.sock, [data], fds) if fds else 0
        await asyncio.get_running_loop().sock_sendall(self.sock, data[sent:])

    async def receive(self) -> bytes:
        """What the client says next; empty when it hung up."""
        assert self.sock is not None
        async with asyncio.timeout(3):
            return await asyncio.get_running_loop().sock_recv(self.sock, 1 << 16)

    async def is_answered(self) -> bool:
        """Whether the client still answers a Ping, with nothing before it."""
        await self.send(frame(1, PING_FIELDS, serial=4242))
        reply = await self.receive()
        return reply[1:2] == b"\2" and (4242).to_bytes(4, "little") in reply

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        if self.sock is not None:
            self.sock.close()


@contextlib.asynccontextmanager
async def fake_bus(folder: Path, library: Any, agrees: bool = True) -> AsyncIterator[tuple[FakeBus, Any]]:
    """A fake bus and a client of `library` that it has welcomed."""
    bus = FakeBus(folder, agrees)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(bus.welcome())
            client = group.create_task(library.connect(bus.address))
        try:
            yield bus, client.result()
        finally:
            await client.result().close()
    finally:
        bus.close()
