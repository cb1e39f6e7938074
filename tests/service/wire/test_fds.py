"""File descriptors: whose they are, that they are closed once, and that values of type h are real ones."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from machined.wire import (
    Call,
    CallError,
    CallTimeout,
    ConnectionLost,
    InvalidMessage,
    Signal,
    Variant,
    connect,
)
from tests.service.wire.drivers import INTERFACE, PATH, Driver, Ours, open_pipes, pipe_end
from tests.service.wire.fakebus import fake_bus

REPEATS = 50


async def test_a_received_descriptor_is_close_on_exec(peers: tuple[Driver, Driver]) -> None:
    service, client = peers
    service.on_call(lambda _member, _body: ("h", [pipe_end()]))
    (fd,) = await client.call(service.unique_name, "Open")
    flags = fcntl.fcntl(fd, fcntl.F_GETFD)
    os.close(fd)
    assert flags & fcntl.FD_CLOEXEC


async def test_a_returned_descriptor_is_closed_after_sending(peers: tuple[Driver, Driver]) -> None:
    service, client = peers
    service.on_call(lambda _member, _body: ("h", [pipe_end()]))
    before = open_pipes()
    for _ in range(REPEATS):
        (fd,) = await client.call(service.unique_name, "Open")
        os.close(fd)
    assert open_pipes() == before


async def test_a_descriptor_sent_to_an_unknown_method_is_closed(peers: tuple[Driver, Driver]) -> None:
    service, client = peers
    before = open_pipes()
    for _ in range(REPEATS):
        with pytest.raises((CallError, AssertionError), match="UnknownMethod"):
            await client.call(service.unique_name, "Nothing", "h", pipe_end())
    assert open_pipes() == before


async def test_a_descriptor_that_the_handler_ignores_is_closed(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def refuse(call: Call) -> None:
        assert os.fstat(call.body[0])
        if call.member == "Refuse":
            raise CallError("org.example.No", "no")

    service.serve(refuse)
    before = open_pipes()
    for _ in range(REPEATS):
        await client.call(service.unique_name, PATH, INTERFACE, "Ignore", "h", pipe_end())
        with pytest.raises(CallError, match="no"):
            await client.call(service.unique_name, PATH, INTERFACE, "Refuse", "h", pipe_end())
    assert open_pipes() == before


async def test_a_descriptor_that_the_caller_wants_none_of_is_closed(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def answer(_call: Call) -> tuple[str, Sequence[Any]]:
        return "sh", ["/job/1", pipe_end()]

    service.serve(answer)
    before = open_pipes()
    for _ in range(REPEATS):
        await client.call(service.unique_name, PATH, INTERFACE, "Start", takes_fds=False)
    assert open_pipes() == before


@pytest.mark.parametrize("way", ["cancelled", "timed out"])
async def test_the_descriptor_of_a_late_reply_is_closed(pair: tuple[Any, Any], way: str) -> None:
    service, client = pair
    release = asyncio.Event()

    async def slow(_call: Call) -> tuple[str, Sequence[Any]]:
        await release.wait()
        return "h", [pipe_end()]

    service.serve(slow)
    before = open_pipes()
    arguments = (service.unique_name, PATH, INTERFACE, "Open")
    if way == "cancelled":
        calls = [asyncio.create_task(client.call(*arguments)) for _ in range(REPEATS)]
        await client.drain()
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        expected: type[BaseException] = asyncio.CancelledError
    else:
        calls = [asyncio.create_task(client.call(*arguments, timeout=0.01)) for _ in range(REPEATS)]
        expected = CallTimeout
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {expected}
    assert len(client._calls) == 0
    release.set()
    await asyncio.sleep(0.05)
    await client.name_owner(service.unique_name)  # by now the late replies have come in, in order
    assert open_pipes() == before


async def test_a_reply_in_the_turn_of_the_cancellation_is_closed(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def answer(_call: Call) -> tuple[str, Sequence[Any]]:
        return "h", [pipe_end()]

    service.serve(answer)
    before = open_pipes()
    task = asyncio.create_task(client.call(service.unique_name, PATH, INTERFACE, "Open"))
    settle = client._calls.settle

    def settle_and_cancel(message: Any) -> bool:
        settled: bool = settle(message)
        task.cancel()
        return settled

    client._calls.settle = settle_and_cancel
    with pytest.raises(asyncio.CancelledError):
        await task
    assert open_pipes() == before


async def test_the_descriptor_of_a_signal_lives_as_long_as_its_callbacks(pair: tuple[Any, Any]) -> None:
    service, client = pair
    lived: list[int] = []

    def hear(signal: Signal) -> None:
        os.fstat(signal.body[0])
        lived.append(signal.body[0])

    await client.subscribe(hear, interface=INTERFACE, member="Wanted")
    await client.subscribe(lambda _signal: None, interface=INTERFACE, arg0="nobody")
    before = open_pipes()
    for _ in range(REPEATS):
        service.emit(PATH, INTERFACE, "Wanted", "h", pipe_end())
        service.emit(PATH, INTERFACE, "Unwanted", "h", pipe_end())
        service.emit(PATH, INTERFACE, "Unheard", "h", pipe_end(), destination=client.unique_name)
    await service.name_owner(client.unique_name)
    await client.name_owner(service.unique_name)
    assert len(lived) == REPEATS
    assert open_pipes() == before


async def test_descriptors_within_containers_are_real_ones_both_ways(pair: tuple[Any, Any]) -> None:
    service, client = pair
    signature = "a(sh)a{sv}vh"
    contents: list[bytes] = []

    async def echo(call: Call) -> tuple[str, Sequence[Any]]:
        rows, dictionary, variant, plain = call.body
        fds = [rows[0][1], rows[1][1], dictionary["fd"].value, variant.value[0][1], plain]
        contents.extend(os.read(fd, 1) for fd in fds)
        kept = [os.dup(fd) for fd in fds]
        return signature, [
            [["a", kept[0]], ["b", kept[1]]],
            {"fd": Variant("h", kept[2])},
            Variant("a(ih)", [[1, kept[3]]]),
            kept[4],
        ]

    service.serve(echo)
    before = open_pipes()
    sent = []
    for letter in (b"aA", b"bB", b"cC", b"dD", b"eE"):
        reading, writing = os.pipe()
        os.write(writing, letter)
        os.close(writing)
        sent.append(reading)
    body = [
        [["a", sent[0]], ["b", sent[1]]],
        {"fd": Variant("h", sent[2])},
        Variant("a(ih)", [[1, sent[3]]]),
        sent[4],
    ]
    reply = await client.call(service.unique_name, PATH, INTERFACE, "Echo", signature, *body)
    got = [reply[0][0][1], reply[0][1][1], reply[1]["fd"].value, reply[2].value[0][1], reply[3]]
    assert contents == [b"a", b"b", b"c", b"d", b"e"]
    assert [os.read(fd, 1) for fd in got] == [b"A", b"B", b"C", b"D", b"E"]
    for fd in got:
        os.close(fd)
    assert open_pipes() == before


async def test_the_same_descriptor_twice_is_sent_once_and_received_as_two(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def echo(call: Call) -> tuple[str, Sequence[Any]]:
        return "hh", [os.dup(fd) for fd in call.body]

    service.serve(echo)
    before = open_pipes()
    fd = pipe_end()
    first, second = await client.call(service.unique_name, PATH, INTERFACE, "Echo", "hh", fd, fd)
    assert first != second
    os.close(first)
    os.close(second)
    assert open_pipes() == before


@pytest.mark.parametrize(
    ("signature", "arguments"),
    [
        ("hs", lambda: [pipe_end(), "a\0b"]),
        ("sh", lambda: ["\udc80", pipe_end()]),
        ("sah", lambda: ["\0", [pipe_end() for _ in range(3)]]),
        ("sv", lambda: ["\0", Variant("(sh)", ["x", pipe_end()])]),
        ("sa{sv}", lambda: ["\0", {"fd": Variant("h", pipe_end())}]),
        ("ah", lambda: [[pipe_end() for _ in range(17)]]),
        ("hh", lambda: [pipe_end()]),
    ],
)
async def test_descriptors_are_closed_when_sending_is_refused(
    pair: tuple[Any, Any], signature: str, arguments: Any
) -> None:
    service, client = pair
    before = open_pipes()
    with pytest.raises(InvalidMessage):
        await client.call(service.unique_name, PATH, INTERFACE, "Take", signature, *arguments())
    with pytest.raises(InvalidMessage):
        service.emit(PATH, INTERFACE, "Taken", signature, *arguments())
    assert open_pipes() == before
    assert client.is_open
    assert service.is_open


async def test_descriptors_are_closed_when_the_connection_is_gone(tmp_path: Path) -> None:
    before = open_pipes()
    async with fake_bus(tmp_path, Ours) as (bus, client):
        connection = client.connection
        for _ in range(5):  # more than fits, so that most are still queued when it dies
            connection.emit(PATH, INTERFACE, "Taken", "hay", pipe_end(), bytes(500_000))
        bus.close()
        await connection.wait_closed()
        with pytest.raises(ConnectionLost):
            connection.emit(PATH, INTERFACE, "Taken", "h", pipe_end())
        with pytest.raises(ConnectionLost):
            await client.call(":1.1", "Take", "h", pipe_end())
    assert open_pipes() == before


async def test_a_closed_descriptor_is_refused_and_not_fatal(pair: tuple[Any, Any]) -> None:
    service, client = pair
    fd = pipe_end()
    os.close(fd)
    with pytest.raises(InvalidMessage, match="no open file descriptor"):
        service.emit(PATH, INTERFACE, "Taken", "sh", "", fd)
    assert await client.name_owner(service.unique_name)


async def test_descriptors_stay_with_their_messages_in_a_dense_stream(
    pair: tuple[Any, Any], address: str
) -> None:
    service, client = pair
    seen: list[tuple[int, bytes]] = []
    done = asyncio.Event()

    def hear(signal: Signal) -> None:
        number = signal.body[0]
        if signal.signature == "uh":
            seen.append((number, os.read(signal.body[1], 8)))
        if number == 299:
            done.set()

    await client.subscribe(hear, interface=INTERFACE)
    for number in range(300):
        if number % 3:
            service.emit(PATH, INTERFACE, "Changed", "us", number, "x" * (number * 10))
        else:
            reading, writing = os.pipe()
            os.write(writing, b"%d" % number)
            os.close(writing)
            service.emit(PATH, INTERFACE, "Changed", "uh", number, reading)
    async with asyncio.timeout(5):
        await done.wait()
    assert seen == [(number, b"%d" % number) for number in range(0, 300, 3)]


async def test_nothing_of_a_connection_stays_open(address: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        connection = await connect(address)
        await connection.close()
        await connection.close()
    assert len(os.listdir("/proc/self/fd")) == before
