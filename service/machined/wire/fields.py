"""Header fields to bytes and back (D-Bus Specification, "Header Fields").

The same few headers are sent and received over and over, so they are kept, but for the serial that a reply
replies to: it stands before the others.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from typing import Any, NamedTuple

from machined.wire.checks import is_path
from machined.wire.codec import DECODERS
from machined.wire.errors import InvalidMessage
from machined.wire.reading import BYTE_ORDERS, words_of

METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)
TYPES = dict(enumerate("osssussgu", 1))
"""The type of each field, by its code."""
REQUIRED: dict[int, tuple[int, ...]] = {
    METHOD_CALL: (PATH, MEMBER),
    METHOD_RETURN: (REPLY_SERIAL,),
    ERROR: (ERROR_NAME, REPLY_SERIAL),
    SIGNAL: (PATH, INTERFACE, MEMBER),
}
"""The fields that a message must have, by its type."""
KEPT = 2048
"""Headers that are kept of those sent and of those received, at most."""
MAX_KEPT = 1024
"""Bytes of a received header that is kept, at most."""

_ELEMENT = "[A-Za-z_][A-Za-z0-9_]*"
_is_interface = re.compile(rf"(?=.{{1,255}}\Z){_ELEMENT}(?:\.{_ELEMENT})+").fullmatch
_CHECKS = {
    PATH: is_path,
    INTERFACE: _is_interface,
    MEMBER: re.compile(rf"(?=.{{1,255}}\Z){_ELEMENT}").fullmatch,
    ERROR_NAME: _is_interface,
    DESTINATION: re.compile(
        r"(?=.{1,255}\Z)(?::[-A-Za-z0-9_]+(?:\.[-A-Za-z0-9_]+)*|[A-Za-z_-][-A-Za-z0-9_]*(?:\.[A-Za-z_-][-A-Za-z0-9_]*)+)"
    ).fullmatch,
}
_TEXT = struct.Struct("<BBcBI")  # code, signature of one type, and the length that follows it aligned
_SIGNATURE = struct.Struct("<BBcBB")
_NUMBERS = {first: struct.Struct(f"{order}BBcBI") for first, order in BYTE_ORDERS.items()}


class Fields(NamedTuple):
    """The fields of a message; None, 0 or "" stands for one that is not there."""

    path: str | None
    interface: str | None
    member: str | None
    error_name: str | None
    reply_serial: int
    destination: str | None
    sender: str | None
    signature: str
    fd_count: int


def number_field(code: int, number: int) -> bytes:
    """A field that holds a number: 8 bytes, little-endian."""
    return _TEXT.pack(code, 1, b"u", 0, number)


@lru_cache(KEPT)
def text_fields(
    kind: int,
    path: str | None,
    interface: str | None,
    member: str | None,
    error_name: str | None,
    destination: str | None,
    signature: str,
) -> tuple[bytes, int]:
    """The fields that hold text, little-endian, in a message of type `kind`.

    Returns:
        Their bytes, padded to a multiple of 8, and the number of them without the padding.

    Raises:
        InvalidMessage: One is malformed, or missing though the type requires it.
    """
    values = {
        PATH: path,
        INTERFACE: interface,
        MEMBER: member,
        ERROR_NAME: error_name,
        DESTINATION: destination,
    }
    if kind not in REQUIRED:
        raise InvalidMessage(f"{kind} is no type of message that may be sent")
    for code in REQUIRED[kind]:
        if not values.get(code, True):
            raise InvalidMessage(f"a message of type {kind} needs the header field {code}")
    out = bytearray()
    for code, value in values.items():
        if value is not None:
            if not _CHECKS[code](value):
                raise InvalidMessage(f"{value[:64]!a} cannot be the header field {code}")
            raw = value.encode()
            out += bytes(-len(out) & 7)
            out += _TEXT.pack(code, 1, TYPES[code].encode(), 0, len(raw)) + raw + b"\0"
    if signature:
        raw = signature.encode()
        out += bytes(-len(out) & 7)
        out += _SIGNATURE.pack(SIGNATURE, 1, b"g", 0, len(raw)) + raw + b"\0"
    return bytes(out) + bytes(-len(out) & 7), len(out)


def read_fields(kind: int, first: int, raw: bytes) -> tuple[Fields, int]:
    """Read the array of fields of a message of type `kind`. Unknown fields are skipped.

    Returns:
        The fields but for `reply_serial`, and that number.

    Args:
        kind: The type of the message; fields that it requires must be there.
        first: The first byte of the message, which tells the byte order.
        raw: The array, without its length.

    Raises:
        InvalidMessage: A field is malformed or missing. So say ValueError, LookupError and struct.error.
    """
    serial = 0
    if raw[:4] == b"\5\1u\0" and len(raw) >= 8:
        serial = _NUMBERS[first].unpack_from(raw)[4]
        raw = raw[8:]
    read = _read_and_keep if len(raw) <= MAX_KEPT else _read
    fields = read(first, raw)
    serial = fields.reply_serial or serial
    for code in REQUIRED.get(kind, ()):
        if not (serial if code == REPLY_SERIAL else fields[code - 1]):
            raise InvalidMessage(f"a message of type {kind} lacks the header field {code}")
    return fields, serial


def _read(first: int, raw: bytes) -> Fields:
    fields: list[Any] = [None, None, None, None, 0, None, None, "", 0]
    number = _NUMBERS[first]
    at, end = 0, len(raw)
    while at < end:
        code = raw[at]
        type_code = TYPES.get(code)
        if type_code is None:
            at = _skip_variant(first, raw, at + 1)
        elif raw[at + 1 : at + 4] != b"\1%c\0" % ord(type_code):
            raise InvalidMessage(f"the header field {code} is not of type {type_code!r}")
        elif type_code == "u":
            fields[code - 1] = number.unpack_from(raw, at)[4]
            at += 8
        else:
            start = at + (5 if type_code == "g" else 8)
            stop = start + (raw[at + 4] if type_code == "g" else number.unpack_from(raw, at)[4])
            if raw.find(0, start) != stop:
                raise InvalidMessage(f"the header field {code} does not end with its only NUL")
            fields[code - 1] = str(raw[start:stop], "utf-8")
            at = stop + 1
        at = at + 7 & ~7
    return Fields(*fields)


_read_and_keep = lru_cache(KEPT)(_read)


def _skip_variant(first: int, raw: bytes, at: int) -> int:
    """Where the variant at `at` ends."""
    decoders = DECODERS[first]
    # A descriptor in it is an index into what we do not know: it stays a number
    _, end = decoders.variant(raw, at, words_of(raw, decoders.order), int, 2)
    return end
