"""Reading single values out of marshalled bytes (D-Bus Specification, "Marshaling").

The bus looks into bodies only where a match rule asks for an argument, and then no further than that.
"""

from __future__ import annotations

from machined.wire.errors import InvalidMessage
from machined.wire.signatures import parse_signature

MAX_DEPTH = 64
"""How deep values may be nested, of whatever kind (D-Bus Specification, "Valid Signatures")."""

_ALIGNMENT = dict(zip("ybnqiuxtdsoghva({", (1, 4, 2, 2, 4, 4, 8, 8, 8, 4, 4, 1, 4, 1, 4, 8, 8), strict=True))
_SIZE = dict(zip("ybnqiuxtdh", (1, 4, 2, 2, 4, 4, 8, 8, 8, 4), strict=True))


class Arguments:
    """The values of a body, read in order and only as far as somebody asks.

    Every method raises `InvalidMessage` if the bytes do not fit.

    Args:
        data: The bytes.
        offset: Where the first value begins; alignment counts from the beginning of `data`.
        order: The byte order, as the first byte of a message names it.
        signature: The types of the values.

    Attributes:
        offset: How far it was read.
    """

    def __init__(self, data: bytes | bytearray, offset: int, order: int, signature: str) -> None:
        self.offset = offset
        self._data = data
        self._order: str = "little" if order == ord("l") else "big"
        self._signature = signature
        self._position = 0
        self._read: list[tuple[str, str]] = []

    def text(self, index: int) -> tuple[str, str] | None:
        """The type and value of an argument of type `s` or `o`; None for others and those not there."""
        while len(self._read) <= index and self._position < len(self._signature):
            end = type_end(self._signature, self._position)
            type_ = self._signature[self._position : end]
            self._position = end
            if type_ in {"s", "o"}:
                self._read.append((type_, str(self.basic(type_))))
            else:
                self.skip(type_)
                self._read.append((type_, ""))
        if index >= len(self._read) or self._read[index][0] not in {"s", "o"}:
            return None
        return self._read[index]

    def align(self, boundary: int) -> None:
        """Step to the next multiple of `boundary`; what lies between must be zero."""
        start = self.offset
        self.offset = (start + boundary - 1) // boundary * boundary
        self._within()
        if any(self._data[start : self.offset]):
            raise InvalidMessage("padding is not zero")

    def byte(self) -> int:
        """A byte."""
        return self._number(1)

    def signature(self) -> str:
        """A value of type `g`."""
        return self._text(self.byte())

    def basic(self, type_code: str) -> str | int:
        """A value of type `s`, `o`, `g` or `u`."""
        if type_code == "g":
            return self.signature()
        self.align(4)
        number = self._number(4)
        return number if type_code == "u" else self._text(number)

    def skip_all(self, signature: str, depth: int = 0) -> None:
        """Step over a value of each type of a signature that was checked before."""
        position = 0
        while position < len(signature):
            end = type_end(signature, position)
            self.skip(signature[position:end], depth)
            position = end

    def skip(self, type_: str, depth: int = 0) -> None:
        """Step over one value."""
        if depth > MAX_DEPTH:
            raise InvalidMessage("values are nested too deep")
        code = type_[0]
        self.align(_ALIGNMENT[code])
        if code in _SIZE:
            self.offset += _SIZE[code]
        elif code in "sog":
            length = self._number(1 if code == "g" else 4)
            self.offset += length + 1
        elif code == "a":
            length = self._number(4)
            self.align(_ALIGNMENT[type_[1]])
            self.offset += length
        elif code == "v":
            inner = self.signature()
            if len(parse_signature(inner).types) != 1:
                raise InvalidMessage("a variant is not of one type")
            self.skip(inner, depth + 1)
        else:
            self.skip_all(type_[1:-1], depth + 1)
        self._within()

    def _number(self, size: int) -> int:
        start = self.offset
        self.offset += size
        self._within()
        return int.from_bytes(self._data[start : self.offset], self._order)  # type: ignore[arg-type]

    def _text(self, length: int) -> str:
        start = self.offset
        self.offset += length + 1
        self._within()
        raw = bytes(self._data[start : start + length])
        if b"\0" in raw or self._data[start + length]:
            raise InvalidMessage("a string does not end where it should")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise InvalidMessage("a string is not UTF-8") from None

    def _within(self) -> None:
        if self.offset > len(self._data):
            raise InvalidMessage("a value reaches beyond the end of its message")


def type_end(signature: str, position: int) -> int:
    """Where the complete type that begins at `position` ends, in a signature that was checked before."""
    while signature[position] == "a":
        position += 1
    depth = 0
    while True:
        depth += (signature[position] in "({") - (signature[position] in ")}")
        position += 1
        if not depth:
            return position
