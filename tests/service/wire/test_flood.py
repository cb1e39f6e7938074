"""Much at once: full sockets, floods, large replies."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from dbus_next import Message

from machined.wire import ConnectionLost
from tests.service.wire.drivers import INTERFACE, PATH, Driver, Ours
from tests.service.wire.fakebus import SIGNAL_FIELDS, fake_bus, frame

BURST = 20_000
FLOOD = 30_000
STALL = 0.3  # seconds; ours: 0.012 to 0.02 on an idle machine, 0.15 on a very busy one; plain: more than 1.5


async def test_a_burst_of_signals_arrives(peers: tuple[Driver, Driver]) -> None:
    service, client = peers
    heard: list[int] = []
    done = asyncio.Event()

    def hear(body: list[Any]) -> None:
        heard.append(body[0])
        if len(heard) == BURST:
            done.set()

    await client.on_signal(hear)
    for number in range(BURST):
        service.emit("Changed", "us", number, "x" * 100)
    async with asyncio.timeout(20 if isinstance(service, Ours) else 3):
        await done.wait()
    assert heard == list(range(BURST))
    assert service.is_open


async def test_a_burst_of_calls_is_answered(peers: tuple[Driver, Driver]) -> None:
    service, client = peers
    service.on_call(lambda _member, body: ("u", body[:1]))
    async with asyncio.timeout(40 if isinstance(service, Ours) else 3):
        calls = (client.call(service.unique_name, "Echo", "us", n, "x" * 100) for n in range(BURST))
        replies = await asyncio.gather(*calls)
    assert [reply[0] for reply in replies] == list(range(BURST))


async def test_a_flood_does_not_stall_the_loop(tmp_path: Path, library: Any) -> None:
    blob = frame(4, SIGNAL_FIELDS, "s", ["small"]) * FLOOD
    async with fake_bus(tmp_path, library) as (bus, client):
        if library is Ours:
            bus_side = asyncio.create_task(_admit(bus))
        heard = 0
        done = asyncio.Event()

        def hear(_body: list[Any]) -> None:
            nonlocal heard
            heard += 1
            if heard == FLOOD:
                done.set()

        if library is Ours:
            await client.on_signal(hear)
            await bus_side
        else:
            client.bus.add_message_handler(lambda message: hear(message.body))
        assert bus.sock is not None
        bus.sock.setblocking(True)
        sender = threading.Thread(target=bus.sock.sendall, args=(blob,))
        longest = asyncio.create_task(_longest_gap(done))
        sender.start()
        async with asyncio.timeout(30):
            stall = await longest
        sender.join()
        assert heard == FLOOD
        assert client.is_open
        assert stall < STALL


async def _admit(bus: Any) -> None:
    """Answer AddMatch, the client's second message."""
    await bus.receive()
    await bus.send(frame(2, [(5, "u", 2), (7, "s", "org.freedesktop.DBus")]))


async def _longest_gap(done: asyncio.Event) -> float:
    longest, last = 0.0, time.monotonic()
    while not done.is_set():
        await asyncio.sleep(0.001)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


async def test_a_reply_of_10_mb_in_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 40_000
    reply = frame(2, [(5, "u", 2), (7, "s", ":1.7")], "ay", [content])
    async with fake_bus(tmp_path, Ours) as (bus, client):
        call = asyncio.create_task(client.call(":1.7", "Read"))
        await bus.receive()
        for start in range(0, len(reply), 100_000):
            await bus.send(reply[start : start + 100_000])
        assert await call == [content]
        assert await bus.is_answered()


async def test_a_large_message_passes_a_real_bus(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def echo(call: Any) -> tuple[str, list[Any]]:
        return "ay", call.body

    service.serve(echo)
    content = bytes(10_000_000)
    assert await client.call(service.unique_name, PATH, INTERFACE, "Echo", "ay", content) == [content]


async def test_messages_queued_when_the_connection_dies_fail(tmp_path: Path, library: Any) -> None:
    async with fake_bus(tmp_path, library) as (bus, client):

        def send() -> asyncio.Future[None]:
            if library is Ours:
                client.connection.emit(PATH, INTERFACE, "Changed", "ay", bytes(100_000))
                return asyncio.ensure_future(client.connection.drain())
            return client.bus.send(Message.new_signal(PATH, INTERFACE, "Changed", "ay", [bytes(100_000)]))

        futures = [send() for _ in range(50)]
        await asyncio.sleep(0.05)
        bus.close()
        _, pending = await asyncio.wait(futures, timeout=2)
        assert not pending
        assert futures[-1].exception() is not None


async def test_drain_waits_for_the_socket_and_ends_with_the_connection(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        connection = client.connection
        await connection.drain()  # nothing queued
        connection.emit(PATH, INTERFACE, "Changed", "ay", bytes(5_000_000))
        drained = asyncio.create_task(connection.drain())
        received = 0
        while received < 5_000_000:
            assert not drained.done() or received > 4_000_000
            received += len(await bus.receive())
        await drained
        connection.emit(PATH, INTERFACE, "Changed", "ay", bytes(5_000_000))
        lost = asyncio.create_task(connection.drain())
        await asyncio.sleep(0.01)
        bus.close()
        error = (await asyncio.gather(lost, return_exceptions=True))[0]
        assert isinstance(error, ConnectionLost)
