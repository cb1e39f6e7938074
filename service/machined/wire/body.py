"""Bodies of messages to bytes and back: the seam above marshalling.

The two functions here are all that the rest of the wire knows of it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from machined.wire.closing import close_received
from machined.wire.codec import DECODERS, body_codec
from machined.wire.errors import InvalidMessage
from machined.wire.reading import Descriptors, words_of

MISFITS = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    struct.error,
    RecursionError,
    OSError,
)
"""What goes wrong when values or bytes do not fit their types."""


class KeptBody(list[Any]):
    """The values of a body that is sent again and again: it is marshalled once.

    They must not change any more once it was sent, and hold no descriptors.
    """

    __slots__ = ("_marshalled",)

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(values)
        self._marshalled: tuple[str, bytearray] | None = None

    @classmethod
    def of(cls, signature: str, values: Sequence[Any]) -> KeptBody:
        """One that keeps the bytes alone, not the values. Raises what `encode_body` raises."""
        body = cls(())
        body._marshalled = signature, encode_body(signature, list(values))[0]
        return body

    def marshalled(self, signature: str) -> bytearray:
        """Its bytes, not to be changed. Raises what `encode_body` raises."""
        if self._marshalled is None or self._marshalled[0] != signature:
            self._marshalled = signature, encode_body(signature, list(self))[0]
        return self._marshalled[1]


def encode_body(signature: str, values: Sequence[Any]) -> tuple[bytearray, list[int]]:
    """Marshal a body, little-endian.

    Args:
        signature: The types of `values`.
        values: Structs and arrays as lists or tuples, `ay` as bytes or bytearray, `a{…}` as dicts, variants
            as `Variant`, `h` as numbers of open descriptors.

    Returns:
        The bytes, and the descriptors in the order of their indices. They remain the caller's.

    Raises:
        InvalidMessage: The values do not fit the signature, or the specification forbids one of them.
    """
    out = bytearray()
    fds: list[int] = []
    if not signature and not values:
        return out, fds
    if isinstance(values, KeptBody):
        return values.marshalled(signature), fds
    if not isinstance(values, list | tuple):
        raise InvalidMessage(f"a body is a list of values, not {type(values).__name__}")
    try:
        body_codec(signature).encode(out, values, fds, 0)
    except UnicodeEncodeError as error:
        raise InvalidMessage(f"a string holds a lone surrogate: {error.object[:64]!a}") from None
    except MISFITS as error:
        raise InvalidMessage(f"a body does not fit its signature {signature!r}: {error}") from None
    return out, fds


def decode_body(signature: str, frame: bytes, offset: int, fds: list[int]) -> tuple[list[Any], list[int]]:
    """Unmarshal the body that fills `frame` from `offset` on. Takes the descriptors over.

    Every `h` of the body becomes a descriptor of its own; those the body does not name are closed.

    Args:
        signature: The types of the body.
        frame: A whole message; its first byte tells the byte order.
        offset: Where the body begins, in bytes: a multiple of 8.
        fds: The descriptors that came with the message.

    Returns:
        The values, with structs as lists, and the descriptors among them.

    Raises:
        InvalidMessage: The bytes do not fit the signature, or name a descriptor that did not come along.
    """
    if not signature and offset == len(frame) and not fds:
        return [], []
    descriptors = Descriptors(fds)
    try:
        decoders = DECODERS[frame[0]]
        decoder = decoders.body(signature)
        decoder.expect(len(frame) - offset)
        values, end = decoder.decode(frame, offset, words_of(frame, decoders.order), descriptors.take, 0)
        if end != len(frame):
            raise InvalidMessage(f"a body is not as long as its signature {signature!r} says")
    except InvalidMessage:
        close_received([*fds, *descriptors.used])
        raise
    except MISFITS as error:
        close_received([*fds, *descriptors.used])
        raise InvalidMessage(f"a body does not fit its signature {signature!r}: {error}") from None
    close_received(set(fds) - set(descriptors.used))
    return values, descriptors.used
