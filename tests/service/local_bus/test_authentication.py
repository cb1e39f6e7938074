"""Who is let in, and how that is said."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from machined.bus.local import Limits, LocalBus
from tests.service.local_bus.raw import RawClient, call_fields, frame

Stranger = Callable[[str], Awaitable[RawClient]]
UID = str(os.getuid()).encode().hex().encode()
OK = re.compile(rb"OK [0-9a-f]{32}")


async def talk(client: RawClient, *lines: bytes) -> list[bytes]:
    """Say lines one by one, and return the answers."""
    answers = []
    for line in lines:
        await client.send(line + b"\r\n")
        answers.append(await client.line())
    return answers


async def test_with_an_initial_response(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    (answer,) = await talk(client, b"\0AUTH EXTERNAL " + UID)
    assert OK.fullmatch(answer)
    await client.send(b"BEGIN\r\n")
    assert await client.hello() == ":1.1"
    guid = (await client.call("GetId")).body[0]
    assert answer == b"OK " + guid.encode()


async def test_line_by_line_without_an_initial_response(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    first, second, third = await talk(client, b"\0AUTH EXTERNAL", b"DATA", b"NEGOTIATE_UNIX_FD")
    assert (first, third) == (b"DATA", b"AGREE_UNIX_FD")
    assert OK.fullmatch(second)
    await client.send(b"BEGIN\r\n")
    assert (await client.hello()).startswith(":1.")


async def test_all_at_once_with_hello_behind(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    hello = frame(1, 1, call_fields("Hello"))
    await client.send(b"\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" + hello)
    assert await client.line() == b"DATA"
    assert OK.fullmatch(await client.line())
    assert await client.line() == b"AGREE_UNIX_FD"
    assert (await client.reply_to(1)).body[0].startswith(":1.")


async def test_byte_by_byte(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    for byte in b"\0AUTH EXTERNAL " + UID + b"\r\n":
        await client.send(bytes([byte]))
    assert OK.fullmatch(await client.line())
    await client.send(b"BEGIN\r\n")
    for byte in frame(1, 1, call_fields("Hello")):
        await client.send(bytes([byte]))
    assert (await client.reply_to(1)).body == [":1.1"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"AUTH", b"REJECTED EXTERNAL"),
        (b"AUTH ANONYMOUS", b"REJECTED EXTERNAL"),
        (b"AUTH DBUS_COOKIE_SHA1 30", b"REJECTED EXTERNAL"),
        (b"AUTH EXTERNAL " + b"4242".hex().encode(), b"REJECTED EXTERNAL"),
        (b"AUTH EXTERNAL zz", b"REJECTED EXTERNAL"),
        (b"AUTH EXTERNAL 3", b"REJECTED EXTERNAL"),
        (b"ERROR", b"REJECTED EXTERNAL"),
    ],
)
async def test_refused_and_then_let_in(bus: LocalBus, stranger: Stranger, said: bytes, answer: bytes) -> None:
    client = await stranger(bus.address)
    assert await talk(client, b"\0" + said) == [answer]
    (second,) = await talk(client, b"AUTH EXTERNAL " + UID)
    assert OK.fullmatch(second)


@pytest.mark.parametrize("said", [b"CANCEL", b"DATA", b"NEGOTIATE_UNIX_FD", b"WHATEVER now", b"\xff\xfe"])
async def test_what_makes_no_sense_is_an_error(bus: LocalBus, stranger: Stranger, said: bytes) -> None:
    client = await stranger(bus.address)
    (answer,) = await talk(client, b"\0" + said)
    assert answer.startswith(b"ERROR")
    (second,) = await talk(client, b"AUTH EXTERNAL " + UID)
    assert OK.fullmatch(second)


async def test_cancelled_on_the_way(bus: LocalBus, stranger: Stranger) -> None:
    client = await stranger(bus.address)
    answers = await talk(client, b"\0AUTH EXTERNAL", b"CANCEL", b"AUTH EXTERNAL " + UID, b"CANCEL")
    assert answers[:2] == [b"DATA", b"REJECTED EXTERNAL"]
    assert OK.fullmatch(answers[2])
    assert answers[3] == b"REJECTED EXTERNAL"


async def test_other_users_are_refused(tmp_path: Path, stranger: Stranger) -> None:
    bus = await LocalBus.listen(tmp_path / "bus", allow=lambda uid: uid == os.getuid() + 1)
    try:
        client = await stranger(bus.address)
        assert await talk(client, b"\0AUTH EXTERNAL " + UID) == [b"REJECTED EXTERNAL"]
        assert await talk(client, b"AUTH EXTERNAL", b"DATA") == [b"DATA", b"REJECTED EXTERNAL"]
    finally:
        await bus.close()


@pytest.mark.parametrize(
    "said",
    [
        b"AUTH EXTERNAL\r\n",  # no NUL before it
        b"\0BEGIN\r\n",
        b"\0AUTH EXTERNAL\r\nBEGIN\r\n",
        b"\0" + b"x" * 20_000,
        b"\0" + b"x" * 17_000 + b"\r\n",
        b"\0" + b"AUTH\r\n" * 10,
        b"\0" + b"HM\r\n" * 200,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["no NUL", "begin", "begin early", "endless line", "long line", "too often", "too much", "http"],
)
async def test_cut_off(bus: LocalBus, stranger: Stranger, said: bytes) -> None:
    client = await stranger(bus.address)
    await client.send(said)
    assert await client.is_cut_off()


@pytest.mark.parametrize("limits", [Limits(authentication_seconds=0.3)], ids=["0.3 s"])
@pytest.mark.parametrize(
    "said",
    [b"", b"\0AUTH", b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"],
    ids=["nothing", "half a line", "no Hello"],
)
async def test_the_slow_are_cut_off(
    bus: LocalBus, stranger: Stranger, said: bytes, join: Callable[[str], Awaitable[RawClient]]
) -> None:
    good = await join(bus.address)
    client = await stranger(bus.address)
    await client.send(said)
    assert await client.is_cut_off()
    assert await good.sync() != []
