"""What the bus keeps for its clients, and who has to go when it is too much or too long."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire import CallError, Connection, connect_socket
from tests.service.local_bus.conftest import ECHO, ECHO_PATH
from tests.service.local_bus.hostile import start
from tests.service.local_bus.raw import BUS, BUS_PATH, SIGNAL, UNIX_FDS, RawClient, frame
from tests.support.waiting import until

Join = Callable[..., Awaitable[RawClient]]
PIECE = 60_000
LOUD = [(1, "o", ECHO_PATH), (2, "s", ECHO), (3, "s", "Shouted")]


@pytest.fixture
def limits() -> Limits:
    """Half a second for descriptors; so much waiting that five slow readers are too many."""
    return Limits(descriptor_seconds=0.5, waiting_bytes=30 * PIECE, authentication_seconds=5)


async def names(connection: Connection) -> list[str]:
    (found,) = await connection.call(BUS, BUS_PATH, BUS, "ListNames")
    return [name for name in found if name.startswith(":")]


async def test_one_that_goes_is_enough(bus: LocalBus, join: Join, echo: Connection) -> None:
    stalled = [await join(bus.address) for _ in range(6)]
    for client in stalled:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await client.call("AddMatch", "s", f"sender='{ECHO}'")
    before = len(await names(echo))
    while len(await names(echo)) == before:
        echo.emit(ECHO_PATH, ECHO, "Shouted", "s", "x" * PIECE)
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert before - len(await names(echo)) == 1


async def test_who_sent_us_its_own_socket_is_let_go_all_the_same(
    bus: LocalBus, join: Join, echo: Connection
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    present = len(await names(echo))
    half = await join(bus.address)
    await half.send(start(body=5000) + bytes(10), [half.sock.fileno()])
    deaf = await join(bus.address)
    await deaf.call("AddMatch", "s", "member='Shouted'")
    for _ in range(6):
        await deaf.send(frame(SIGNAL, 8, LOUD, "s", ["x" * 100_000]))
    await deaf.send(frame(SIGNAL, 9, [*LOUD, (UNIX_FDS, "u", 1)], "h", [0]), [deaf.sock.fileno()])
    half.close()
    deaf.close()
    await until(lambda: len(os.listdir("/proc/self/fd")) <= before, what="the descriptors of both")
    assert len(await names(echo)) == present


async def test_descriptors_that_are_read_in_time_cost_nobody_his_place(
    bus: LocalBus, join: Join, echo: Connection
) -> None:
    client = await join(bus.address)
    for _ in range(4):
        reply = await client.call("Pipe", destination=ECHO, interface=ECHO, path=ECHO_PATH)
        for fd in reply.fds:
            os.close(fd)
        await asyncio.sleep(0.2)
    assert (await client.call("GetId")).body


async def test_an_adopted_client_is_one_like_others(bus: LocalBus) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    gone: list[None] = []
    bus.adopt(theirs, lambda: gone.append(None))
    client = await connect_socket(ours)
    assert await names(client) == [client.unique_name]
    with pytest.raises(CallError):
        await client.call(BUS, BUS_PATH, BUS, "GetNameOwner", "s", "a.b")
    await client.close()
    await until(lambda: gone)
    await asyncio.sleep(0)
    assert gone == [None]


async def test_a_closed_bus_adopts_nobody(bus: LocalBus) -> None:
    await bus.close()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, pytest.raises(RuntimeError):
        bus.adopt(theirs)
    assert theirs.fileno() == -1


@pytest.mark.parametrize("size", [2**27, 2**27 - 32])
async def test_a_message_must_leave_room_for_its_sender(bus: LocalBus, join: Join, size: int) -> None:
    client = await join(bus.address)
    await client.send(start(body=size - 16 - 8, fields=8))
    assert await client.is_cut_off()
