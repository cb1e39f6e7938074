"""A message on its way through the bus: its header read, its body as it came."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

from machined.bus.local.arguments import Arguments
from machined.bus.local.fields import (
    BIG,
    LITTLE,
    SENDER,
    UINT32,
    Fields,
    make_fields,
    read_fields,
    reply_serial_field,
    text_field,
)
from machined.wire.body import decode_body, encode_body
from machined.wire.closing import close_received
from machined.wire.errors import InvalidMessage
from machined.wire.header import FIXED, METHOD_CALL, NO_REPLY_EXPECTED, Received

JOINED = 1 << 16
"""Bytes of a body that are cheaper copied behind the header than sent beside it, at most."""

_LAYOUT = {LITTLE: struct.Struct("<4xIII"), BIG: struct.Struct(">4xIII")}
_OWN = struct.Struct("<BBBBII")
_OWN_SERIALS = itertools.count(1)

Chunk = bytes | memoryview


class Origin:
    """Who sent a message, as the header says it.

    Args:
        name: A unique name, or the bus's own.

    Attributes:
        name: That name.
        padding: Zero bytes at the end of what `field` returns.
    """

    __slots__ = ("_fields", "name", "padding")

    def __init__(self, name: str) -> None:
        self.name = name
        self.padding = -(len(name) + 1) & 7
        self._fields = {order: text_field(SENDER, name, order) for order in (LITTLE, BIG)}

    def field(self, order: int) -> bytes:
        """The header field SENDER, padded to a multiple of 8 bytes."""
        return self._fields[order]


class Message:
    """A message. Its descriptors belong to it until `take_fds`.

    Attributes:
        frame: The message as it came in, of which only the fixed part and the body may go on.
        body_offset: Where the body begins.
        kind: Its type; one that the specification does not know yet is possible.
        flags: Its flags.
        serial: Its serial, unique among what its sender has under way.
        reply_serial: What it replies to, or 0.
        fields: The other header fields.
        origin: Who sent it; the bus sets this, whatever the message says.
        fds: Its descriptors.
    """

    __slots__ = (
        "_arguments",
        "_chunks",
        "body_offset",
        "fds",
        "fields",
        "flags",
        "frame",
        "kind",
        "origin",
        "reply_serial",
        "serial",
    )

    def __init__(
        self, frame: bytes | bytearray, body_offset: int, serial: int, fields: Fields, reply_serial: int
    ) -> None:
        self.frame = frame
        self.body_offset = body_offset
        self.kind = frame[1]
        self.flags = frame[2]
        self.serial = serial
        self.fields = fields
        self.reply_serial = reply_serial
        self.origin = NOBODY
        self.fds: list[int] = []
        self._chunks: list[Chunk] | None = None
        self._arguments: Arguments | None = None

    @property
    def is_call_with_reply(self) -> bool:
        """Whether somebody waits for an answer to this."""
        return self.kind == METHOD_CALL and not self.flags & NO_REPLY_EXPECTED

    def chunks(self) -> list[Chunk]:
        """The bytes that go on, the same however often this is called."""
        if self._chunks is None:
            frame = self.frame
            order = frame[0]
            packed = self.fields.packed
            if self.reply_serial:
                packed = reply_serial_field(self.reply_serial, order) + packed
            packed += self.origin.field(order)
            length = len(packed) - self.origin.padding
            head = b"".join((frame[:12], UINT32[order].pack(length), packed))
            body = memoryview(frame)[self.body_offset :]
            self._chunks = [head + body] if len(body) <= JOINED else [head, body]
        return self._chunks

    def text(self, index: int) -> tuple[str, str] | None:
        """The type and value of an argument that is a string or object path.

        None if it is of another type, is missing, or cannot be read.
        """
        if self._arguments is None:
            self._arguments = Arguments(self.frame, self.body_offset, self.frame[0], self.fields.signature)
        try:
            return self._arguments.text(index)
        except InvalidMessage:
            # Once for this message: what follows the fault cannot be found either
            self._arguments = Arguments(b"", 0, LITTLE, "")
            return None

    def body(self) -> list[Any]:
        """The values of the body. Descriptors in it are no business of the bus: they are closed.

        Raises:
            InvalidMessage: It does not fit its signature.
        """
        values, fds = decode_body(self.fields.signature, bytes(self.frame), self.body_offset, self.take_fds())
        close_received(fds)
        return values

    def take_fds(self) -> list[int]:
        """The descriptors, which are the caller's from now on."""
        fds, self.fds = self.fds, []
        return fds

    def received(self, fds: list[int]) -> Received:
        """The message as our own wire takes it in, with `fds` in place of its own descriptors."""
        fields = self.fields
        return Received(
            self.kind,
            self.flags,
            self.serial,
            fields.path,
            fields.interface,
            fields.member,
            fields.error_name,
            self.reply_serial,
            fields.destination,
            self.origin.name,
            fields.signature,
            fields.fd_count,
            bytes(self.frame),
            self.body_offset,
            fds,
        )

    def drop(self) -> None:
        """Close the descriptors that nobody took."""
        if self.fds:
            close_received(self.take_fds())


NOBODY = Origin("")


def read_message(frame: bytes | bytearray) -> Message:
    """Read the header of a whole message.

    Raises:
        InvalidMessage: It is malformed.
    """
    order = frame[0]
    body, serial, length = _LAYOUT[order].unpack_from(frame)
    kind = frame[1]
    if not kind or not serial:
        raise InvalidMessage("a message has the type or the serial 0")
    end = FIXED + length
    fields, reply_serial = read_fields(kind, order, bytes(frame[FIXED:end]))
    if (body == 0) != (fields.signature == ""):
        # Every value takes a byte at least
        raise InvalidMessage("a message has a body without a signature, or a signature without a body")
    return Message(frame, end + 7 & ~7, serial, fields, reply_serial)


def own_message(
    origin: Origin, kind: int, values: Sequence[Any], *, reply_serial: int = 0, **fields: Any
) -> Message:
    """A message of the bus itself, which owns the descriptors in it; `fields` as `make_fields` takes them."""
    body, fds = encode_body(fields.get("signature", ""), list(values))
    header = make_fields(**fields, fd_count=len(fds))
    serial = next(_OWN_SERIALS) & 0xFFFFFFFF or next(_OWN_SERIALS) & 0xFFFFFFFF
    start = _OWN.pack(LITTLE, kind, NO_REPLY_EXPECTED, 1, len(body), serial)
    # The fields are written anew for whoever it goes to, so there need be none here
    message = Message(start + bytes(4) + body, FIXED, serial, header, reply_serial)
    message.origin = origin
    message.fds = fds
    return message
