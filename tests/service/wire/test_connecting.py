"""Addresses, connecting, authenticating, hanging up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_next.aio import MessageBus

from machined.wire import ConnectFailed, ConnectionLost, Signal, connect, system_address
from machined.wire.address import socket_names
from tests.conftest import open_fds
from tests.service.wire.drivers import INTERFACE, PATH, Ours
from tests.service.wire.fakebus import FakeBus, fake_bus, frame
from tests.support.daemon import private_daemon

pytestmark = pytest.mark.usefixtures("no_task_left")


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("unix:path=/run/bus", [b"/run/bus"]),
        ("unix:abstract=/tmp/x", [b"\0/tmp/x"]),
        ("unix:path=/a%20b%3b%2C%3d", [b"/a b;,="]),
        ("unix:path=/a,guid=12;unix:abstract=b;", [b"/a", b"\0b"]),
        ("unix:path=/a%ff", [b"/a\xff"]),
    ],
)
def test_addresses_are_read(address: str, names: list[bytes]) -> None:
    assert socket_names(address) == names


@pytest.mark.parametrize(
    "address",
    ["", ";", "/run/bus", "tcp:host=x,port=1", "unix:", "unix:path", "unix:path=", "unix:path=/a b",
     "unix:path=%zz", "unix:path=%2", "unix:path=/a,abstract=b", "unix:abstract=", "unix:tmpdir=/tmp",
     "unix:path=/é"],
)  # fmt: skip
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConnectFailed, match="cannot connect to"):
        await connect(address)


def test_the_system_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    assert system_address() == "unix:path=/run/dbus/system_bus_socket"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/other")
    assert system_address() == "unix:path=/other"


async def test_the_first_address_that_works_is_taken(address: str) -> None:
    connection = await connect(f"unix:path=/nowhere;{address}")
    assert connection.unique_name.startswith(":")
    await connection.close()


async def test_an_abstract_socket(tmp_path: Path) -> None:
    name = f"machined-wire-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        with pytest.raises(ConnectFailed, match="no answer within"):
            await connect(f"unix:abstract={name}", timeout=0.05)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("unix:path=/nowhere/bus", "No such file"),
        ("unix:path=/dev/null", "refused"),
        ("unix:path=/" + "x" * 200, "too long"),
    ],
)
async def test_a_failure_to_connect_is_told(address: str, reason: str) -> None:
    with pytest.raises(ConnectFailed, match=reason):
        await connect(address)


async def test_plain_connects_and_blocks_in_its_constructor(address: str) -> None:
    """Why our constructor takes a socket that `connect` has got without blocking."""
    bus = MessageBus(bus_address=address)
    assert bus._sock.getpeername()
    bus._stream.close()
    bus._sock.close()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """The address of somebody who takes connections and never says anything."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/silent")
        listener.listen(0)
        yield f"unix:path={tmp_path}/silent"


async def test_a_silent_peer_costs_no_more_than_the_timeout(silent: str) -> None:
    before = open_fds()
    with pytest.raises(ConnectFailed, match=r"no answer within 0\.1 seconds"):
        await connect(silent, timeout=0.1)
    assert open_fds() == before


async def test_a_full_listener_is_waited_for_without_blocking(silent: str) -> None:
    name = silent.removeprefix("unix:path=")
    others = []
    try:
        while True:  # until its queue is full
            others.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
            try:
                others[-1].connect(name)
            except BlockingIOError:
                break
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        with pytest.raises(ConnectFailed, match="no answer within"):
            await connect(silent, timeout=0.3)
        ticking.cancel()
        await asyncio.wait([ticking])
        assert ticks > 5
    finally:
        for other in others:
            other.close()


@pytest.mark.parametrize(
    "answer",
    [b"REJECTED EXTERNAL\r\n", b"NONSENSE\r\n", b"\xff\r\n", b"x" * 20_000, b""],
    ids=["rejected", "nonsense", "no text", "endless", "nothing"],
)
async def test_a_refused_authentication_leaves_nothing(tmp_path: Path, answer: bytes) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()
        with contextlib.suppress(ConnectionError):  # it hangs up on the endless line
            await writer.wait_closed()

    server = await asyncio.start_unix_server(greet, tmp_path / "bus")
    async with server:
        before = open_fds()
        with pytest.raises(ConnectFailed, match="authentication"):
            await connect(f"unix:path={tmp_path}/bus")
        await asyncio.sleep(0.02)
        assert open_fds() == before


