"""Descriptors for which there is no room, and those that nobody asked for."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from machined.wire import Call, ConnectFailed, connect_socket
from machined.wire.body import decode_body
from machined.wire.errors import InvalidMessage
from machined.wire.reading import MOST_USES
from tests.service.wire.drivers import INTERFACE, PATH, Ours, open_pipes, pipe_end
from tests.service.wire.fakebus import FakeBus, Field, fake_bus, frame
from tests.support.lingering import SOON, lingering, wrapped
from tests.support.waiting import until


def call_with(fd_count: int, signature: str = "s", body: list[Any] | None = None) -> bytes:
    """A call that says that descriptors come with it."""
    fields: list[Field] = [(1, "o", PATH), (2, "s", INTERFACE), (3, "s", "Take"), (7, "s", ":1.7")]
    return frame(1, [*fields, (9, "u", fd_count)] if fd_count else fields, signature, body or ["x"])


class Service:
    """Answers calls with how many bytes are in the first descriptor that came, if any was asked for."""

    def __init__(self, client: Ours) -> None:
        self.seen: list[Any] = []
        client.connection.serve(self.on_call)

    def on_call(self, call: Call) -> None:
        first = call.body[0]
        self.seen.append(os.read(first, 9) if isinstance(first, int) else first)


def pipe_with(data: bytes) -> int:
    """The end of a pipe which has something in it."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading


@pytest.fixture(params=["the closer is full", "the table is full"])
def no_room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Take away the room for descriptors, and give it back."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def take(is_taken: bool) -> None:
        if request.param == "the closer is full":
            monkeypatch.setattr("machined.wire.receiving.has_room", lambda: not is_taken)
        elif is_taken:
            free = os.dup(0)
            os.close(free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        else:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    yield take
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_messages_keep_their_own_where_those_of_others_are_lost(
    tmp_path: Path, no_room: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        service = Service(client)
        given = [pipe_with(b"one"), pipe_with(b"two"), pipe_with(b"three"), pipe_with(b"four")]
        before = open_pipes() - len(given)
        no_room(True)
        await bus.send(call_with(2, "h", [0]), given[:2])
        assert b"InconsistentMessage" in await bus.receive()
        await bus.send(call_with(1), [given[2]])
        assert (await bus.receive())[1] == 2  # it has no use for it
        no_room(False)
        await bus.send(call_with(0))
        assert (await bus.receive())[1] == 2
        await bus.send(call_with(1, "h", [0]), [given[3]])
        assert (await bus.receive())[1] == 2
        assert service.seen == ["x", "x", b"four"]
        for fd in given:
            os.close(fd)
        assert open_pipes() == before
        assert caplog.text.count("no room for file descriptors") == 1


async def test_what_is_read_at_once_keeps_in_step(tmp_path: Path, no_room: Any) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        service = Service(client)
        given = [pipe_with(b"one"), pipe_with(b"two")]
        no_room(True)
        assert bus.sock is not None
        bus.sock.send(call_with(0, "s", ["first"]))
        socket.send_fds(bus.sock, [call_with(1, "h", [0])], given[:1])
        bus.sock.send(call_with(0, "s", ["third"]))
        client.connection._bus._reader.readable()
        no_room(False)
        socket.send_fds(bus.sock, [call_with(1, "h", [0])], given[1:])
        for fd in given:
            os.close(fd)
        await until(lambda: len(service.seen) == 3)
        assert service.seen == ["first", "third", b"two"]


def test_a_descriptor_that_is_named_without_end_is_refused() -> None:
    """A body names one in four bytes, and each time it would become another one of ours."""
    before = open_pipes()
    count = MOST_USES + 1
    body = b"l" + bytes(7) + struct.pack("<I", 4 * count) + bytes(4 * count)
    with pytest.raises(InvalidMessage, match="names descriptors more than"):
        decode_body("ah", body, 8, [pipe_end()])
    assert open_pipes() == before


async def strange_bus(tmp_path: Path) -> tuple[FakeBus, Ours]:
    """A bus which is not to send descriptors, and a client that it has welcomed."""
    bus = FakeBus(tmp_path)
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(bus.address.removeprefix("unix:path="))
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.welcome())
        connection = group.create_task(connect_socket(sock, takes_fds=False))
    return bus, Ours(connection.result())


@pytest.mark.parametrize("made", [lambda fd: fd, wrapped], ids=["itself", "in another's queue"])
@pytest.mark.promise("A machine's own bus holds up nobody by the sockets that it sends", where="bare host")
async def test_who_is_not_to_send_descriptors_is_hung_up_on(tmp_path: Path, made: Any) -> None:
    bus, client = await strange_bus(tmp_path)
    try:
        with lingering() as fd:
            given, begun = made(fd), time.monotonic()
            await bus.send(b"l", [given])
            os.close(given)
            async with asyncio.timeout(SOON):
                await client.connection.wait_closed()
            assert time.monotonic() - begun < SOON
    finally:
        await client.close()
        bus.close()


async def test_nor_may_they_come_with_the_authentication(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with theirs, lingering() as fd:
        begun = time.monotonic()
        socket.send_fds(theirs, [b"OK 0123456789abcdef0123456789abcdef\r\n"], [fd])
        os.close(fd)
        with pytest.raises(ConnectFailed, match="nobody asked for"):
            await connect_socket(ours, takes_fds=False)
        assert time.monotonic() - begun < SOON
