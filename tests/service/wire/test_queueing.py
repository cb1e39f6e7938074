"""Many calls of one sender: how many go on at once, and that others do not wait for them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from machined.wire import Call, Connection, connect
from machined.wire.header import METHOD_CALL, NO_REPLY_EXPECTED
from machined.wire.queueing import AT_ONCE, FD_BYTES, MOST_BYTES, MOST_WAITING, SILENT_AT_ONCE
from tests.service.wire.drivers import INTERFACE, PATH, open_pipes, pipe_end
from tests.support.waiting import until

OTHERS = 1 << 20
"""A number that the flood has not."""


class Slow:
    """Serves a connection: calls of `Wait` last until they are let go, others are answered at once."""

    def __init__(self, connection: Connection) -> None:
        self.let_go = asyncio.Event()
        self.going: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done: list[int] = []
        connection.serve(self.answer)

    def answer(self, call: Call) -> Any:
        return self._wait(call) if call.member == "Wait" else ("u", [len(self.done)])

    async def _wait(self, call: Call) -> tuple[str, list[Any]]:
        self.going[call.sender] += 1
        self.most[call.sender] = max(self.most[call.sender], self.going[call.sender])
        await self.let_go.wait()
        self.going[call.sender] -= 1
        self.done.append(call.body[0])
        return "u", call.body[:1]


@pytest.fixture
async def third(address: str) -> AsyncIterator[Connection]:
    """One more client."""
    connection = await connect(address)
    yield connection
    await connection.close()


def send_silent(client: Connection, to: str, member: str, signature: str, *values: Any) -> None:
    """Make a call that wants no reply."""
    client._bus.transmit(
        METHOD_CALL,
        signature,
        values,
        flags=NO_REPLY_EXPECTED,
        destination=to,
        path=PATH,
        interface=INTERFACE,
        member=member,
    )


async def arrived(client: Connection, service: Connection) -> None:
    """Return when all has arrived that the client sent: a call of Ping comes behind it."""
    await client.call(service.unique_name, PATH, "org.freedesktop.DBus.Peer", "Ping")


async def test_calls_that_want_no_reply_go_on_a_few_at_a_time(
    pair: tuple[Any, Any], third: Connection
) -> None:
    service, client = pair
    slow = Slow(service)
    for number in range(MOST_WAITING):
        send_silent(client, service.unique_name, "Wait", "u", number)
    await arrived(client, service)
    await until(lambda: slow.going[client.unique_name] == SILENT_AT_ONCE)
    # Others are not kept waiting, with the same call nor with others; nor is the one who flooded, for a reply
    assert await third.call(service.unique_name, PATH, INTERFACE, "Get") == [0]
    assert await client.call(service.unique_name, PATH, INTERFACE, "Get") == [0]
    own = asyncio.create_task(third.call(service.unique_name, PATH, INTERFACE, "Wait", "u", OTHERS))
    await until(lambda: slow.going[third.unique_name] == 1)
    slow.let_go.set()
    assert await own == [OTHERS]
    await until(lambda: len(slow.done) == MOST_WAITING + 1)
    assert [number for number in slow.done if number != OTHERS] == list(range(MOST_WAITING))
    assert slow.done.index(OTHERS) <= SILENT_AT_ONCE
    assert slow.most[client.unique_name] == SILENT_AT_ONCE
    assert not service._server._queueing._lines


async def test_calls_that_want_a_reply_wait_for_each_other_and_all_get_one(pair: tuple[Any, Any]) -> None:
    service, client = pair
    slow = Slow(service)
    calls = [
        asyncio.create_task(client.call(service.unique_name, PATH, INTERFACE, "Wait", "u", number))
        for number in range(3 * AT_ONCE)
    ]
    await until(lambda: slow.going[client.unique_name] == AT_ONCE)
    await arrived(client, service)
    assert slow.going[client.unique_name] == AT_ONCE
    slow.let_go.set()
    assert await asyncio.gather(*calls) == [[number] for number in range(3 * AT_ONCE)]
    assert slow.most[client.unique_name] == AT_ONCE
    assert not service._server._queueing._lines


async def test_too_many_that_want_no_reply_are_left_undone(
    pair: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    service, client = pair
    slow = Slow(service)
    more = 500
    with caplog.at_level(logging.WARNING):
        for number in range(SILENT_AT_ONCE + MOST_WAITING + more):
            send_silent(client, service.unique_name, "Wait", "u", number)
        await arrived(client, service)
    assert [record.getMessage() for record in caplog.records] == [
        f"{client.unique_name} makes too many calls that want no reply: some are left undone"
    ]
    slow.let_go.set()
    await until(lambda: not service._server._queueing._lines)
    assert slow.done == list(range(SILENT_AT_ONCE + MOST_WAITING))
    send_silent(client, service.unique_name, "Wait", "u", 7)
    await until(lambda: slow.done[-1] == 7)


async def test_what_waits_may_be_so_long_and_its_descriptors_are_closed(pair: tuple[Any, Any]) -> None:
    service, client = pair
    slow = Slow(service)
    before = open_pipes()
    big = bytes(MOST_BYTES // 4)
    for number in range(SILENT_AT_ONCE):
        send_silent(client, service.unique_name, "Wait", "u", number)
    for number in range(8):
        send_silent(client, service.unique_name, "Wait", "uayh", 100 + number, big, pipe_end())
        await arrived(client, service)
    assert open_pipes() == before + 3  # four times as long and a descriptor are too much
    slow.let_go.set()
    await until(lambda: not service._server._queueing._lines)
    assert slow.done == [*range(SILENT_AT_ONCE), 100, 101, 102]
    assert open_pipes() == before


async def test_descriptors_count_for_what_waits(pair: tuple[Any, Any]) -> None:
    service, client = pair
    Slow(service)
    before = open_pipes()
    for number in range(SILENT_AT_ONCE):
        send_silent(client, service.unique_name, "Wait", "u", number)
    for number in range(MOST_BYTES // FD_BYTES // 8):
        send_silent(client, service.unique_name, "Wait", "uah", number, [pipe_end() for _ in range(16)])
        await arrived(client, service)
    assert MOST_BYTES // FD_BYTES // 2 < open_pipes() - before < MOST_BYTES // FD_BYTES
    service.abort()
    await until(lambda: open_pipes() == before)


async def test_what_waits_is_dropped_when_the_connection_ends(pair: tuple[Any, Any]) -> None:
    service, client = pair
    slow = Slow(service)
    before = open_pipes()
    for number in range(SILENT_AT_ONCE + 20):
        send_silent(client, service.unique_name, "Wait", "uh", number, pipe_end())
    await arrived(client, service)
    assert open_pipes() == before + SILENT_AT_ONCE + 20
    await service.close()
    assert open_pipes() == before
    assert slow.done == []
