"""What clients do that mean ill, or are broken."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Awaitable, Callable
from itertools import count

from tests.service.local_bus.raw import (
    CALL,
    DESTINATION,
    INTERFACE,
    MEMBER,
    PATH,
    REPLY_SERIAL,
    RETURN,
    SIGNAL,
    UNIX_FDS,
    Field,
    RawClient,
    call_fields,
    frame,
)

MIB = 1 << 20
PING: list[Field] = call_fields("Ping", interface="org.freedesktop.DBus.Peer")
TICK: list[Field] = [(PATH, "o", "/x"), (INTERFACE, "s", "a.b"), (MEMBER, "s", "Tick")]


def start(
    *,
    order: bytes = b"l",
    kind: int = CALL,
    version: int = 1,
    body: int = 0,
    serial: int = 9,
    fields: int = 0,
) -> bytes:
    """The first 16 bytes of a message."""
    return struct.pack("<cBBBIII", order, kind, 0, version, body, serial, fields)


BYTES: dict[str, bytes] = {
    "garbage": bytes(range(256)) * 4,
    "text": b"GET / HTTP/1.1\r\nHost: bus\r\n\r\n",
    "zeros": bytes(64),
    "a reply serial cut short": start(kind=RETURN, fields=6) + b"\5\1u\0\1\0\0\0",
    "a byte order that is none": start(order=b"x"),
    "another version": start(version=2),
    "type 0": frame(0, 9, PING),
    "serial 0": frame(CALL, 0, PING),
    "a body too large": start(body=128 * MIB),
    "a body of 4 GiB": start(body=0xFFFFFFFF),
    "fields too large": start(fields=64 * MIB + 8),
    "fields of 4 GiB": start(fields=0xFFFFFFFF),
    "both too large in sum": start(body=100 * MIB, fields=30 * MIB),
    "no path": frame(CALL, 9, [(MEMBER, "s", "Ping")]),
    "no member": frame(CALL, 9, [(PATH, "o", "/")]),
    "a signal without an interface": frame(SIGNAL, 9, [(PATH, "o", "/"), (MEMBER, "s", "Tick")]),
    "a reply to nothing": frame(RETURN, 9, [(DESTINATION, "s", ":1.1")]),
    "a reply to the serial 0": frame(RETURN, 9, [(REPLY_SERIAL, "u", 0), (DESTINATION, "s", ":1.1")]),
    "an error without a name": frame(3, 9, [(REPLY_SERIAL, "u", 4), (DESTINATION, "s", ":1.1")]),
    "two paths": frame(CALL, 9, [(PATH, "o", "/"), *PING]),
    "two serials replied to": frame(RETURN, 9, [(REPLY_SERIAL, "u", 4), (REPLY_SERIAL, "u", 4)]),
    "a path that is none": frame(CALL, 9, [(PATH, "o", "a/b"), (MEMBER, "s", "Ping")]),
    "a path as a string": frame(CALL, 9, [(PATH, "s", "/"), (MEMBER, "s", "Ping")]),
    "a member that is none": frame(CALL, 9, [(PATH, "o", "/"), (MEMBER, "s", "a.b")]),
    "an interface that is none": frame(CALL, 9, [*PING[:2], (INTERFACE, "s", "a")]),
    "a destination that is none": frame(CALL, 9, [*PING[:3], (DESTINATION, "s", "a b")]),
    "a signature that is none": frame(CALL, 9, PING, "a{vs}", body=bytes(8)),
    "a body without a signature": frame(CALL, 9, PING, body=bytes(8)),
    "a signature without a body": frame(CALL, 9, PING, "s", body=b""),
    "a string that is not UTF-8": frame(CALL, 9, [(PATH, "o", "/"), (MEMBER, "s", b"\2\0\0\0\xff\xfe\0")]),
    "a string beyond the header": frame(CALL, 9, [(PATH, "o", "/"), (MEMBER, "s", b"\xff\0\0\0abc\0")]),
    "a string without its end": frame(CALL, 9, [(PATH, "o", "/"), (MEMBER, "s", b"\2\0\0\0abc\0")]),
    "a field of code 0": frame(CALL, 9, [(0, "s", "x"), *PING]),
    "an unknown field, nested too deep": frame(CALL, 9, [*PING, (77, "v", b"\1v\0" * 400)]),
    "an unknown field of no type": frame(CALL, 9, [*PING, (77, "!", b"\0")]),
    "too many fields": frame(CALL, 9, [*PING, *[(100, "y", 1)] * 200]),
    "a header that is too long": frame(CALL, 9, [*PING, (77, "s", "x" * 300_000)]),
    "the local interface": frame(
        SIGNAL, 9, [TICK[0], (INTERFACE, "s", "org.freedesktop.DBus.Local"), TICK[2]]
    ),
    "the local path": frame(SIGNAL, 9, [(PATH, "o", "/org/freedesktop/DBus/Local"), *TICK[1:]]),
}
"""What ends the connection as soon as it is read."""


async def never_reads(client: RawClient, echo: str) -> None:
    """Ask for large answers and read none."""
    data = frame(CALL, 1, call_fields("Echo", echo), "s", ["x" * 100_000])
    for serial in count(1000):
        await client.send(data[:8] + struct.pack("<I", serial) + data[12:])


async def never_reads_signals(client: RawClient, echo: str) -> None:
    """Subscribe to its own signals and read none."""
    await client.start("AddMatch", "s", "member='Tick'")
    while True:
        await client.emit("Tick", "s", "x" * 50_000)


async def floods_with_descriptors(client: RawClient, echo: str) -> None:
    """Send descriptors that nobody asked for, and read nothing."""
    fds = [client.sock.fileno()] * 16
    data = frame(SIGNAL, 7, [*TICK, (UNIX_FDS, "u", 16)], "h", [0])
    await client.start("AddMatch", "s", "member='Tick'")
    while True:
        await client.send(data, fds)


async def half_a_message(client: RawClient, echo: str) -> None:
    """Begin a large message, and stop."""
    await client.send(start(body=100 * MIB, fields=0) + bytes(2 * MIB))
    await asyncio.sleep(3600)


async def too_many_descriptors(client: RawClient, echo: str) -> None:
    """Send more descriptors with a message than allowed."""
    fds = [client.sock.fileno()] * 17
    await client.send(frame(SIGNAL, 7, [*TICK, (UNIX_FDS, "u", 17)], "h", [0]), fds)


async def unclaimed_descriptors(client: RawClient, echo: str) -> None:
    """Send descriptors that the message does not speak of."""
    await client.send(frame(SIGNAL, 7, TICK), [client.sock.fileno()])


async def missing_descriptors(client: RawClient, echo: str) -> None:
    """Speak of descriptors that do not come."""
    await client.send(frame(SIGNAL, 7, [*TICK, (UNIX_FDS, "u", 2)], "h", [0]), [client.sock.fileno()])


async def hoarded_descriptors(client: RawClient, echo: str) -> None:
    """Send descriptors along with the pieces of one message."""
    await client.send(start(body=MIB, fields=0), [client.sock.fileno()] * 10)
    await client.send(bytes(100), [client.sock.fileno()] * 10)


async def floods_with_calls(client: RawClient, echo: str) -> None:
    """Call as fast as it can, and read nothing."""
    data = frame(CALL, 1, call_fields("Echo", echo), "s", ["x"])
    for serial in count(1000, 500):
        calls = (data[:8] + struct.pack("<I", serial + at) + data[12:] for at in range(500))
        await client.send(b"".join(calls))


async def floods_the_bus(client: RawClient, echo: str) -> None:
    """Have the bus answer, and read nothing."""
    data = frame(CALL, 1, call_fields("ListNames"))
    while True:
        await client.send(data * 200)


async def hoards_rules_and_names(client: RawClient, echo: str) -> None:
    """Ask for more rules and names than allowed."""
    for number in range(20_000):
        await client.start("AddMatch", "s", f"member='M{number}'", flags=1)
        await client.start("RequestName", "su", f"org.example.N{os.getpid()}.X{number}", 0, flags=1)
        if number % 200 == 0:
            await asyncio.sleep(0)


async def hangs_up(client: RawClient, echo: str) -> None:
    """Go amid a message, with calls under way."""
    for _ in range(20):
        await client.start("Never", destination=echo)
    await client.send(start(body=5000, fields=0) + bytes(10))
    client.close()


Way = Callable[[RawClient, str], Awaitable[None]]
CUT_OFF: list[Way] = [
    never_reads,
    never_reads_signals,
    floods_with_descriptors,
    too_many_descriptors,
    unclaimed_descriptors,
    missing_descriptors,
    hoarded_descriptors,
    floods_the_bus,
]
"""Ways that end the connection."""
BORNE: list[Way] = [half_a_message, floods_with_calls, hoards_rules_and_names, hangs_up]
"""Ways that are borne with, within limits, or that end by themselves."""


def saying(data: bytes) -> Way:
    """A way to be hostile: send some bytes."""

    async def way(client: RawClient, _service: str) -> None:
        await client.send(data)

    return way


async def attack(address: str, service: str, way: Way) -> None:
    """Be hostile to a service, time and again, as one client after the other."""
    while True:
        client = await RawClient.connect(address)
        try:
            with contextlib.suppress(ConnectionError, EOFError, TimeoutError):
                await client.authenticate()
                await client.hello()
                await way(client, service)
            await asyncio.sleep(0.05)
        finally:
            client.close()
