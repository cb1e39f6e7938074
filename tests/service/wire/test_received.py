"""Messages as no real bus would send them."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from dbus_next import Variant

from machined.wire import InvalidMessage, Signal
from machined.wire.header import decode, frame_size
from machined.wire.reader import MOST_FDS
from tests.conftest import open_fds
from tests.service.wire.drivers import INTERFACE, PATH, Ours, Plain
from tests.service.wire.fakebus import PING_FIELDS, SIGNAL_FIELDS, FakeBus, fake_bus, frame

NESTED = frame(4, SIGNAL_FIELDS, "v", [Variant("v", Variant("s", "x"))])
ODD = [
    pytest.param(frame(4, [*SIGNAL_FIELDS, (77, "s", "new")]), id="unknown field"),
    pytest.param(
        frame(4, [(78, "a{sv}", {"x": Variant("a(ih)", [[1, 3]])}), *SIGNAL_FIELDS]),
        id="unknown container field",
    ),
    pytest.param(frame(4, SIGNAL_FIELDS).replace(b"l\4", b"l\x63", 1), id="unknown type"),
    pytest.param(
        frame(4, [SIGNAL_FIELDS[0], (2, "s", "odd interface.name-1"), *SIGNAL_FIELDS[2:]]), id="odd interface"
    ),
    pytest.param(frame(4, SIGNAL_FIELDS, "s", ["wxyz"]).replace(b"wxyz", b"w\xff\xfez"), id="no UTF-8"),
    pytest.param(
        frame(4, SIGNAL_FIELDS, "s", ["wxyz"]).replace(b"\4\0\0\0wxyz", b"\xff\xff\0\0wxyz"), id="overlong"
    ),
    pytest.param(NESTED.replace(b"\1v\0\1s\0", b"\1v\0\1a\0"), id="invalid signature in a variant"),
]


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_message_does_not_disconnect(tmp_path: Path, library: Any, odd: bytes) -> None:
    async with fake_bus(tmp_path, library) as (bus, client):
        await client_listens(bus, client)
        await bus.send(odd)
        assert await bus.is_answered()
        assert client.is_open


@pytest.mark.parametrize("sound_library", [Ours, Plain])
async def test_a_sound_message_does_not_disconnect_either(tmp_path: Path, sound_library: Any) -> None:
    """The control of the test above: what plain fails at is the oddness, not the fake bus."""
    async with fake_bus(tmp_path, sound_library) as (bus, _client):
        await bus.send(frame(4, SIGNAL_FIELDS, "s", ["wxyz"]))
        assert await bus.is_answered()


async def client_listens(bus: FakeBus, client: Any) -> list[list[Any]]:
    """Subscribe with ours, so that bodies are looked at; plain looks at all of them anyway."""
    heard: list[list[Any]] = []
    if isinstance(client, Ours):
        task = asyncio.create_task(client.on_signal(heard.append))
        await bus.receive()
        await bus.send(frame(2, [(5, "u", 2)]))
        await task
    return heard


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(frame(4, SIGNAL_FIELDS[:2]), id="required field missing"),
        pytest.param(frame(4, [(1, "s", PATH), *SIGNAL_FIELDS[1:]]), id="field of the wrong type"),
        pytest.param(frame(4, [*SIGNAL_FIELDS, (8, "g", "s")]), id="signature without body"),
        pytest.param(
            frame(4, SIGNAL_FIELDS, "ss", ["a", "b"]).replace(b"\2ss", b"\1s\0"), id="body left over"
        ),
        pytest.param(frame(4, SIGNAL_FIELDS, "ay", [b"abc"]).replace(b"\2ay", b"\2a{"), id="cut signature"),
    ],
)
async def test_a_malformed_message_is_ignored(
    tmp_path: Path, odd: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        heard = await client_listens(bus, client)
        with caplog.at_level(logging.WARNING):
            await bus.send(odd)
            assert await bus.is_answered()
        assert "ignored" in caplog.text
        await bus.send(frame(4, [*SIGNAL_FIELDS, (77, "s", "new")], "s", ["sound"]))
        assert await bus.is_answered()
        assert heard == [["sound"]]


async def test_a_malformed_call_and_reply_are_told(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        client.on_call(lambda _member, _body: ("", []))
        fields = [(1, "o", PATH), (2, "s", INTERFACE), (3, "s", "Take"), (7, "s", ":1.7")]
        await bus.send(frame(1, fields, "s", ["wxyz"]).replace(b"wxyz", b"w\xff\xfez"))
        assert b"InconsistentMessage" in await bus.receive()
        task = asyncio.create_task(client.call(":1.7", "Take"))
        serial = int.from_bytes((await bus.receive())[8:12], "little")
        await bus.send(frame(2, [(5, "u", serial)], "s", ["wxyz"]).replace(b"wxyz", b"w\xff\xfez"))
        with pytest.raises(InvalidMessage):
            await task


async def test_variants_may_not_nest_without_end(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        heard = await client_listens(bus, client)
        for depth in (60, 5_000):
            body = b"\1v\0" * depth + b"\1y\0\7"
            sent = frame(4, SIGNAL_FIELDS, "v", [Variant("y", 7)])
            head = bytearray(sent[:-4])
            head[4:8] = struct.pack("<I", len(body))
            await bus.send(bytes(head) + body)
        assert await bus.is_answered()
        assert len(heard) == 1


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "no byte order"),
        (b"l\1\0\2" + bytes(12), "protocol version 2"),
        (b"l\1\0\1" + b"\xff\xff\xff\x0f" + bytes(8), "larger than the specification allows"),
        (b"l\1\0\1" + bytes(8) + b"\xff\xff\xff\xff", "larger than the specification allows"),
    ],
)
async def test_a_stream_that_makes_no_sense_ends_the_connection(
    tmp_path: Path, start: bytes, reason: str
) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        reasons: list[Exception | None] = []
        client.connection.on_closed(reasons.append)
        await bus.send(start)
        async with asyncio.timeout(3):
            await client.connection.wait_closed()
        assert reason in str(reasons[0])


def test_the_other_byte_order_is_read() -> None:
    path = b"\1\1o\0" + struct.pack(">I", 2) + b"/x\0" + bytes(5)
    member = b"\3\1s\0" + struct.pack(">I", 4) + b"Ping\0" + bytes(3)
    signature = b"\x08\1g\0\2us\0"
    fields = path + member + signature
    body = struct.pack(">II", 7, 2) + b"ab\0"
    message = struct.pack(">BBBBIII", ord("B"), 1, 0, 1, len(body), 9, len(fields)) + fields + body
    assert frame_size(message) == len(message)
    received = decode(message)
    assert (received.path, received.member, received.serial) == ("/x", "Ping", 9)
    assert received.decode() == [7, "ab"]


async def test_an_interface_may_be_missing_or_odd_in_a_call(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        seen: list[Any] = []

        async def handler(call: Any) -> None:
            seen.append((call.interface, call.sender, call.is_interactive, call.expects_reply))

        client.connection.serve(handler)
        fields = [(1, "o", PATH), (3, "s", "Take"), (7, "s", ":1.7")]
        await bus.send(frame(1, fields))
        assert (await bus.receive())[1] == 2
        await bus.send(frame(1, [*fields, (2, "s", "odd name")]).replace(b"l\1\0", b"l\1\4", 1))
        assert (await bus.receive())[1] == 2
        assert seen == [(None, ":1.7", False, True), ("odd name", ":1.7", True, True)]


async def test_messages_split_anywhere_are_put_together(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        heard: list[Signal] = []
        await client_listens(bus, client)
        blob = frame(4, SIGNAL_FIELDS, "s", ["one"]) + frame(1, PING_FIELDS)
        for byte in blob:
            await bus.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await bus.receive())[1] == 2
        assert not heard


async def test_descriptors_that_come_without_end_are_not_taken(tmp_path: Path) -> None:
    """With the bytes of one message that never ends: they would use up all of ours."""
    async with fake_bus(tmp_path, Ours) as (bus, client):
        assert bus.sock is not None
        await bus.send(struct.pack("<4BIII", ord("l"), 4, 0, 1, 1 << 20, 5, 0))
        before, most = len(open_fds()), 0
        for _ in range(40):
            try:
                socket.send_fds(bus.sock, [b"x"], [bus.sock.fileno()] * 200)
            except (BrokenPipeError, ConnectionResetError):
                break
            await asyncio.sleep(0.01)
            most = max(most, len(open_fds()) - before)
        assert not client.is_open, f"{most} were taken"
        assert most <= MOST_FDS
        assert len(open_fds()) <= before
