"""Headers: what is written is read again by ours and by dbus-next, and nothing malformed gets through."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from dbus_next._private.unmarshaller import Unmarshaller
from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from machined.wire import InvalidMessage, Variant
from machined.wire.fields import KEPT, MAX_KEPT, _read_and_keep, text_fields
from machined.wire.header import (
    ERROR,
    METHOD_CALL,
    METHOD_RETURN,
    SIGNAL,
    Outgoing,
    Received,
    decode,
    encode,
    frame_size,
)
from tests.service.wire.fakebus import PING_FIELDS, SIGNAL_FIELDS, frame
from tests.service.wire.reference import marshal

NAMES: dict[str, Any] = {
    "path": "/org/example/Wire",
    "interface": "org.example.Wire",
    "member": "Ping",
    "destination": ":1.7",
}
MESSAGES = [
    pytest.param(Outgoing(METHOD_CALL, 0, 1, **NAMES), id="call"),
    pytest.param(Outgoing(METHOD_CALL, 4, 2, "s", ["x"], **NAMES), id="call with a body"),
    pytest.param(Outgoing(METHOD_CALL, 1, 2, path="/", member="x", destination="a.b"), id="short call"),
    pytest.param(Outgoing(METHOD_RETURN, 0, 3, reply_serial=9), id="bare reply"),
    pytest.param(Outgoing(METHOD_RETURN, 0, 3, "a{sv}", [{}], reply_serial=1 << 31), id="reply"),
    pytest.param(
        Outgoing(ERROR, 1, 4, "s", ["no"], error_name="org.example.No", destination=":1.7", reply_serial=9),
        id="error",
    ),
    pytest.param(
        Outgoing(SIGNAL, 0, 0xFFFFFFFF, "su", ["é", 7], **{**NAMES, "destination": None}), id="signal"
    ),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_header_is_read_as_it_was_written(message: Outgoing) -> None:
    written, fds = encode(message)
    received = decode(bytes(written))
    assert fds == []
    assert frame_size(written) == len(written)
    names = ("kind", "flags", "serial", "path", "interface", "member", "error_name", "destination")
    for name in (*names, "reply_serial", "signature"):
        assert getattr(received, name) == getattr(message, name)
    assert (received.sender, received.fd_count) == (None, 0)
    assert received.decode() == list(message.body)


@pytest.mark.parametrize("message", MESSAGES)
def test_dbus_next_reads_the_same(message: Outgoing) -> None:
    read = Unmarshaller(io.BytesIO(bytes(encode(message)[0]))).unmarshall()
    assert (read.message_type.value, read.flags.value, read.serial) == (
        message.kind,
        message.flags,
        message.serial,
    )
    for name in ("path", "interface", "member", "error_name", "destination", "signature", "body"):
        assert getattr(read, name) == getattr(message, name) or not getattr(message, name)
    assert (read.reply_serial or 0) == message.reply_serial


def test_a_message_of_dbus_next_is_read_as_ours_is() -> None:
    theirs = Message(**NAMES, flags=MessageFlag.NO_REPLY_EXPECTED, serial=5, signature="s", body=["x"])
    reply = Message(message_type=MessageType.METHOD_RETURN, serial=6, reply_serial=5)
    ours = Outgoing(METHOD_CALL, 1, 5, "s", ["x"], **NAMES), Outgoing(METHOD_RETURN, 0, 6, reply_serial=5)
    for message, one in zip((theirs, reply), ours, strict=True):
        read, wanted = decode(bytes(message._marshall())), decode(bytes(encode(one)[0]))
        names = ("kind", "flags", "serial", "path", "interface", "member", "destination", "reply_serial")
        assert [getattr(read, name) for name in names] == [getattr(wanted, name) for name in names]
        assert read.decode() == wanted.decode()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (METHOD_CALL, {"path": None}),
        (METHOD_CALL, {"member": None}),
        (METHOD_CALL, {"member": ""}),
        (METHOD_CALL, {"path": "/a//b"}),
        (METHOD_CALL, {"path": "/a\n"}),
        (METHOD_CALL, {"path": ["/a"]}),
        (METHOD_CALL, {"path": 7}),
        (METHOD_CALL, {"interface": "nodot"}),
        (METHOD_CALL, {"interface": "a.1"}),
        (METHOD_CALL, {"interface": "a." + "b" * 254}),
        (METHOD_CALL, {"interface": "a.b\n"}),
        (METHOD_CALL, {"member": "a.b"}),
        (METHOD_CALL, {"member": "é"}),
        (METHOD_CALL, {"destination": "nodot"}),
        (METHOD_CALL, {"destination": ""}),
        (METHOD_CALL, {"destination": ":1.7\n"}),
        (METHOD_CALL, {"destination": ":1..7"}),
        (METHOD_CALL, {"destination": "a.1b"}),
        (METHOD_CALL, {"flags": 256}),
        (METHOD_CALL, {"flags": "1"}),
        (METHOD_CALL, {"serial": 1 << 32}),
        (METHOD_CALL, {"serial": -1}),
        (METHOD_CALL, {"signature": "é"}),
        (METHOD_CALL, {"signature": "s", "body": "x"}),
        (SIGNAL, {"interface": None}),
        (ERROR, {"reply_serial": 1}),
        (ERROR, {"error_name": "a.b"}),
        (ERROR, {"reply_serial": 1, "error_name": "nodot"}),
        (METHOD_RETURN, {}),
        (METHOD_RETURN, {"reply_serial": 1 << 32}),
        (0, {}),
        (5, {}),
    ],
)
def test_a_header_that_cannot_be_is_refused(kind: int, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage) as refused:
        encode(Outgoing(**{"kind": kind, "flags": 0, "serial": 1, **NAMES, **changes}))
    assert str(refused.value).isprintable()


def header(order: str, kind: int, fields: list[Any], serial: int = 5) -> bytes:
    """A message without a body."""
    first = {"<": ord("l"), ">": ord("B")}[order]
    written = marshal("yyyyuua(yv)", [first, kind, 0, 1, 0, serial, fields], order)
    return written + bytes(-len(written) % 8)


REPLY_FIELDS = [
    [5, Variant("u", 77)],
    [6, Variant("s", ":1.1")],
    [7, Variant("s", ":1.2")],
    [9, Variant("u", 3)],
    [99, Variant("a(sv)", [["new", Variant("h", 4)]])],
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", range(len(REPLY_FIELDS)))
def test_fields_come_in_any_order_and_either_byte_order(order: str, turn: int) -> None:
    fields = REPLY_FIELDS[turn:] + REPLY_FIELDS[:turn]
    for serial in (77, 78):  # the second time most of it is known
        fields = [[5, Variant("u", serial)] if code == 5 else [code, value] for code, value in fields]
        received = decode(header(order, METHOD_RETURN, fields))
        assert (received.reply_serial, received.destination, received.sender) == (serial, ":1.1", ":1.2")
        assert (received.fd_count, received.path, received.signature) == (3, None, "")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (METHOD_CALL, [[1, Variant("o", "/")]]),
        (SIGNAL, [[1, Variant("o", "/")], [3, Variant("s", "x")]]),
        (METHOD_RETURN, [[6, Variant("s", ":1.1")]]),
        (METHOD_RETURN, [[5, Variant("u", 0)]]),
        (METHOD_RETURN, [[5, Variant("i", 1)]]),
        (ERROR, [[5, Variant("u", 1)]]),
        (ERROR, [[4, Variant("s", "a.b")]]),
    ],
)
def test_a_header_without_what_its_type_requires_is_refused(kind: int, fields: list[Any]) -> None:
    with pytest.raises(InvalidMessage):
        decode(header("<", kind, fields))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"org.example.Wire\0", b"org.example.Wire!"),
        (b"org.example.Wire\0", b"org.example\0Wire\0"),
        (b"org.example.Wire\0", b"org.example.W\xff\xfee\0"),
        (b"\x10\0\0\0org.example", b"\x10\0\1\0org.example"),
        (b"\x10\0\0\0org.example", b"\x0f\0\0\0org.example"),
        (b"\2\1s\0", b"\2\1o\0"),
        (b"\2\1s\0", b"\x63\1z\0"),
    ],
)
def test_a_malformed_field_is_refused(good: bytes, bad: bytes) -> None:
    sound = frame(4, SIGNAL_FIELDS)
    assert sound.count(good) == 1
    assert decode(sound).interface == "org.example.Wire"
    with pytest.raises(InvalidMessage):
        decode(sound.replace(good, bad))


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(
        [frame(4, SIGNAL_FIELDS, "s", ["x"]), frame(1, PING_FIELDS), header(">", 2, REPLY_FIELDS)]
    ),
    st.lists(st.tuples(st.integers(12, 400), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_spoilt_header_is_read_or_refused(sound: bytes, changes: list[tuple[int, int]]) -> None:
    spoilt = bytearray(sound)
    for place, octet in changes:
        spoilt[12 + place % (len(sound) - 12)] = octet
    try:
        received = decode(bytes(spoilt))
        received.decode()
    except InvalidMessage:
        return
    assert isinstance(received, Received)


def test_what_is_kept_of_headers_is_bounded() -> None:
    assert text_fields.cache_parameters()["maxsize"] == KEPT
    assert _read_and_keep.cache_parameters()["maxsize"] == KEPT
    kept = _read_and_keep.cache_info().currsize
    path = "/" + "x" * MAX_KEPT
    assert decode(header("<", METHOD_CALL, [[1, Variant("o", path)], [3, Variant("s", "x")]])).path == path
    assert _read_and_keep.cache_info().currsize == kept


def test_a_length_beyond_the_message_is_refused() -> None:
    sound = bytearray(frame(1, PING_FIELDS))
    sound[12:16] = struct.pack("<I", len(sound) * 2)
    with pytest.raises(InvalidMessage):
        decode(bytes(sound)).decode()
