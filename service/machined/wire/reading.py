"""What generated decoders call and look up: the frame they read, and what refuses malformed bytes."""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from machined.wire.checks import is_path, refuse_path
from machined.wire.errors import InvalidMessage
from machined.wire.layout import FORMATS, MAX_ARRAY, size_of
from machined.wire.signatures import parse_signature

Decode = Callable[[bytes, int, "array[int]", Callable[[int], int], int], tuple[Any, int]]
"""Reads a value, and tells where it ends.

It is given the frame, an offset, the frame as words, what gives a descriptor for its index, and how many
containers are around the value.
"""

BYTE_ORDERS = {ord("l"): "<", ord("B"): ">"}
"""The first byte of a message, and what the struct module calls the order it stands for."""

TAILS = {
    "<": tuple(0xFFFFFFFF << 8 * offset & 0xFFFFFFFF for offset in range(4)),
    ">": tuple(0xFFFFFFFF >> 8 * offset for offset in range(4)),
}
"""Masks of the bytes of a 32-bit word from an offset on: where they are padding they must be zero."""


class _Gaps(dict[bytes, int]):
    """What stands between two strings: NUL and padding of the first, and the length of the second."""

    def __init__(self, order: str) -> None:
        self._length = struct.Struct(f"{order}I")
        lengths = [(length, self._length.pack(length)) for length in range(256)]
        super().__init__((bytes(ends) + packed, length) for ends in range(1, 5) for length, packed in lengths)

    def __missing__(self, gap: bytes) -> int:
        if len(gap) < 5 or any(gap[:-4]):
            bad_padding()
        (length,) = self._length.unpack(gap[-4:])
        return int(length)


GAPS = {order: _Gaps(order) for order in "<>"}
"""The length of a string, by the bytes from the end of the one before it: these must be zero."""


def words_of(frame: bytes, order: str) -> array[int]:
    """The frame as 32-bit numbers; the last is filled up with zeros."""
    words = array("I", frame + bytes(-len(frame) & 3))
    if (order == "<") != (sys.byteorder == "little"):
        words.byteswap()
    return words


MOST_USES = 1024
"""Values that descriptors become in one body, where it names some of them again and again."""


class Descriptors:
    """The descriptors that came with a message, while its body is read.

    Args:
        fds: All of them, in the order of their indices.

    Attributes:
        used: Those that were read as values so far.
    """

    def __init__(self, fds: list[int]) -> None:
        self._fds = fds
        self.used: list[int] = []

    def take(self, index: int) -> int:
        """The descriptor an index stands for, a duplicate if it was taken before."""
        if index >= len(self._fds):
            raise InvalidMessage(f"a body names descriptor {index}, but {len(self._fds)} came with it")
        if len(self.used) == MOST_USES:
            raise InvalidMessage(f"a body names descriptors more than {MOST_USES} times")
        fd = self._fds[index]
        if fd in self.used:
            fd = os.dup(fd)
        self.used.append(fd)
        return fd


def bad_padding() -> NoReturn:
    """Refuse padding, or the end of a string, that is not zero; libdbus and sd-bus do it likewise."""
    raise InvalidMessage("the padding of a value, or the end of a string, is not zero")


def bad_text(value: str) -> NoReturn:
    """Refuse a string that holds a NUL."""
    raise InvalidMessage(f"a string holds a NUL: {value[:64]!a}")


def check_paths(values: Sequence[str]) -> None:
    """Refuse strings that are no object paths."""
    if not all(map(is_path, values)):
        refuse_path(next(value for value in values if not is_path(value)))


def bad_boolean(value: int) -> NoReturn:
    """Refuse a boolean that is neither 0 nor 1 (D-Bus Specification, "Basic types")."""
    raise InvalidMessage(f"a boolean is {value}")


def bad_size(size: int) -> NoReturn:
    """Refuse an array that is too large, or reaches beyond the end of its message."""
    raise InvalidMessage(f"an array is said to be {size} bytes long")


def bad_end() -> NoReturn:
    """Refuse an array whose items do not end where it does."""
    raise InvalidMessage("the items of an array reach beyond its end")


def read_signature(frame: bytes, at: int) -> tuple[str, int]:
    """A value of type `g`, and where it ends."""
    stop = at + 1 + frame[at]
    if frame[stop]:
        bad_padding()
    signature = frame[at + 1 : stop].decode("ascii")
    parse_signature(signature)
    return signature, stop + 1


def read_numbers(code: str, order: str, frame: bytes, at: int, size: int) -> list[Any]:
    """The items of an array whose items are of the fixed size that `code` has."""
    count, rest = divmod(size, size_of(code))
    if rest:
        bad_size(size)
    values = struct.unpack_from(f"{order}{count}{FORMATS[code]}", frame, at)
    if code == "b":
        if values and max(values) > 1:
            bad_boolean(max(values))
        return [value == 1 for value in values]
    return list(values)


NAMES: dict[str, Any] = {
    "MAX_ARRAY": MAX_ARRAY,
    "bad_boolean": bad_boolean,
    "bad_end": bad_end,
    "bad_padding": bad_padding,
    "bad_size": bad_size,
    "bad_text": bad_text,
    "check_paths": check_paths,
    "read_numbers": read_numbers,
    "read_signature": read_signature,
}
"""What every decoder may refer to."""
