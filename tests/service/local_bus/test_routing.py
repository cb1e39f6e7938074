"""From one client to another: who said it, what becomes of replies, and descriptors."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire.header import frame_size
from tests.service.local_bus.compared import Stage
from tests.service.local_bus.raw import (
    BUS,
    CALL,
    DESTINATION,
    ERROR,
    ERROR_NAME,
    INTERFACE,
    MEMBER,
    NO_REPLY,
    PATH,
    REPLY_SERIAL,
    RETURN,
    SENDER,
    SIGNAL,
    SIGNATURE,
    UNIX_FDS,
    RawClient,
    call_fields,
    frame,
)

Join = Callable[..., Awaitable[RawClient]]


def is_call(member: str) -> Callable[[Any], bool]:
    return lambda message: message.kind == CALL and message.member == member


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
async def test_a_call_and_its_reply_go_through_as_they_are(bus: LocalBus, join: Join, order: str) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    fields = call_fields("Do", callee.name, "org.example.X", "/a/b")
    await caller.send(frame(CALL, 77, fields, "sus", ["one", 2, "three"], order=order, flags=4))
    call = await callee.until(is_call("Do"))
    assert (call.sender, call.path, call.serial) == (caller.name, "/a/b", 77)
    assert call.body == ["one", 2, "three"]
    assert call.frame[0] == ord("l" if order == "<" else "B")
    assert call.frame[2] == 4
    reply_fields = [(REPLY_SERIAL, "u", 77), (DESTINATION, "s", caller.name)]
    await callee.send(frame(RETURN, 5, reply_fields, "s", ["done"], order=order))
    reply = await caller.reply_to(77)
    assert (reply.sender, reply.body) == (callee.name, ["done"])


@pytest.mark.parametrize("place", range(3), ids=["first", "between", "last"])
async def test_wherever_the_reply_serial_stands(bus: LocalBus, join: Join, place: int) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    for _ in range(3):
        serial = await caller.start("Do", destination=callee.name)
        await callee.until(is_call("Do"))
        fields = [(DESTINATION, "s", caller.name), (SIGNATURE, "g", "s")]
        fields.insert(place, (REPLY_SERIAL, "u", serial))
        await callee.send(frame(RETURN, callee.next_serial(), fields, body=b"\2\0\0\0ok\0"))
        reply = await caller.reply_to(serial)
        assert (reply.sender, reply.body) == (callee.name, ["ok"])


async def test_a_forged_sender_is_put_right(bus: LocalBus, join: Join) -> None:
    caller, callee, listener = [await join(bus.address) for _ in range(3)]
    await listener.call("AddMatch", "s", "type='signal'")
    for forged in (BUS, callee.name, ":1.999"):
        fields = [(SENDER, "s", forged), *call_fields("Do", callee.name)]
        await caller.send(frame(CALL, caller.next_serial(), fields))
        assert (await callee.until(is_call("Do"))).sender == caller.name
        signal = [(PATH, "o", "/x"), (SENDER, "s", forged), (INTERFACE, "s", "a.b"), (MEMBER, "s", "Tick")]
        await caller.send(frame(SIGNAL, caller.next_serial(), signal))
        assert (await listener.until(lambda one: one.member == "Tick")).sender == caller.name


async def test_unknown_header_fields_do_not_pass(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    odd = [(42, "s", "secret"), (200, "as", ["secret"]), (43, "y", 7)]
    fields = [odd[0], *call_fields("Do", callee.name), *odd[1:]]
    await caller.send(frame(CALL, 7, fields, "s", ["body"]))
    call = await callee.until(is_call("Do"))
    assert call.body == ["body"]
    assert b"secret" not in call.frame


async def test_messages_of_unknown_types_are_ignored(bus: LocalBus, join: Join) -> None:
    client, other = await join(bus.address), await join(bus.address)
    await client.send(frame(9, client.next_serial(), [(DESTINATION, "s", other.name)], "s", ["x"]))
    assert [one.member for one in await client.sync()] == ["NameAcquired"]
    assert [one.member for one in await other.sync()] == ["NameAcquired"]


async def test_replies_that_nobody_waits_for_are_dropped(bus: LocalBus, join: Join) -> None:
    caller, callee, thief = [await join(bus.address) for _ in range(3)]
    serial = await caller.start("Do", destination=callee.name)
    silent = await caller.start("Do", destination=callee.name, flags=NO_REPLY)
    call = await callee.until(is_call("Do"))
    for client, reply_serial in ((thief, serial), (callee, serial + 50), (callee, silent)):
        fields = [(REPLY_SERIAL, "u", reply_serial), (DESTINATION, "s", caller.name)]
        await client.send(frame(RETURN, client.next_serial(), fields, "s", ["forged"]))
        fields.append((ERROR_NAME, "s", "a.b"))
        await client.send(frame(ERROR, client.next_serial(), fields, "s", ["forged"]))
        await client.call("GetId")
    await callee.reply(call, "s", "real")
    await callee.reply(call, "s", "twice")
    await callee.call("GetId")
    replies = [one.body for one in await caller.sync() if one.reply_serial]
    assert replies == [["real"]]


async def test_who_waits_for_one_that_leaves_is_told(bus: LocalBus, join: Join) -> None:
    callers = [await join(bus.address) for _ in range(3)]
    callee = await join(bus.address)
    serials = [[await one.start("Do", destination=callee.name) for _ in range(3)] for one in callers]
    await callee.until(is_call("Do"))
    callee.close()
    for caller, own in zip(callers, serials, strict=True):
        for serial in own:
            reply = await caller.reply_to(serial)
            assert (reply.kind, reply.error, reply.sender) == (ERROR, f"{BUS}.Error.NoReply", BUS)
        assert all(one.reply_serial == 0 for one in await caller.sync())


async def test_a_reply_to_one_that_left_is_dropped(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    await caller.start("Do", destination=callee.name)
    call = await callee.until(is_call("Do"))
    caller.close()
    await callee.reply(call, "s", "late")
    assert await callee.sync() is not None
    assert len(bus._router.clients) == 1
    assert not next(iter(bus._router.clients)).callers


async def test_calls_by_well_known_name_and_to_oneself(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    await client.call("RequestName", "su", "org.example.Me", 0)
    serial = await client.start("Do", "s", "self", destination="org.example.Me")
    call = await client.until(is_call("Do"))
    assert call.destination == "org.example.Me"
    await client.reply(call, "s", "answered")
    assert (await client.reply_to(serial)).body == ["answered"]


async def test_a_serial_in_use_is_refused(bus: LocalBus, daemon: str, join: Join) -> None:
    for address in (bus.address, daemon):
        caller, callee = await join(address), await join(address)
        for _ in range(2):
            await caller.send(frame(CALL, 900, call_fields("Do", callee.name)))
        assert (await caller.reply_to(900)).error == f"{BUS}.Error.AccessDenied"


@pytest.mark.parametrize("limits", [Limits(pending_calls_per_client=5)], ids=["5"])
async def test_no_more_calls_under_way_than_allowed(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    for _ in range(5):
        await caller.start("Do", destination=callee.name)
    assert (await caller.call("Do", destination=callee.name)).error == f"{BUS}.Error.LimitsExceeded"
    await callee.reply(await callee.until(is_call("Do")))
    await callee.call("GetId")
    serial = await caller.start("Again", destination=callee.name)
    await callee.reply(await callee.until(is_call("Again")))
    assert (await caller.reply_to(serial)).kind == RETURN


def pipe_with(text: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    return reading


async def test_descriptors_pass_both_ways(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    given = [pipe_with(b"one"), pipe_with(b"two")]
    serial = await caller.start("Do", "hh", 1, 0, destination=callee.name, fds=given)
    for fd in given:
        os.close(fd)
    call = await callee.until(is_call("Do"))
    assert [os.read(fd, 10) for fd in call.body] == [b"two", b"one"]
    back = pipe_with(b"three")
    await callee.reply(call, "h", 0, fds=[back])
    reply = await caller.reply_to(serial)
    assert os.read(reply.body[0], 10) == b"three"
    for fd in [*call.body, *reply.body, back]:
        assert not os.get_inheritable(fd)
        os.close(fd)


async def test_many_calls_with_descriptors_at_once(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    for number in range(60):
        fd = pipe_with(b"%d" % number)
        await caller.start("Do", "uh", number, 0, destination=callee.name, fds=[fd])
        await caller.start("Plain", "u", number, destination=callee.name)
        os.close(fd)
    for number in range(60):
        call = await callee.until(is_call("Do"))
        assert os.read(call.body[1], 10) == b"%d" % number == b"%d" % call.body[0]
        os.close(call.body[1])


async def test_who_cannot_get_descriptors_is_told(bus: LocalBus, join: Join) -> None:
    plain, able = await join(bus.address, fds=False), await join(bus.address)
    fd = pipe_with(b"")
    serial = await plain.start("Give", destination=able.name)
    call = await able.until(is_call("Give"))
    await able.reply(call, "h", 0, fds=[fd])
    assert (await plain.reply_to(serial)).error == f"{BUS}.Error.NotSupported"
    refused = await able.call("Take", "h", 0, destination=plain.name, fds=[fd])
    assert refused.error == f"{BUS}.Error.NotSupported"
    os.close(fd)
    assert all(one.kind == SIGNAL for one in await plain.sync())


async def test_a_signal_with_descriptors_reaches_all_who_can_take_it(bus: LocalBus, join: Join) -> None:
    sender, *listeners = [await join(bus.address) for _ in range(4)]
    plain = await join(bus.address, fds=False)
    for one in (*listeners, plain):
        await one.call("AddMatch", "s", "member='Tick'")
    fd = pipe_with(b"x" * 10)
    fields = [(PATH, "o", "/x"), (INTERFACE, "s", "a.b"), (MEMBER, "s", "Tick"), (UNIX_FDS, "u", 1)]
    await sender.send(frame(SIGNAL, 50, fields, "h", [0]), [fd])
    for one in listeners:
        heard = await one.until(lambda message: message.member == "Tick")
        assert os.read(heard.body[0], 2) == b"xx"
        os.close(heard.body[0])
    os.close(fd)
    assert "Tick" not in [one.member for one in await plain.sync()]


async def test_descriptors_nobody_gets_are_closed(bus: LocalBus, join: Join) -> None:
    client, silent = await join(bus.address), await join(bus.address)
    before = len(os.listdir("/proc/self/fd"))
    fd = pipe_with(b"")
    for options in ({}, {"destination": "org.example.Nobody"}, {"destination": silent.name}):
        await client.start("Do", "h", 0, fds=[fd], **options)
    fields = [(DESTINATION, "s", silent.name), (REPLY_SERIAL, "u", 99), (UNIX_FDS, "u", 1)]
    await client.send(frame(RETURN, 70, fields, "h", [0]), [fd])
    await client.sync()
    os.close(fd)
    call = await silent.until(is_call("Do"))
    os.close(call.fds[0])
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
async def test_the_bus_itself_understands_either_byte_order(bus: LocalBus, join: Join, order: str) -> None:
    client = await join(bus.address)
    await client.send(frame(CALL, 500, call_fields("RequestName"), "su", ["org.example.B", 4], order=order))
    assert (await client.reply_to(500)).body == [1]
    rule = "type='signal',member='Tick',arg1='x'"
    await client.send(frame(CALL, 501, call_fields("AddMatch"), "s", [rule], order=order))
    assert (await client.reply_to(501)).kind == RETURN
    fields = [(PATH, "o", "/x"), (INTERFACE, "s", "a.b"), (MEMBER, "s", "Tick")]
    await client.send(frame(SIGNAL, 502, fields, "ss", ["abc", "x"], order=order))
    heard = await client.until(lambda message: message.member == "Tick")
    assert heard.body == ["abc", "x"]


async def test_large_messages_pass(bus: LocalBus, join: Join) -> None:
    caller, callee = await join(bus.address), await join(bus.address)
    text = "0123456789abcdef" * (3 << 16)
    sending = asyncio.create_task(caller.call("Do", "s", text, destination=callee.name))
    call = await callee.until(is_call("Do"))
    assert call.body == [text]
    assert struct.unpack_from("<I", call.frame, 4)[0] == len(text) + 5
    assert frame_size(call.frame) == len(call.frame)
    await callee.reply(call, "s", text)
    assert (await sending).body == [text]


async def test_the_order_of_each_sender_is_kept(bus: LocalBus, join: Join) -> None:
    stage = Stage(bus.address)
    try:
        await stage.join(4)
        listener, *senders = stage.clients
        await listener.call("AddMatch", "s", "member='Tick'")
        await asyncio.gather(*(_tick(one, 500) for one in senders))
        heard: dict[str, list[int]] = {}
        for _ in range(1500):
            signal = await listener.until(lambda message: message.member == "Tick")
            heard.setdefault(signal.sender, []).append(signal.body[0])
        assert heard == {one.name: list(range(500)) for one in senders}
    finally:
        stage.close()


async def _tick(client: RawClient, count: int) -> None:
    for number in range(count):
        await client.emit("Tick", "us", number, "x" * (number % 300))
