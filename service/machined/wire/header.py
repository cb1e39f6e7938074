"""Headers of messages to bytes and back (D-Bus Specification, "Message Format")."""

# mypy: disallow-untyped-calls=False
# dbus-next types few of the functions that this is built on

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dbus_next._private.constants import BIG_ENDIAN, LITTLE_ENDIAN, PROTOCOL_VERSION, HeaderField
from dbus_next.message import Message
from dbus_next.signature import SignatureTree

from machined.wire.body import FrameReader, decode_body, encode_body
from machined.wire.errors import InvalidMessage

FIXED = 16
"""Bytes that tell how long a message is: the fixed part of the header and the length of its fields."""
MAX_FIELDS = 1 << 26
"""Bytes in the array of header fields, at most."""
MAX_MESSAGE = 1 << 27
"""Bytes in a whole message, at most (128 MiB)."""
MAX_FDS = 16
"""Descriptors in one message that we send: dbus-daemon(1) throws out who sends more of them."""

METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY_EXPECTED = 0x1
ALLOW_INTERACTIVE_AUTHORIZATION = 0x4

_NAME = re.compile(r"[-A-Za-z0-9_.:/]+")
_FIXED = {LITTLE_ENDIAN: struct.Struct("<BBBBIII"), BIG_ENDIAN: struct.Struct(">BBBBIII")}
_UINT32 = {LITTLE_ENDIAN: struct.Struct("<I"), BIG_ENDIAN: struct.Struct(">I")}
_FIELD = struct.Struct(
    "<BBcBI"
)  # code, signature of one type, and the length or value that follows it aligned
_SHORT_FIELD = struct.Struct("<BBcBB")
_PADDING = [bytes(-length & 7) for length in range(8)]
_TYPES = {code.value: type_code for code, type_code in zip(HeaderField, "osssussgu", strict=True)}
_REQUIRED = {
    METHOD_CALL: (HeaderField.PATH, HeaderField.MEMBER),
    METHOD_RETURN: (HeaderField.REPLY_SERIAL,),
    ERROR: (HeaderField.ERROR_NAME, HeaderField.REPLY_SERIAL),
    SIGNAL: (HeaderField.PATH, HeaderField.INTERFACE, HeaderField.MEMBER),
}


@dataclass(slots=True)
class Received:
    """A message as it came in. Its descriptors belong to whoever holds it, until `decode`.

    `kind` is the message type, also one that the specification does not know yet.
    """

    kind: int
    flags: int
    serial: int
    path: str | None
    interface: str | None
    member: str | None
    error_name: str | None
    reply_serial: int
    destination: str | None
    sender: str | None
    signature: str
    fd_count: int
    frame: bytes
    body_offset: int
    fds: list[int] = field(default_factory=list)

    def decode(self) -> list[Any]:
        """The body. Afterwards `fds` holds the descriptors in it.

        Raises:
            InvalidMessage: The body does not fit the header; its descriptors are closed.
        """
        fds, self.fds = self.fds, []
        body, self.fds = decode_body(self.signature, self.frame, self.body_offset, fds)
        return body


def frame_size(start: bytes | bytearray) -> int:
    """The length in bytes of the message that begins with `start`, of which 16 bytes are needed.

    Raises:
        InvalidMessage: This is no message; what follows can make no sense either.
    """
    layout = _FIXED.get(start[0])
    if layout is None:
        raise InvalidMessage(f"a message begins with {start[0]:#x}, which is no byte order")
    _, _, _, version, body, _, fields = layout.unpack_from(start)
    if version != PROTOCOL_VERSION:
        raise InvalidMessage(f"a message is of the unknown protocol version {version}")
    size: int = FIXED + (fields + 7 & ~7) + body
    if fields > MAX_FIELDS or size > MAX_MESSAGE:
        raise InvalidMessage(f"a message of {size} bytes is larger than the specification allows")
    return size


