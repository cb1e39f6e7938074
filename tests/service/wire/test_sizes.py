"""What is too long for the system bus is not sent: it throws out who does (dbus-daemon(1))."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.wire import Call, CallError, Connection, InvalidMessage, connect
from machined.wire.header import MAX_SENT
from machined.wire.serving import Answer
from tests.service.wire.drivers import INTERFACE, PATH
from tests.support.daemon import private_daemon

OF_SYSTEM_BUS = {"max_message_size": 32 << 20}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Connection, Connection]]:
    """A service and a client on a bus that takes as much as the system bus does."""
    with private_daemon(tmp_path, limits=OF_SYSTEM_BUS) as address:
        service, client = await connect(address), await connect(address)
        service.serve(_answer)
        yield service, client
        await client.close()
        await service.close()


def _answer(call: Call) -> Answer:
    if call.member == "Refuse":
        raise CallError("org.example.No", "\x01" * call.body[0])
    return "ay", [bytes(call.body[0])]


async def test_a_reply_that_is_too_long_is_an_error(pair: tuple[Connection, Connection]) -> None:
    service, client = pair
    with pytest.raises(CallError, match="does not fit into a message") as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Tell", "u", MAX_SENT)
    assert caught.value.name == "org.freedesktop.DBus.Error.Failed"
    assert await client.call(service.unique_name, PATH, INTERFACE, "Tell", "u", 1) == [b"\0"]


async def test_as_much_as_the_bus_takes_is_sent(pair: tuple[Connection, Connection]) -> None:
    service, client = pair
    (body,) = await client.call(service.unique_name, PATH, INTERFACE, "Tell", "u", MAX_SENT - 64)
    assert len(body) == MAX_SENT - 64
    assert service.is_open


async def test_a_call_and_a_signal_that_are_too_long_are_not_sent(
    pair: tuple[Connection, Connection],
) -> None:
    service, client = pair
    with pytest.raises(InvalidMessage, match="larger than"):
        await client.call(service.unique_name, PATH, INTERFACE, "Tell", "ay", bytes(MAX_SENT))
    with pytest.raises(InvalidMessage, match="larger than"):
        client.emit(PATH, INTERFACE, "Told", "ay", bytes(MAX_SENT))
    await asyncio.sleep(0)
    assert client.is_open


async def test_the_text_of_an_error_is_cut(pair: tuple[Connection, Connection]) -> None:
    service, client = pair
    with pytest.raises(CallError) as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Refuse", "u", 34 << 20)
    assert caught.value.name == "org.example.No"
    assert len(caught.value.message) == 1024
    assert caught.value.message.endswith("\x01...")
