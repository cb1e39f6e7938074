"""Sockets that cannot be closed at once, sent with any message, hold up nobody."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from machined.wire import Call
from tests.service.wire.drivers import INTERFACE, PATH, Ours
from tests.service.wire.fakebus import CLIENT, SIGNAL_FIELDS, FakeBus, Field, fake_bus, frame
from tests.support.lingering import SOON, lingering, wrapped

CALL: list[Field] = [(1, "o", PATH), (2, "s", INTERFACE), (3, "s", "Take"), (7, "s", ":1.7")]


@pytest.fixture(params=[lambda fd: fd, wrapped], ids=["itself", "in another's queue"])
def given(request: pytest.FixtureRequest) -> Iterator[int]:
    """A descriptor that waits when it is closed."""
    with lingering() as fd:
        made: Callable[[int], int] = request.param
        yield made(fd)


async def is_answered_soon(bus: FakeBus, begun: float) -> bool:
    return await bus.is_answered() and time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        pytest.param(4, SIGNAL_FIELDS, id="signal"),
        pytest.param(1, CALL, id="call"),
        pytest.param(2, [(5, "u", 99), (6, "s", CLIENT)], id="reply"),
    ],
)
async def test_messages_with_lingering_sockets(
    tmp_path: Path, given: int, kind: int, fields: list[Field]
) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        client.connection.serve(lambda _call: None)
        message = bytearray(frame(kind, [*fields, (9, "u", 1)], "h", [0]))
        message[2] |= 1  # no reply is expected
        begun = time.monotonic()
        await bus.send(bytes(message), [given])
        os.close(given)
        assert await is_answered_soon(bus, begun)


async def test_a_connection_that_ends_with_what_nobody_has_read(tmp_path: Path, given: int) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        await bus.send(b"x", [given])
        os.close(given)
        begun = time.monotonic()
        client.connection.abort()
        assert time.monotonic() - begun < SOON


async def test_an_argument_of_a_call_through_a_real_bus(pair: tuple[Any, Any], given: int) -> None:
    service, client = pair
    release = asyncio.Event()

    async def wait(_call: Call) -> None:
        await release.wait()

    service.serve(wait)
    call = asyncio.create_task(client.call(service.unique_name, PATH, INTERFACE, "Take", "h", given))
    await client.drain()
    await client.call(service.unique_name, PATH, "org.freedesktop.DBus.Peer", "Ping")
    begun = time.monotonic()
    release.set()  # by now nobody but the service has it
    await call
    await client.call(service.unique_name, PATH, "org.freedesktop.DBus.Peer", "Ping")
    assert time.monotonic() - begun < SOON
