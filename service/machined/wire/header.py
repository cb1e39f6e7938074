"""Headers of messages to bytes and back (D-Bus Specification, "Message Format")."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from machined.wire.body import MISFITS, decode_body, encode_body
from machined.wire.errors import InvalidMessage
from machined.wire.fields import (
    ERROR,
    METHOD_CALL,
    METHOD_RETURN,
    REPLY_SERIAL,
    SIGNAL,
    UNIX_FDS,
    number_field,
    read_fields,
    text_fields,
)
from machined.wire.reading import BYTE_ORDERS

__all__ = [
    "ALLOW_INTERACTIVE_AUTHORIZATION",
    "ERROR",
    "FIXED",
    "METHOD_CALL",
    "METHOD_RETURN",
    "NO_REPLY_EXPECTED",
    "SIGNAL",
    "Outgoing",
    "Received",
    "decode",
    "encode",
    "frame_size",
]

FIXED = 16
"""Bytes that tell how long a message is: the fixed part of the header and the length of its fields."""
MAX_FIELDS = 1 << 26
"""Bytes in the array of header fields, at most."""
MAX_MESSAGE = 1 << 27
"""Bytes in a whole message, at most (128 MiB)."""
MAX_SENT = 1 << 25
"""Bytes in a message that we send (32 MiB): the system bus throws out who sends more (dbus-daemon(1),
"max_message_size")."""
MAX_FDS = 16
"""Descriptors in one message that we send: dbus-daemon(1) throws out who sends more of them."""

NO_REPLY_EXPECTED = 0x1
ALLOW_INTERACTIVE_AUTHORIZATION = 0x4

_VERSION = 1
_LITTLE = ord("l")
_FIXED = {first: struct.Struct(f"{order}BBBBIII") for first, order in BYTE_ORDERS.items()}


class Outgoing(NamedTuple):
    """A message that is to be sent; `kind` is its type. What is wrong with it shows when it is encoded."""

    kind: int
    flags: int
    serial: int
    signature: str = ""
    body: Sequence[Any] = ()
    path: str | None = None
    interface: str | None = None
    member: str | None = None
    error_name: str | None = None
    destination: str | None = None
    reply_serial: int = 0


@dataclass(slots=True, eq=False, repr=False)
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
    if version != _VERSION:
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
    first = frame[0]
    _, kind, flags, _, _, serial, length = _FIXED[first].unpack_from(frame)
    end = FIXED + length
    try:
        fields, reply_serial = read_fields(kind, first, frame[FIXED:end])
    except MISFITS as error:
        raise InvalidMessage(f"a message has a malformed header: {error}") from None
    path, interface, member, error_name, _, destination, sender, signature, fd_count = fields
    return Received(
        kind, flags, serial, path, interface, member, error_name, reply_serial,
        destination, sender, signature, fd_count, frame, end + 7 & ~7,
    )  # fmt: skip


def encode(message: Outgoing) -> tuple[bytearray, list[int]]:
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
    kind = message.kind
    if kind in {METHOD_RETURN, ERROR} and not message.reply_serial:
        raise InvalidMessage("a reply must say what it replies to")
    try:
        texts, length = text_fields(
            kind,
            message.path,
            message.interface,
            message.member,
            message.error_name,
            message.destination,
            message.signature,
        )
        before = number_field(REPLY_SERIAL, message.reply_serial) if message.reply_serial else b""
        after = number_field(UNIX_FDS, len(fds)) if fds else b""
        length = len(before) + (len(texts) + len(after) if after else length)
        frame = bytearray(
            _FIXED[_LITTLE].pack(_LITTLE, kind, message.flags, _VERSION, len(body), message.serial, length)
        )
    except (TypeError, struct.error) as error:
        raise InvalidMessage(f"a message has a header that it cannot have: {error}") from None
    frame += before
    frame += texts
    frame += after
    frame += body
    if len(frame) > MAX_SENT:
        raise InvalidMessage(f"a message of {len(frame)} bytes is larger than the {MAX_SENT} allowed")
    return frame, fds
