"""Header fields (D-Bus Specification, "Header Fields"): read once for all messages that have the same."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from machined.bus.local.arguments import Arguments
from machined.bus.local.syntax import is_bus_name, is_interface, is_member, is_path
from machined.wire.errors import InvalidMessage
from machined.wire.header import ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL
from machined.wire.signatures import parse_signature

LITTLE, BIG = ord("l"), ord("B")
"""The byte orders, as the first byte of a message names them."""
MAX_COUNT = 64
"""Header fields in one message that the bus is ready to look at; the specification knows nine."""
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)

UINT32 = {LITTLE: struct.Struct("<I"), BIG: struct.Struct(">I")}

_TYPES = dict(enumerate(b"osssussgu", 1))
_CHECKS: dict[int, Callable[[str], bool]] = {
    PATH: is_path,
    INTERFACE: is_interface,
    MEMBER: is_member,
    ERROR_NAME: is_interface,
    DESTINATION: is_bus_name,
}
_REQUIRED = {
    METHOD_CALL: (PATH, MEMBER),
    METHOD_RETURN: (REPLY_SERIAL,),
    ERROR: (ERROR_NAME, REPLY_SERIAL),
    SIGNAL: (PATH, INTERFACE, MEMBER),
}
_LOCAL_INTERFACE = "org.freedesktop.DBus.Local"
_LOCAL_PATH = "/org/freedesktop/DBus/Local"
_REPLY_SERIAL_HEAD = b"\5\1u\0"
_MAX_CACHED = 1024
"""Bytes of header fields that are worth keeping, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The fields of a message, but for who sent it and what it replies to.

    Attributes:
        path: The object, for calls and signals.
        interface: Its interface.
        member: The method or signal.
        error_name: The name of an error.
        destination: The name of the recipient.
        signature: The types of the body.
        fd_count: How many descriptors the message says to have.
        packed: The known fields as they go on, padded to a multiple of 8 bytes.
    """

    path: str | None
    interface: str | None
    member: str | None
    error_name: str | None
    destination: str | None
    signature: str
    fd_count: int
    packed: bytes


def read_fields(kind: int, order: int, raw: bytes) -> tuple[Fields, int]:
    """Read the array of header fields of a message of type `kind`.

    Returns:
        The fields, and the serial that the message replies to or 0.

    Raises:
        InvalidMessage: A field is malformed, there twice, forbidden, or missing though required.
    """
    if kind not in {METHOD_RETURN, ERROR}:
        return _kept(kind, order, raw) if len(raw) <= _MAX_CACHED else _read(kind, order, raw)
    # Replies differ in what they reply to. Most libraries write that field first, or last
    if raw[:4] == _REPLY_SERIAL_HEAD:
        rest, number = raw[8:], raw[4:8]
    elif raw[-8:-4] == _REPLY_SERIAL_HEAD and not len(raw) % 8:
        rest, number = raw[:-8], raw[-4:]
    else:
        rest, number = raw, b""
    if len(number) != UINT32[order].size or len(rest) > _MAX_CACHED:
        return _read(kind, order, raw)
    fields, also = _kept(kind, order, rest)
    if also:
        raise InvalidMessage("a header field is there twice")
    (serial,) = UINT32[order].unpack(number)
    if not serial:
        raise InvalidMessage("a message replies to the serial 0")
    return fields, serial


def _read(kind: int, order: int, raw: bytes) -> tuple[Fields, int]:
    fields, serial = _kept.__wrapped__(kind, order, raw)
    if kind in {METHOD_RETURN, ERROR} and not serial:
        raise InvalidMessage("a reply does not say what it replies to")
    return fields, serial


@lru_cache(maxsize=2048)
def _kept(kind: int, order: int, raw: bytes) -> tuple[Fields, int]:
    values: dict[int, str | int] = {}
    slices: list[bytes] = []
    for code, value, piece in _split(order, raw):
        if code in values:
            raise InvalidMessage("a header field is there twice")
        values[code] = value
        if code not in {SENDER, REPLY_SERIAL}:
            slices.append(piece + bytes(-len(piece) & 7))
    for needed in _REQUIRED.get(kind, ()):
        if needed not in values and needed != REPLY_SERIAL:
            raise InvalidMessage(f"a message of type {kind} lacks the header field {needed}")
    fields = _fields(values, b"".join(slices))
    return fields, _number(values, REPLY_SERIAL)


def _split(order: int, raw: bytes) -> list[tuple[int, str | int, bytes]]:
    """Each known field as its code, its value and its bytes."""
    reader = Arguments(raw, 0, order, "")
    found: list[tuple[int, str | int, bytes]] = []
    for _ in range(MAX_COUNT):
        if reader.offset + 7 & ~7 >= len(raw):
            return found
        reader.align(8)
        start = reader.offset
        code = reader.byte()
        type_code = reader.signature()
        expected = _TYPES.get(code)
        if expected is None:
            if not code:
                raise InvalidMessage("a header field has the code 0")
            parse_signature(type_code)
            reader.skip_all(type_code)
            continue
        if type_code != chr(expected):
            raise InvalidMessage(f"the header field {code} is of type {type_code!a}")
        value = reader.basic(type_code)
        _check(code, value)
        found.append((code, value, raw[start : reader.offset]))
    raise InvalidMessage(f"a message has more than {MAX_COUNT} header fields")


def _check(code: int, value: str | int) -> None:
    if isinstance(value, str):
        check = _CHECKS.get(code)
        if check is not None and not check(value):
            raise InvalidMessage(f"the header field {code} is malformed: {value[:64]!a}")
        if code == SIGNATURE:
            parse_signature(value)
        if (code == PATH and value == _LOCAL_PATH) or (code == INTERFACE and value == _LOCAL_INTERFACE):
            raise InvalidMessage(f"{value} may not be sent to a bus")


def _fields(values: dict[int, str | int], packed: bytes) -> Fields:
    def text(code: int) -> str | None:
        value = values.get(code)
        return value if isinstance(value, str) else None

    return Fields(
        text(PATH),
        text(INTERFACE),
        text(MEMBER),
        text(ERROR_NAME),
        text(DESTINATION),
        text(SIGNATURE) or "",
        _number(values, UNIX_FDS),
        packed,
    )


def _number(values: dict[int, str | int], code: int) -> int:
    value = values.get(code)
    return value if isinstance(value, int) else 0


def make_fields(
    *,
    path: str | None = None,
    interface: str | None = None,
    member: str | None = None,
    error_name: str | None = None,
    destination: str | None = None,
    signature: str = "",
    fd_count: int = 0,
) -> Fields:
    """The fields of a message of our own, in little-endian order."""
    packed = b"".join(
        text_field(code, value)
        for code, value in (
            (PATH, path),
            (INTERFACE, interface),
            (MEMBER, member),
            (ERROR_NAME, error_name),
            (DESTINATION, destination),
        )
        if value is not None
    )
    if signature:
        raw = signature.encode()
        piece = bytes((SIGNATURE, 1, ord("g"), 0, len(raw))) + raw + b"\0"
        packed += piece + bytes(-len(piece) & 7)
    if fd_count:
        packed += bytes((UNIX_FDS, 1, ord("u"), 0)) + fd_count.to_bytes(4, "little")
    return Fields(path, interface, member, error_name, destination, signature, fd_count, packed)


@lru_cache(maxsize=1024)
def text_field(code: int, value: str, order: int = LITTLE) -> bytes:
    """A field that holds text, padded to a multiple of 8 bytes."""
    raw = value.encode()
    piece = bytes((code, 1, _TYPES[code], 0)) + UINT32[order].pack(len(raw)) + raw + b"\0"
    return piece + bytes(-len(piece) & 7)


def reply_serial_field(serial: int, order: int) -> bytes:
    """The field that says what a message replies to; 8 bytes."""
    return _REPLY_SERIAL_HEAD + UINT32[order].pack(serial)
