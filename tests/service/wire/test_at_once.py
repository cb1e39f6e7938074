"""Calls that are answered at once, without a task."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import Any

import pytest

from machined.wire import Call, CallError
from machined.wire.header import METHOD_CALL, Received
from machined.wire.serving import FAILED, Server
from tests.service.wire.drivers import INTERFACE, PATH, open_pipes, pipe_end

REPEATS = 20


async def test_what_a_handler_returns_is_the_reply(pair: tuple[Any, Any]) -> None:
    service, client = pair
    tasks: list[int] = []

    def answer(call: Call) -> tuple[str, Sequence[Any]] | None:
        tasks.append(len(service._server._tasks))
        return ("su", [call.member, 7]) if call.body else None

    service.serve(answer)
    assert await client.call(service.unique_name, PATH, INTERFACE, "Get", "s", "x") == ["Get", 7]
    assert await client.call(service.unique_name, PATH, INTERFACE, "Get") == []
    assert tasks == [0, 0]


async def test_what_a_handler_raises_is_told(pair: tuple[Any, Any], caplog: pytest.LogCaptureFixture) -> None:
    service, client = pair

    def refuse(call: Call) -> None:
        raise CallError("org.example.No", "no") if call.member == "Refuse" else ZeroDivisionError("/secret")

    service.serve(refuse)
    with caplog.at_level(logging.ERROR), pytest.raises(CallError) as refused:
        await client.call(service.unique_name, PATH, INTERFACE, "Refuse")
    assert (refused.value.name, refused.value.message) == ("org.example.No", "no")
    assert not caplog.records
    with pytest.raises(CallError) as failed:
        await client.call(service.unique_name, PATH, INTERFACE, "Break")
    assert failed.value.name == FAILED
    assert "/secret" not in failed.value.message
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("answer", [("s",), ("s", [], 1), ("u", ["x"])])
async def test_nonsense_becomes_an_error(pair: tuple[Any, Any], answer: Any) -> None:
    service, client = pair
    service.serve(lambda _call: answer)
    with pytest.raises(CallError) as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Get")
    assert caught.value.name == FAILED
    assert service.is_open


async def test_descriptors_are_closed_once(pair: tuple[Any, Any]) -> None:
    service, client = pair

    def answer(call: Call) -> tuple[str, Sequence[Any]]:
        assert os.fstat(call.body[0])
        if call.member == "Refuse":
            raise CallError("org.example.No", "no")
        return "h", [os.dup(call.body[0])]

    service.serve(answer)
    before = open_pipes()
    for _ in range(REPEATS):
        (fd,) = await client.call(service.unique_name, PATH, INTERFACE, "Echo", "h", pipe_end())
        os.close(fd)
        with pytest.raises(CallError, match="no"):
            await client.call(service.unique_name, PATH, INTERFACE, "Refuse", "h", pipe_end())
    assert open_pipes() == before


class _NoBus:
    """Where replies go that nobody gets."""

    def next_serial(self) -> int:
        return 1

    def transmit(self, *_parts: Any, **_fields: Any) -> None:
        return None


async def test_who_is_cancelled_before_it_began_closes_what_it_was_given() -> None:
    """As where the connection ends in the turn of the loop in which a call came."""
    server = Server(_NoBus())  # type: ignore[arg-type]  # it sends nothing
    ended: list[bool] = []

    async def slow(_call: Call) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    server.handler = slow
    before = open_pipes()
    frame = b"l" + bytes(7) + bytes(4)  # the index of the only descriptor
    header = (METHOD_CALL, 0, 1, PATH, INTERFACE, "Wait", None, 0, None, ":1.7", "h", 1)
    server.receive(Received(*header, frame, 8, [pipe_end()]))
    assert open_pipes() == before + 1
    (task,) = server.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert ended == [True]
    assert open_pipes() == before
