"""A client of bare bytes, which can say what no library would, to our bus and to dbus-daemon alike."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from machined.wire.address import socket_names
from machined.wire.header import decode, frame_size

BUS = "org.freedesktop.DBus"
BUS_PATH = "/org/freedesktop/DBus"
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)
NO_REPLY = 0x1
NO_AUTO_START = 0x2
Field = tuple[int, str, Any]

_PATIENCE = 5.0  # seconds


def marshal(signature: str, values: Sequence[Any], order: str = "<") -> bytes:
    """A body of types `s`, `o`, `u`, `y`, `g`, `h` and `as`, written independently of our wire."""
    data = b""
    types = signature.replace("as", "A")
    for type_, value in zip(types, values, strict=True):
        if type_ == "y":
            data += bytes([value])
        elif type_ == "g":
            data += bytes([len(value)]) + value.encode() + b"\0"
        elif type_ in "uh":
            data += bytes(-len(data) & 3) + struct.pack(order + "I", value)
        elif type_ == "A":
            items = b""
            for item in value:
                items += bytes(-len(items) & 3) + marshal("s", [item], order)
            data += bytes(-len(data) & 3) + struct.pack(order + "I", len(items)) + items
        else:
            raw = value.encode()
            data += bytes(-len(data) & 3) + struct.pack(order + "I", len(raw)) + raw + b"\0"
    return data


def frame(
    kind: int,
    serial: int,
    fields: Sequence[Field],
    signature: str = "",
    values: Sequence[Any] = (),
    *,
    flags: int = 0,
    order: str = "<",
    body: bytes | None = None,
) -> bytes:
    """A message, as lawful or not as its fields are."""
    if signature:
        fields = [*fields, (SIGNATURE, "g", signature)]
    block = b""
    for code, type_, value in fields:
        block += bytes(-len(block) & 7) + bytes([code, len(type_)]) + type_.encode() + b"\0"
        block += value if isinstance(value, bytes) else _aligned(len(block), type_, value, order)
    body = marshal(signature, values, order) if body is None else body
    start = struct.pack(
        order + "cBBBIII",
        b"l" if order == "<" else b"B",
        kind,
        flags,
        1,
        len(body),
        serial,
        len(block),
    )
    return start + block + bytes(-len(block) & 7) + body


def _aligned(at: int, type_: str, value: Any, order: str) -> bytes:
    data = marshal(type_, [value], order)
    return data if type_ in "gy" else bytes(-at & 3) + data


def call_fields(
    member: str, destination: str = BUS, interface: str | None = BUS, path: str = "/"
) -> list[Field]:
    """The header fields of a call."""
    fields: list[Field] = [(PATH, "o", path), (MEMBER, "s", member)]
    if interface:
        fields.append((INTERFACE, "s", interface))
    if destination:
        fields.append((DESTINATION, "s", destination))
    return fields


@dataclass
class Heard:
    """A message that came in."""

    kind: int
    serial: int
    sender: str
    path: str
    interface: str
    member: str
    error: str
    reply_serial: int
    destination: str
    signature: str
    body: list[Any]
    fds: list[int]
    frame: bytes


class RawClient:
    """One connection to a bus."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.name = ""
        self.serial = 0
        self._buffer = b""
        self._fds: list[int] = []
        self.heard: list[Heard] = []

    @classmethod
    async def connect(cls, address: str) -> RawClient:
        """Connect, and say nothing yet."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            (name,) = socket_names(address)
            while True:
                try:
                    sock.connect(name)
                except BlockingIOError:  # its queue is full; sock_connect would take us for connected
                    await asyncio.sleep(0.01)
                else:
                    break
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    @classmethod
    async def join(cls, address: str, *, fds: bool = True) -> RawClient:
        """Connect, authenticate and get a name."""
        client = await cls.connect(address)
        await client.authenticate(fds=fds)
        await client.hello()
        return client

    async def authenticate(self, *, fds: bool = True) -> None:
        """As sd-bus does it, all at once."""
        negotiation = b"NEGOTIATE_UNIX_FD\r\n" if fds else b""
        await self.send(b"\0AUTH EXTERNAL\r\nDATA\r\n" + negotiation + b"BEGIN\r\n")
        assert await self.line() == b"DATA"
        assert (await self.line()).startswith(b"OK ")
        if fds:
            assert await self.line() == b"AGREE_UNIX_FD"

    async def hello(self) -> str:
        """Say Hello; the name is kept."""
        self.name = (await self.call("Hello")).body[0]
        return self.name

    async def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send bytes, and descriptors with the first of them."""
        sent = 0
        while fds and not sent:
            try:
                sent = socket.send_fds(self.sock, [data], fds)
            except BlockingIOError:
                await asyncio.sleep(0.001)
        async with asyncio.timeout(_PATIENCE * 4):
            await asyncio.get_running_loop().sock_sendall(self.sock, data[sent:])

    async def line(self) -> bytes:
        """The next line of the authentication."""
        while b"\r\n" not in self._buffer:
            if not await self._fill():
                raise EOFError("the bus hung up")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def next_serial(self) -> int:
        """A serial not used before."""
        self.serial += 1
        return self.serial

    async def start(self, member: str, signature: str = "", *values: Any, **options: Any) -> int:
        """Send a call; the serial is what the reply will name."""
        serial = self.next_serial()
        flags = options.pop("flags", 0)
        fds = options.pop("fds", ())
        fields = call_fields(member, **options)
        if fds:
            fields.append((UNIX_FDS, "u", len(fds)))
        await self.send(frame(CALL, serial, fields, signature, values, flags=flags), fds)
        return serial

    async def call(self, member: str, signature: str = "", *values: Any, **options: Any) -> Heard:
        """Call a method, of the bus unless told otherwise, and wait for the reply."""
        return await self.reply_to(await self.start(member, signature, *values, **options))

    async def reply_to(self, serial: int) -> Heard:
        """The reply to a call; what comes before stays in `heard`."""
        return await self.until(lambda message: message.reply_serial == serial)

    async def until(self, is_it: Any) -> Heard:
        """The first message like that, of those heard already or yet to come."""
        for message in self.heard:
            if is_it(message):
                self.heard.remove(message)
                return message
        while True:
            message = await self.next()
            if is_it(message):
                return message
            self.heard.append(message)

    async def reply(self, to: Heard, signature: str = "", *values: Any, fds: Sequence[int] = ()) -> None:
        """Answer a call."""
        fields: list[Field] = [(REPLY_SERIAL, "u", to.serial), (DESTINATION, "s", to.sender)]
        if fds:
            fields.append((UNIX_FDS, "u", len(fds)))
        await self.send(frame(RETURN, self.next_serial(), fields, signature, values), fds)

    async def emit(
        self,
        member: str,
        signature: str = "",
        *values: Any,
        destination: str = "",
        path: str = "/x",
        interface: str = "org.example.Raw",
    ) -> None:
        """Send a signal."""
        fields: list[Field] = [
            (PATH, "o", path),
            (INTERFACE, "s", interface),
            (MEMBER, "s", member),
        ]
        if destination:
            fields.append((DESTINATION, "s", destination))
        await self.send(frame(SIGNAL, self.next_serial(), fields, signature, values))

    async def next(self) -> Heard:
        """The next message.

        Raises:
            EOFError: The bus hung up.
        """
        while len(self._buffer) < 16 or len(self._buffer) < frame_size(self._buffer):
            if not await self._fill():
                raise EOFError("the bus hung up")
        size = frame_size(self._buffer)
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        message = decode(data)
        message.fds, self._fds = self._fds[: message.fd_count], self._fds[message.fd_count :]
        body = message.decode()
        return Heard(
            message.kind,
            message.serial,
            message.sender or "",
            message.path or "",
            message.interface or "",
            message.member or "",
            message.error_name or "",
            message.reply_serial,
            message.destination or "",
            message.signature,
            body,
            message.fds,
            data,
        )

    async def sync(self) -> list[Heard]:
        """All that the bus had sent by now."""
        mark = await self.call("GetId")
        assert mark.kind == RETURN
        heard, self.heard = self.heard, []
        return heard

    async def is_cut_off(self) -> bool:
        """Whether the bus hangs up, whatever it says before."""
        try:
            while await self._fill():
                self._buffer = b""
                self._drop_fds()
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        return True

    async def _fill(self) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE
        while True:
            try:
                data, ancillary, _, _ = self.sock.recvmsg(1 << 16, 2048, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                await _readable(self.sock, deadline - loop.time())
                continue
            for level, kind, payload in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds = array("i")
                    fds.frombytes(payload)
                    self._fds += fds
            self._buffer += data
            return bool(data)

    def close(self) -> None:
        """Hang up, with whatever was not fetched."""
        for message in self.heard:
            for fd in message.fds:
                os.close(fd)
        self._drop_fds()
        self.sock.close()

    def _drop_fds(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds = []


async def _readable(sock: socket.socket, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_reader(sock, lambda: future.done() or future.set_result(None))
    try:
        async with asyncio.timeout(seconds):
            await future
    finally:
        loop.remove_reader(sock)