def decode(frame: bytes) -> Received:
    """Read the header of a whole message. Unknown fields are skipped, unknown types passed on.

    Raises:
        InvalidMessage: A field is malformed, or a field that the message type requires is missing.
    """
    _, kind, flags, _, _, serial, length = _FIXED[frame[0]].unpack_from(frame)
    end = FIXED + length
    try:
        fields = _read_fields(frame, end)
    except (struct.error, LookupError, ValueError, RecursionError) as error:
        raise InvalidMessage(f"a message has a malformed header: {error}") from None
    for needed in _REQUIRED.get(kind, ()):
        if not fields.get(needed.value):
            raise InvalidMessage(f"a message of type {kind} lacks the header field {needed.name}")
    get = fields.get
    return Received(
        kind, flags, serial, get(1), get(2), get(3), get(4), get(5, 0), get(6), get(7), get(8, ""), get(9, 0),
        frame, end + 7 & ~7,
    )  # fmt: skip


def _read_fields(frame: bytes, end: int) -> dict[int, Any]:
    fields: dict[int, Any] = {}
    uint32 = _UINT32[frame[0]]
    offset = FIXED
    while offset < end:
        code = frame[offset]
        type_code = _TYPES.get(code)
        if type_code is None:
            offset = _skip_variant(frame, offset + 1)
        elif frame[offset + 1 : offset + 4] != b"\1%c\0" % ord(type_code):
            raise ValueError(f"the field {code} is not of type {type_code!r}")
        elif type_code == "u":
            (fields[code],) = uint32.unpack_from(frame, offset + 4)
            offset += 8
        else:
            start = offset + (5 if type_code == "g" else 8)
            stop = start + (
                frame[offset + 4] if type_code == "g" else uint32.unpack_from(frame, offset + 4)[0]
            )
            fields[code] = str(frame[start:stop], "utf-8")
            offset = stop + 1
        if offset > end:
            raise ValueError(f"the field {code} reaches beyond the header")
        offset = offset + 7 & ~7
    return fields


def _skip_variant(frame: bytes, offset: int) -> int:
    """Where the variant at `offset` ends."""
    reader = FrameReader(frame, offset, [])
    signature = reader.read_signature()
    (type_,) = SignatureTree(signature).types
    reader.readers["h"] = reader.read_uint32  # an index into what we do not know
    reader.read_argument(type_)
    end: int = reader.offset
    return end


def encode(message: Message) -> tuple[bytearray, list[int]]:
    """Marshal a message.

    Returns:
        The bytes, and the descriptors that must travel with the first of them. They remain the caller's.

    Raises:
        InvalidMessage: The specification forbids it.
    """
    body, fds = encode_body(message.signature, message.body)
    if len(fds) > MAX_FDS:
        raise InvalidMessage(
            f"{len(fds)} file descriptors in one message are more than the {MAX_FDS} allowed"
        )
    frame = bytearray(FIXED)
    for code, value in (
        (HeaderField.PATH, message.path),
        (HeaderField.INTERFACE, message.interface),
        (HeaderField.MEMBER, message.member),
        (HeaderField.ERROR_NAME, message.error_name),
        (HeaderField.DESTINATION, message.destination),
    ):
        if value:
            frame += _PADDING[len(frame) & 7] + _name_field(code.value, value)
    if message.signature:
        raw = message.signature.encode()
        frame += _PADDING[len(frame) & 7] + _SHORT_FIELD.pack(8, 1, b"g", 0, len(raw)) + raw + b"\0"
    for code, number in ((HeaderField.REPLY_SERIAL, message.reply_serial), (HeaderField.UNIX_FDS, len(fds))):
        if number:
            frame += _PADDING[len(frame) & 7] + _FIELD.pack(code.value, 1, b"u", 0, number)
    length = len(frame) - FIXED
    kind, flags = message.message_type.value, message.flags.value
    _FIXED[LITTLE_ENDIAN].pack_into(
        frame, 0, LITTLE_ENDIAN, kind, flags, PROTOCOL_VERSION, len(body), message.serial, length
    )
    frame += _PADDING[len(frame) & 7] + body
    if len(frame) > MAX_MESSAGE:
        raise InvalidMessage(f"a message of {len(frame)} bytes is larger than the {MAX_MESSAGE} allowed")
    return frame, fds


@lru_cache(maxsize=4096)
def _name_field(code: int, value: str) -> bytes:
    """A header field that holds a name; the same few names make up nearly every message."""
    # dbus-next's validators look no further than the colon of a unique name, and let a trailing newline pass
    if not _NAME.fullmatch(value):
        raise InvalidMessage(f"{value[:64]!a} is no name that a message header may hold")
    return _FIELD.pack(code, 1, _TYPES[code].encode(), 0, len(value)) + value.encode() + b"\0"