async def test_a_cancelled_connect_leaves_nothing(silent: str) -> None:
    before = open_fds()
    task = asyncio.create_task(connect(silent))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert open_fds() == before


async def test_a_refused_hello_leaves_nothing(tmp_path: Path) -> None:
    bus = FakeBus(tmp_path)
    sent = bus.send

    async def refuse(_data: bytes) -> None:
        await sent(frame(3, [(4, "s", "org.example.Full"), (5, "u", 1)], "s", ["no room"]))

    bus.send = refuse  # type: ignore[method-assign]
    welcome = asyncio.create_task(bus.welcome())
    with pytest.raises(ConnectFailed, match="no room"):
        await connect(bus.address)
    await welcome
    bus.close()


async def test_pending_calls_end_with_the_connection(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        calls = [
            asyncio.create_task(client.connection.call(":1.7", PATH, INTERFACE, "Wait", timeout=t))
            for t in (None, 9.0)
        ]
        await bus.receive()
        bus.close()
        async with asyncio.timeout(3):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)
        assert "Wait of :1.7" in str(results[0])
        assert not client.is_open
        with pytest.raises(ConnectionLost):
            await client.call(":1.7", "Wait")


async def test_a_call_does_not_look_answered_when_its_own_side_hangs_up(tmp_path: Path, library: Any) -> None:
    async with fake_bus(tmp_path, library) as (bus, client):
        wire = client.connection if library is Ours else client.bus
        if library is Ours:
            call = asyncio.create_task(client.call(":1.7", "Wait"))
        else:
            from dbus_next import Message

            call = asyncio.create_task(wire.call(Message(":1.7", PATH, INTERFACE, "Wait")))
        await bus.receive()
        if library is Ours:
            await wire.close()
        else:
            wire._finalize(None)
        async with asyncio.timeout(2):
            (result,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(result, ConnectionLost)


async def test_the_end_is_told_once(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        told: list[Exception | None] = []
        client.connection.on_closed(told.append)
        client.connection.on_closed(lambda _reason: 1 / 0)  # type: ignore[arg-type, return-value]
        client.connection.on_closed(told.append)
        bus.close()
        await client.connection.wait_closed()
        await client.close()
        client.connection.on_closed(told.append)
        await asyncio.sleep(0)
        assert [type(reason) for reason in told] == [ConnectionLost] * 3


async def test_closing_ourselves_is_no_error_and_flushes(address: str) -> None:
    one, other = await connect(address), await connect(address)
    heard: list[int] = []
    told: list[Exception | None] = []
    all_heard = asyncio.Event()

    def hear(signal: Signal) -> None:
        heard.append(signal.body[0])
        if len(heard) == 2_000:
            all_heard.set()

    await other.subscribe(hear, interface=INTERFACE)
    one.on_closed(told.append)
    for number in range(2_000):
        one.emit(PATH, INTERFACE, "Changed", "us", number, "x" * 500)
    await asyncio.gather(one.close(), one.close())
    await one.wait_closed()
    assert told == [None]
    assert not one.is_open
    await asyncio.wait_for(all_heard.wait(), 5)
    await other.close()


async def test_closing_does_not_wait_for_a_peer_that_does_not_read(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (_bus, client):
        client.connection.emit(PATH, INTERFACE, "Changed", "ay", bytes(5_000_000))
        start = time.monotonic()
        await client.close()
        assert time.monotonic() - start < 3


async def test_the_bus_goes_away(tmp_path: Path) -> None:
    with private_daemon(tmp_path) as address:
        connection = await connect(address)
        told: list[Exception | None] = []
        connection.on_closed(told.append)
        serving = await connect(address)
        serving.serve(lambda _call: asyncio.sleep(60))
        call = asyncio.create_task(
            connection.call(serving.unique_name, PATH, INTERFACE, "Wait", timeout=None)
        )
        await connection.drain()
    async with asyncio.timeout(3):
        await connection.wait_closed()
        await serving.wait_closed()
        with pytest.raises(ConnectionLost):
            await call
    assert "closed the connection" in str(told[0])
    await serving.close()
