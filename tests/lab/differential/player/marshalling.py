"""Values as bytes and back (D-Bus Specification, "Type System"), apart from what our service uses for it.

Arrays are lists, `ay` is bytes, structs are tuples, dicts are dicts (lists of pairs where a key is there
twice), a variant is `Typed`. Descriptors are written as they are given and read as indexes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

NUMBERS = {"y": "B", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "b": "I", "h": "I"}
ALIGNMENTS = {"(": 8, "{": 8, "a": 4, "s": 4, "o": 4, "g": 1, "v": 1}


class Typed(NamedTuple):
    """The value of a variant, with its type."""

    signature: str
    value: Any


def types(signature: str) -> Iterator[str]:
    """The complete types that a signature is made of."""
    while signature:
        end = _end(signature)
        yield signature[:end]
        signature = signature[end:]


def _end(signature: str) -> int:
    if signature[0] == "a":
        return 1 + _end(signature[1:])
    if signature[0] not in "({":
        return 1
    depth = 0
    for at, code in enumerate(signature):
        depth += (code in "({") - (code in ")}")
        if depth == 0:
            return at + 1
    raise ValueError(signature)


def alignment(code: str) -> int:
    """What the start of a value of this type is padded to."""
    return struct.calcsize(NUMBERS[code]) if code in NUMBERS else ALIGNMENTS[code]


class Writer:
    """Bytes that grow by values, and the descriptors that go with them."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.fds: list[int] = []

    def align(self, to: int) -> None:
        self.data += bytes(-len(self.data) % to)

    def all(self, signature: str, values: Sequence[Any]) -> bytes:
        for one, value in zip(types(signature), values, strict=True):
            self.one(one, value)
        return bytes(self.data)

    def one(self, signature: str, value: Any) -> None:
        code = signature[0]
        self.align(alignment(code))
        if code == "h":
            self.fds.append(value)
            value = len(self.fds) - 1
        if code in NUMBERS:
            self.data += struct.pack("<" + NUMBERS[code], value)
        elif code in "so":
            raw = value if isinstance(value, bytes) else value.encode()
            self.data += struct.pack("<I", len(raw)) + raw + b"\0"
        elif code == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif code == "v":
            self.one("g", value[0])
            self.one(value[0], value[1])
        elif code == "a":
            self._array(signature[1:], value)
        else:
            for one, part in zip(types(signature[1:-1]), value, strict=True):
                self.one(one, part)

    def _array(self, of: str, values: Any) -> None:
        at = len(self.data)
        self.data += bytes(4)
        self.align(alignment(of[0]))
        start = len(self.data)
        for value in values.items() if isinstance(values, dict) else values:
            self.one(of, value)
        struct.pack_into("<I", self.data, at, len(self.data) - start)


class Reader:
    """Values out of bytes, of either byte order."""

    def __init__(self, data: bytes, order: str = "<") -> None:
        self._data = data
        self._order = order
        self.at = 0

    def align(self, to: int) -> None:
        self.at += -self.at % to

    def all(self, signature: str) -> list[Any]:
        return [self.one(one) for one in types(signature)]

    def one(self, signature: str) -> Any:
        code = signature[0]
        self.align(alignment(code))
        if code in NUMBERS:
            value = struct.unpack_from(self._order + NUMBERS[code], self._data, self.at)[0]
            self.at += struct.calcsize(NUMBERS[code])
            return bool(value) if code == "b" else value
        if code in "sog":
            length = self.one("y" if code == "g" else "u")
            self.at += length + 1
            return self._data[self.at - length - 1 : self.at - 1].decode(errors="backslashreplace")
        if code == "v":
            of = self.one("g")
            return Typed(of, self.one(of))
        if code == "a":
            return self._array(signature[1:])
        return tuple(self.all(signature[1:-1]))

    def _array(self, of: str) -> Any:
        length = self.one("u")
        self.align(alignment(of[0]))
        end = self.at + length
        if of == "y":
            self.at = end
            return self._data[end - length : end]
        values = []
        while self.at < end:
            values.append(self.one(of))
        # A machine may say a thing twice
        return dict(values) if of[0] == "{" and len(dict(values)) == len(values) else values
