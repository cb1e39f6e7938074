"""File descriptors that one side cannot pass, or that do not fit their message."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from machined.wire import (
    Call,
    InvalidMessage,
)
from tests.service.wire.drivers import INTERFACE, PATH, Ours, Plain, open_pipes, pipe_end
from tests.service.wire.fakebus import SIGNAL_FIELDS, fake_bus, frame


async def test_a_client_that_did_not_negotiate_gets_an_error(pair: tuple[Any, Any], address: str) -> None:
    from dbus_next import Message
    from dbus_next.aio import MessageBus

    service, _ = pair

    async def answer(_call: Call) -> tuple[str, Sequence[Any]]:
        return "h", [pipe_end()]

    service.serve(answer)
    before = open_pipes()
    poor = await MessageBus(bus_address=address, negotiate_unix_fd=False).connect()
    try:
        async with asyncio.timeout(3):
            reply = await poor.call(Message(service.unique_name, PATH, INTERFACE, "Open"))
        assert reply.error_name == "org.freedesktop.DBus.Error.NotSupported"
    finally:
        await Plain(poor).close()
    assert open_pipes() == before


async def test_a_bus_that_does_not_pass_descriptors_is_usable_without(tmp_path: Path, library: Any) -> None:
    before = open_pipes()
    try:
        async with fake_bus(tmp_path, library, agrees=False) as (bus, client):
            assert await bus.is_answered()
            with pytest.raises(InvalidMessage, match="does not pass file descriptors"):
                await client.call(":1.1", "Take", "h", pipe_end())
            assert await bus.is_answered()
    except* Exception as group:  # noqa: BLE001 - plain's AuthError comes out of a task group
        raise AssertionError(group.exceptions) from None
    assert open_pipes() == before


async def test_an_index_without_descriptor_is_refused(tmp_path: Path) -> None:
    before = open_pipes()
    call = [(1, "o", PATH), (2, "s", INTERFACE), (3, "s", "Take"), (7, "s", ":1.7"), (9, "u", 1)]
    async with fake_bus(tmp_path, Ours) as (bus, client):
        client.on_call(lambda _member, _body: ("", []))
        fd = pipe_end()
        await bus.send(frame(1, call, "h", [1]), [fd])
        assert b"InconsistentMessage" in await bus.receive()
        await bus.send(frame(1, call, "h", [0]))  # announced, but not sent
        assert b"InconsistentMessage" in await bus.receive()
        pending = asyncio.create_task(client.call(":1.7", "Open"))
        serial = int.from_bytes((await bus.receive())[8:12], "little")
        await bus.send(frame(2, [(5, "u", serial), (9, "u", 1)], "h", [7]), [fd])
        with pytest.raises(InvalidMessage, match="descriptor 7"):
            await pending
        os.close(fd)
        assert await bus.is_answered()
    assert open_pipes() == before


async def test_descriptors_that_no_body_names_are_closed(tmp_path: Path) -> None:
    before = open_pipes()
    async with fake_bus(tmp_path, Ours) as (bus, client):
        fds = [pipe_end(), pipe_end()]
        pending = asyncio.create_task(client.call(":1.7", "Open"))
        await bus.receive()
        await bus.send(frame(2, [(5, "u", 2), (9, "u", 2)], "h", [1]), fds)
        (fd,) = await pending
        for each in (*fds, fd):
            os.close(each)
        assert await bus.is_answered()
    assert open_pipes() == before


async def test_more_descriptors_than_announced_end_the_connection(tmp_path: Path) -> None:
    before = open_pipes()
    async with fake_bus(tmp_path, Ours) as (bus, client):
        reasons: list[Exception | None] = []
        client.connection.on_closed(reasons.append)
        fds = [pipe_end(), pipe_end(), pipe_end()]
        await bus.send(frame(4, [*SIGNAL_FIELDS, (9, "u", 1)], "h", [0]), fds)
        async with asyncio.timeout(3):
            await client.connection.wait_closed()
        assert "2 file descriptors came that no message lays claim to" in str(reasons[0])
        for fd in fds:
            os.close(fd)
    assert open_pipes() == before
