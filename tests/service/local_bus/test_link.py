"""An attached connection is as good as one over a socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire import (
    Call,
    CallError,
    CallTimeout,
    Connection,
    ConnectionLost,
    InvalidMessage,
    Signal,
    connect,
)
from machined.wire.header import MAX_FDS
from tests.service.local_bus.conftest import ECHO, ECHO_PATH
from tests.service.wire.drivers import open_pipes, pipe_end
from tests.support.waiting import until

PATH, INTERFACE = "/org/example/Link", "org.example.Link"


@pytest.fixture(params=["attached", "socket"])
async def client(bus: LocalBus, request: pytest.FixtureRequest) -> AsyncIterator[Connection]:
    """A client, attached or over the socket: both must be the same to use."""
    connection = bus.attach() if request.param == "attached" else await connect(bus.address)
    yield connection
    await connection.close()


async def test_it_calls_and_is_called(bus: LocalBus, echo: Connection, client: Connection) -> None:
    assert client.address == bus.address
    assert client.unique_name.startswith(":1.")
    assert await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "sai", "x", [1, 2]) == ["x", [1, 2]]
    with pytest.raises(CallError, match="UnknownMethod"):
        await client.call(ECHO, ECHO_PATH, ECHO, "Nothing")
    with pytest.raises(CallError, match="ServiceUnknown"):
        await client.call("org.example.Nobody", ECHO_PATH, ECHO, "Nothing")
    with pytest.raises(CallTimeout):
        await client.call(ECHO, ECHO_PATH, ECHO, "Never", timeout=0.05)
    with pytest.raises(InvalidMessage):
        await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "s", "a\0b")
    assert await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "s", "still there") == ["still there"]


async def test_it_knows_who_calls(bus: LocalBus, client: Connection) -> None:
    service = bus.attach()
    calls: list[Call] = []

    async def handler(call: Call) -> None:
        calls.append(call)

    service.serve(handler)
    await client.call(service.unique_name, PATH, INTERFACE, "Do", interactive=True)
    assert (calls[0].sender, calls[0].path, calls[0].is_interactive) == (client.unique_name, PATH, True)
    await service.close()
    assert not service.is_open
    with pytest.raises(CallError, match="ServiceUnknown"):
        await client.call(service.unique_name, PATH, INTERFACE, "Do")


async def test_signals_names_and_owners(bus: LocalBus, echo: Connection, client: Connection) -> None:
    heard: list[Signal] = []
    owners: list[str] = []
    subscription = await client.subscribe(heard.append, sender=ECHO, interface=ECHO)
    await client.watch_name("org.example.New", owners.append)
    echo.emit(ECHO_PATH, ECHO, "Shouted", "s", "one")
    assert not heard
    await until(lambda: len(heard) == 1)
    await subscription.cancel()
    echo.emit(ECHO_PATH, ECHO, "Shouted", "s", "two")
    assert await echo.request_name("org.example.New")
    assert not await client.request_name("org.example.New")
    await echo.release_name("org.example.New")
    await until(lambda: owners == [echo.unique_name, ""])
    assert [one.body for one in heard] == [["one"]]


async def test_descriptors_change_hands_once(bus: LocalBus, echo: Connection, client: Connection) -> None:
    before = open_pipes()
    for _ in range(20):
        (fd,) = await client.call(ECHO, ECHO_PATH, ECHO, "Pipe")
        assert os.read(fd, 20) == b"from the pipe"
        assert not os.get_inheritable(fd)
        os.close(fd)
        given = pipe_end()
        os.set_inheritable(given, True)
        assert await client.call(ECHO, ECHO_PATH, ECHO, "Size", "h", given) == [0]
    with pytest.raises(CallError):
        await client.call("org.example.Nobody", ECHO_PATH, ECHO, "Size", "h", pipe_end())
    with pytest.raises(InvalidMessage):
        await client.call(ECHO, ECHO_PATH, ECHO, "Size", "h" * 17, *[pipe_end() for _ in range(MAX_FDS + 1)])
    client.emit(PATH, INTERFACE, "Tick", "h", pipe_end())
    await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "s", "x")
    assert open_pipes() == before


async def test_a_signal_with_a_descriptor_reaches_everybody(bus: LocalBus, client: Connection) -> None:
    sender, other = bus.attach(), await connect(bus.address)
    reading, writing = os.pipe()
    os.write(writing, b"xyz")
    os.close(writing)
    read: list[bytes] = []
    for one in (client, other, sender):
        await one.subscribe(lambda signal: read.append(os.read(signal.body[0], 1)), member="Tick")
    sender.emit(PATH, INTERFACE, "Tick", "h", reading)
    await until(lambda: len(read) == 3)
    assert sorted(read) == [b"x", b"y", b"z"]
    await other.close()
    await sender.close()


async def test_nothing_is_called_back_before_sending_returned(bus: LocalBus) -> None:
    one = bus.attach()
    heard: list[Signal] = []
    await one.subscribe(heard.append, member="Tick")
    for _ in range(100):
        one.emit(PATH, INTERFACE, "Tick")
        assert not heard
    await until(lambda: len(heard) == 100)
    await one.close()


async def test_two_services_that_answer_each_other_do_not_starve_the_loop(bus: LocalBus) -> None:
    one, two = bus.attach(), bus.attach()
    count = 0

    def back(signal: Signal) -> None:
        nonlocal count
        count += 1
        (one if signal.sender == two.unique_name else two).emit(PATH, INTERFACE, "Ball")

    await one.subscribe(back, sender=two.unique_name, member="Ball")
    await two.subscribe(back, sender=one.unique_name, member="Ball")
    one.emit(PATH, INTERFACE, "Ball")
    loop = asyncio.get_running_loop()
    longest = 0.0
    end = loop.time() + 0.5
    while (now := loop.time()) < end:
        await asyncio.sleep(0)
        longest = max(longest, loop.time() - now)
    assert count > 100
    assert longest < 1.0
    await one.close()
    await two.close()


async def test_the_end_of_either_side(bus: LocalBus, client: Connection) -> None:
    service = bus.attach()
    ended: list[Exception | None] = []
    service.on_closed(ended.append)
    started = asyncio.Event()

    async def handler(_call: Call) -> None:
        started.set()
        await asyncio.Event().wait()

    service.serve(handler)
    waiting = asyncio.create_task(client.call(service.unique_name, PATH, INTERFACE, "Wait"))
    await started.wait()
    service.abort()
    with pytest.raises(CallError, match="NoReply"):
        await waiting
    assert ended == [None]
    with pytest.raises(ConnectionLost):
        service.emit(PATH, INTERFACE, "Tick")
    await service.close()
    pending = asyncio.create_task(client.call(client.unique_name, PATH, INTERFACE, "Wait", timeout=None))
    client.serve(handler)
    await asyncio.sleep(0)
    await bus.close()
    with pytest.raises((ConnectionLost, CallError)):
        await pending
    await client.wait_closed()


@pytest.mark.parametrize("limits", [Limits(outgoing_messages=1000)], ids=["1000"])
async def test_a_burst_within_the_limits_arrives_in_order(bus: LocalBus, client: Connection) -> None:
    sender = bus.attach()
    heard: list[int] = []
    await client.subscribe(lambda signal: heard.append(signal.body[0]), member="Tick")
    for number in range(20_000):
        sender.emit(PATH, INTERFACE, "Tick", "u", number)
        if number % 500 == 499:
            await sender.drain()
            await until(lambda number=number: len(heard) == number + 1)
    assert heard == list(range(20_000))
    await sender.close()


@pytest.mark.parametrize("limits", [Limits(outgoing_messages=1000)], ids=["1000"])
async def test_a_burst_beyond_the_limits_ends_the_one_that_got_it(bus: LocalBus, client: Connection) -> None:
    sender, other = bus.attach(), await connect(bus.address)
    await client.subscribe(lambda _signal: None, member="Tick")
    for _ in range(30_000):
        sender.emit(PATH, INTERFACE, "Tick", "s", "x" * 100)
    async with asyncio.timeout(5):
        await client.wait_closed()
    assert (await other.call(sender.unique_name, PATH, "org.freedesktop.DBus.Peer", "Ping")) == []
    await other.close()
    await sender.close()


async def test_large_replies(bus: LocalBus, echo: Connection, client: Connection) -> None:
    data = os.urandom(1 << 20) * 8
    assert await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "ay", data) == [data]
