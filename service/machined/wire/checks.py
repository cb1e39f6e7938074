"""What generated encoders call and look up: constants, and checks that refuse a value with a sentence."""

from __future__ import annotations

import fcntl
import re
import struct
from collections.abc import Iterable
from typing import Any, NoReturn

from machined.wire.errors import InvalidMessage
from machined.wire.layout import FORMATS, MAX_ARRAY
from machined.wire.library import Variant
from machined.wire.signatures import parse_signature

_UINT32 = struct.Struct("<I")

is_path = re.compile(r"/|(?:/[A-Za-z0-9_]++)++").fullmatch
"""Whether a string is an object path (D-Bus Specification, "Valid Object Paths")."""


class _Lengths(dict[int, bytes]):
    """Lengths as they stand before strings and arrays; those of most strings are kept at hand."""

    def __missing__(self, length: int) -> bytes:
        return _UINT32.pack(length)


LENGTHS = _Lengths((length, _UINT32.pack(length)) for length in range(256))
TO_2 = (b"", b"\0")
TO_4 = tuple(bytes(-offset & 3) for offset in range(4))
"""The padding up to a multiple of 4, by the last two bits of the offset; the others are alike."""
TO_8 = tuple(bytes(-offset & 7) for offset in range(8))
ENDS = tuple(bytes(4 - length) for length in range(4))
"""The NUL behind a string and the padding of it to a multiple of 4, by the last two bits of its length."""


def wrong(value: Any, wanted: str) -> NoReturn:
    """Refuse a value of a Python type that its D-Bus type is not made of."""
    raise InvalidMessage(f"{type(value).__name__} stands where {wanted} belongs")


def refuse_nul(value: str) -> NoReturn:
    """Refuse a string with a NUL (D-Bus Specification, "Basic types")."""
    raise InvalidMessage(f"a string holds a NUL: {value[:64]!a}")


def refuse_path(value: str) -> NoReturn:
    """Refuse a string that is no object path."""
    raise InvalidMessage(f"{value[:64]!a} is no object path")


def refuse_size(size: int) -> NoReturn:
    """Refuse an array that is too large."""
    raise InvalidMessage(f"an array of {size} bytes is longer than the {MAX_ARRAY} allowed")


def signature_octets(value: str) -> bytes:
    """A signature as a value, with its length and its NUL."""
    if not isinstance(value, str):
        wrong(value, "a signature")
    parse_signature(value)
    return bytes((len(value),)) + value.encode() + b"\0"


def fd_index(fd: int, fds: list[int]) -> int:
    """The index of a descriptor among those of the message, which it joins unless it is there."""
    if not isinstance(fd, int):
        wrong(fd, "a file descriptor")
    if fd not in fds:
        try:
            fcntl.fcntl(fd, fcntl.F_GETFD)
        except OSError as error:
            # Found out only by sendmsg(2), it would cost the connection
            raise InvalidMessage(f"{fd} is no open file descriptor: {error.strerror}") from None
        fds.append(fd)
    return fds.index(fd)


def numbers(code: str, values: Iterable[Any]) -> bytes:
    """The items of an array of a fixed size, one behind the other."""
    items = tuple(values)
    kinds = set(map(type, items))
    if code == "b" and not kinds <= {bool}:
        wrong(next(item for item in items if type(item) is not bool), "a boolean")
    if code == "d" and not all(issubclass(kind, int | float) for kind in kinds):
        wrong(next(item for item in items if not isinstance(item, int | float)), "a number")
    return struct.pack(f"<{len(items)}{FORMATS[code]}", *items)


NAMES: dict[str, Any] = {
    "ENDS": ENDS,
    "LENGTHS": LENGTHS,
    "MAX_ARRAY": MAX_ARRAY,
    "NUMBER": (int, float),
    "OCTETS": (bytes, bytearray),
    "SEQUENCE": (list, tuple),
    "TO_2": TO_2,
    "TO_4": TO_4,
    "TO_8": TO_8,
    "Variant": Variant,
    "fd_index": fd_index,
    "is_path": is_path,
    "numbers": numbers,
    "pack_length": _UINT32.pack_into,
    "refuse_nul": refuse_nul,
    "refuse_path": refuse_path,
    "refuse_size": refuse_size,
    "signature_octets": signature_octets,
    "wrong": wrong,
}
"""What every encoder may refer to."""
