"""How values lie in a message (D-Bus Specification, "Marshaling")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from machined.wire.library import SignatureType

FORMATS = dict(zip("ybnqiuxtdh", "BIhHiIqQdI", strict=True))
"""The types of fixed size, and how the struct module writes each."""
ALIGNMENTS = dict(zip("ybnqiuxtdhsogav({", (1, 4, 2, 2, 4, 4, 8, 8, 8, 4, 4, 4, 1, 4, 1, 8, 8), strict=True))
"""What the offset of each type is a multiple of, in bytes."""
MAX_ARRAY = 1 << 26
"""Bytes in one array, at most (64 MiB)."""
MAX_DEPTH = 64
"""Containers within one another in a message, at most, variants included ("Marshaling", VARIANT)."""
MAX_INLINE = 4
"""Loops within one another in one generated function; Python compiles no more than 20."""


class Offset(NamedTuple):
    """What is known about an offset when code is generated: its remainder for some power of 2 up to 8."""

    remainder: int
    modulus: int

    def padding(self, alignment: int) -> int | None:
        """Bytes up to the next multiple of `alignment`; None if that shows only when the code runs."""
        return -self.remainder % alignment if self.modulus >= alignment else None

    def aligned(self, alignment: int) -> Offset:
        """The offset behind that padding."""
        padding = self.padding(alignment)
        return Offset(0, alignment) if padding is None else self.plus(padding)

    def plus(self, size: int) -> Offset:
        """The offset `size` bytes further on."""
        return Offset((self.remainder + size) % self.modulus, self.modulus)


ANYWHERE = Offset(0, 1)
START = Offset(0, 8)
"""The offset of a body, and of a struct."""


def code_of(type_: SignatureType) -> str:
    """The code of a type, which for containers is the bracket or letter it begins with."""
    code: str = type_.token
    return code


def size_of(code: str) -> int:
    """Bytes that a value of fixed size takes: as many as it is aligned to."""
    return ALIGNMENTS[code]


def height(types: Iterable[SignatureType]) -> int:
    """How many containers the types nest within one another; a variant counts for one, not for its value."""
    return max((_height(type_) for type_ in types), default=0)


def _height(type_: SignatureType) -> int:
    # The spelling of a dict entry is a part of the array around it, but libdbus counts it as a struct
    return (code_of(type_) in "a({v") + height(type_.children)
