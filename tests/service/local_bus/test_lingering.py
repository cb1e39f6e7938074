"""Sockets that cannot be closed at once, sent to the bus or through it, hold up nobody."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from machined.bus.local import LocalBus
from tests.service.local_bus.conftest import ECHO, Join
from tests.service.local_bus.raw import BUS, SIGNAL, UNIX_FDS, RawClient, call_fields, frame
from tests.support.lingering import SOON, lingering, wrapped

Way = Callable[[RawClient, int], Awaitable[None]]


@pytest.fixture(params=[lambda fd: fd, wrapped], ids=["itself", "in another's queue"])
def given(request: pytest.FixtureRequest) -> Iterator[int]:
    """A descriptor that waits when it is closed."""
    with lingering() as fd:
        made: Callable[[int], int] = request.param
        yield made(fd)


async def to_the_bus(client: RawClient, fd: int) -> None:
    await client.start("GetId", "h", 0, fds=[fd])


async def to_a_service(client: RawClient, fd: int) -> None:
    await client.start("Nothing", "h", 0, destination=ECHO, interface=ECHO, fds=[fd])


async def to_nobody(client: RawClient, fd: int) -> None:
    await client.start("Nothing", "h", 0, destination="no.body", fds=[fd])


async def to_all(client: RawClient, fd: int) -> None:
    fields = [*call_fields("Shouted", "", ECHO), (UNIX_FDS, "u", 1)]
    await client.send(frame(SIGNAL, 77, fields, "h", [0]), [fd])


async def in_half_a_message(client: RawClient, fd: int) -> None:
    await client.send(frame(SIGNAL, 77, call_fields("Shouted", "", ECHO), "h", [0])[:20], [fd])
    client.sock.close()


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize("way", [to_the_bus, to_a_service, to_nobody, to_all, in_half_a_message])
async def test_a_lingering_socket(bus: LocalBus, join: Join, given: int, way: Way) -> None:
    giver, other = await join(bus.address), await join(bus.address)
    begun = time.monotonic()
    await way(giver, given)
    os.close(given)
    for _ in range(3):
        assert (await other.call("NameHasOwner", "s", BUS)).body == [1]
    assert time.monotonic() - begun < SOON
