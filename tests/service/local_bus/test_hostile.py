"""One client that means ill: it is cut off or held within limits, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire import Connection
from tests.service.local_bus.conftest import ECHO, ECHO_PATH
from tests.service.local_bus.hostile import BORNE, BYTES, CUT_OFF, PING, Way, half_a_message, hangs_up, start
from tests.service.local_bus.raw import CALL, RawClient, call_fields, frame
from tests.support.waiting import until

Join = Callable[..., Awaitable[RawClient]]
Stranger = Callable[[str], Awaitable[RawClient]]


@pytest.fixture
def limits() -> Limits:
    """Low enough to be reached in no time."""
    return Limits(
        outgoing_bytes=4 << 20,
        outgoing_messages=5000,
        outgoing_fds=64,
        rules_per_client=500,
        names_per_client=500,
        pending_calls_per_client=500,
        incoming_bytes=1 << 20,
    )


@pytest.fixture
async def good(bus: LocalBus, join: Join, echo: Connection) -> AsyncIterator[RawClient]:
    """A client that must not notice anything."""
    client = await join(bus.address)
    await client.call("AddMatch", "s", f"sender='{ECHO}'")
    yield client
    options = {"destination": ECHO, "interface": ECHO, "path": ECHO_PATH}
    await client.call("Shout", "s", "loud", **options)
    assert (await client.call("Echo", "s", "alive", **options)).body == ["alive"]
    assert [one.body for one in client.heard if one.member == "Shouted"] == [["loud"]]


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("data", BYTES.values(), ids=BYTES.keys())
async def test_what_is_no_message_ends_the_connection(bus: LocalBus, join: Join, data: bytes) -> None:
    client = await join(bus.address)
    with contextlib.suppress(ConnectionError):
        await client.send(data)
    assert await client.is_cut_off()
    assert bus._load.incoming == 0


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    "data",
    [
        frame(CALL, 1, PING),
        frame(CALL, 1, call_fields("GetId")),
        frame(CALL, 1, call_fields("Hello", "a.b")),
        frame(CALL, 1, call_fields("Hello"), "s", ["x"]),
    ],
    ids=["ping", "another method", "elsewhere", "with an argument"],
)
async def test_who_does_not_begin_with_hello_is_cut_off(
    bus: LocalBus, stranger: Stranger, data: bytes
) -> None:
    client = await stranger(bus.address)
    await client.authenticate()
    await client.send(data)
    assert await client.is_cut_off()


@pytest.mark.usefixtures("good")
async def test_descriptors_without_negotiation(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address, fds=False)
    await client.send(frame(CALL, 5, PING), [client.sock.fileno()])
    assert await client.is_cut_off()


@pytest.mark.usefixtures("good")
async def test_descriptors_during_the_authentication(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    await client.send(b"\0AUTH EXTERNAL\r\n", [client.sock.fileno()])
    assert await client.is_cut_off()


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("way", CUT_OFF)
async def test_cut_off(bus: LocalBus, join: Join, way: Way) -> None:
    client = await join(bus.address)
    fds = len(os.listdir("/proc/self/fd"))
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            await way(client, ECHO)
    assert await client.is_cut_off()
    assert len(bus._router.clients) == 2
    await until(lambda: len(os.listdir("/proc/self/fd")) == fds - 1, what="descriptors")
    assert (bus._load.incoming, bus._load.waiting) == (0, 0)


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("way", BORNE)
async def test_borne(bus: LocalBus, join: Join, way: Way) -> None:
    client = await join(bus.address)
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(2):
            await way(client, ECHO)
    peers = [peer for peer in bus._router.clients if peer.name == client.name]
    for peer in peers:
        assert peer.rule_count <= 500
        assert len(peer.names) <= 501
        assert len(peer.calls) <= 500
        assert peer.waiting <= 5 << 20
    client.close()
    await until(lambda: len(bus._router.clients) == 2)
    assert bus._load.incoming == 0


async def test_the_largest_of_unfinished_messages_goes_first(bus: LocalBus, join: Join) -> None:
    small, large = await join(bus.address), await join(bus.address)
    await small.send(start(body=2 << 20) + bytes(300_000))
    with contextlib.suppress(ConnectionError):
        await large.send(start(body=2 << 20) + bytes(900_000))
    assert await large.is_cut_off()
    assert bus._load.incoming < 1 << 20
    assert any(peer.name == small.name for peer in bus._router.clients)


async def test_a_flood_leaves_others_their_turns(bus: LocalBus, join: Join, good: RawClient) -> None:
    flooding = await join(bus.address)

    async def flood() -> None:
        data = frame(CALL, 1, call_fields("GetId"), flags=1) * 500
        while True:
            await flooding.send(data)

    task = asyncio.create_task(flood())
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for number in range(50):
        began = loop.time()
        options = {"destination": ECHO, "interface": ECHO, "path": ECHO_PATH}
        assert (await good.call("Echo", "u", number, **options)).body == [number]
        slowest = max(slowest, loop.time() - began)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    assert slowest < 2.0


async def test_a_call_to_one_that_does_not_read_is_refused_not_the_callee(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    refused = 0
    for _ in range(100):
        serial = await caller.start("Do", "s", "x" * 100_000, destination=callee.name)
        if any(one.reply_serial == serial for one in await caller.sync()):
            refused += 1
    assert 0 < refused < 100
    for _ in range(100 - refused):
        assert (await callee.until(lambda message: message.member == "Do")).body == ["x" * 100_000]
    assert (await callee.call("GetId")).error == ""


async def test_all_ways_at_once(bus: LocalBus, join: Join, good: RawClient) -> None:
    clients = [await join(bus.address) for _ in [*CUT_OFF, *BORNE]]
    ways = [way for way in (*CUT_OFF, *BORNE) if way not in {half_a_message, hangs_up}]
    tasks = [asyncio.create_task(way(client, ECHO)) for way, client in zip(ways, clients, strict=False)]
    options = {"destination": ECHO, "interface": ECHO, "path": ECHO_PATH}
    for number in range(100):
        assert (await good.call("Echo", "u", number, **options)).body == [number]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            assert isinstance(error, ConnectionError), error
