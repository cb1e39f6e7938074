"""Codecs: for each signature a function that encodes its values and one that decodes them.

The functions are generated, each from its signature, and kept; see `encoding` and `decoding`. What is made of
signatures that peers choose is bounded, in number and in the time that it takes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from machined.wire.checks import wrong
from machined.wire.decoding import body_decoder, type_decoder
from machined.wire.encoding import Encode, body_encoder, type_encoder
from machined.wire.errors import InvalidMessage
from machined.wire.layout import MAX_DEPTH, height
from machined.wire.library import SignatureType, Variant
from machined.wire.reading import BYTE_ORDERS, Decode, bad_padding
from machined.wire.signatures import parse_signature
from machined.wire.walking import Walker

KEPT = 512
"""Codecs of each kind that are kept, at most."""
WORTH = 256
"""Bytes per type code that are read one by one before a decoder is generated.

To generate one takes as long as to read some hundred bytes for each code of the signature. A peer that sends
ever new signatures must not make us do it for each.
"""

_new_variant = Variant.__new__


class Encoder:
    """Encodes the values of one signature.

    Attributes:
        encode: What does it.
        source: The text of `encode`, to be looked at.
        head: The signature as it stands before the value of a variant.
        height: How many containers the types nest within one another.
    """

    __slots__ = ("encode", "head", "height", "source")

    def __init__(self, types: Sequence[SignatureType], is_body: bool) -> None:
        if is_body:
            self.encode, self.source = body_encoder(types, _encode_type, encode_variant)
        else:
            self.encode, self.source = type_encoder(types[0], _encode_type, encode_variant)
        signature = "".join(type_.signature for type_ in types)
        self.head = bytes((len(signature),)) + signature.encode() + b"\0"
        self.height = height(types)


@lru_cache(KEPT)
def body_codec(signature: str) -> Encoder:
    """The encoder of a whole body: a list of values.

    Raises:
        InvalidMessage: It is no signature.
    """
    return Encoder(parse_signature(signature).types, is_body=True)


@lru_cache(KEPT)
def type_codec(signature: str) -> Encoder:
    """The encoder of a single value, anywhere in a body.

    Raises:
        InvalidMessage: It is no signature of one type.
    """
    return Encoder(_one_type(signature), is_body=False)


def _one_type(signature: str) -> Sequence[SignatureType]:
    types: list[SignatureType] = parse_signature(signature).types
    if len(types) != 1:
        raise InvalidMessage(f"a variant is of the {len(types)} types {signature!r}")
    return types


def _encode_type(type_: SignatureType) -> Encode:
    return type_codec(type_.signature).encode


def encode_variant(out: bytearray, variant: Any, fds: list[int], depth: int) -> None:
    """Append a variant, as an `Encode` does."""
    if not isinstance(variant, Variant):
        wrong(variant, "a variant")
    encoder = type_codec(variant.signature)
    if depth + encoder.height >= MAX_DEPTH:
        raise InvalidMessage(f"containers are nested deeper than {MAX_DEPTH}")
    out += encoder.head
    encoder.encode(out, variant.value, fds, depth + 1)


class Decoder:
    """Decodes the values of one signature, in one byte order.

    Args:
        types: Those of the values; for anything but a body, one.
        is_body: Whether it decodes a list of values.
        decoders: Those of the byte order.

    Attributes:
        decode: What does it: type by type at first, by a generated function once that is worth it.
        height: How many containers the types nest within one another.
        signature: The types of the values, as text.
        types: The types of the values.
    """

    __slots__ = ("_decoders", "_is_body", "_lacking", "_source", "decode", "height", "signature", "types")

    def __init__(self, types: Sequence[SignatureType], is_body: bool, decoders: Decoders) -> None:
        self.types = types
        self._is_body = is_body
        self._decoders = decoders
        self._source = ""
        self.signature = "".join(type_.signature for type_ in types)
        self._lacking = WORTH * len(self.signature)
        self.height = height(types)
        self.decode: Decode = self._walk

    @property
    def source(self) -> str:
        """The text of the generated function, to be looked at."""
        self.generate()
        return self._source

    def expect(self, size: int) -> None:
        """Make ready for a body of so many bytes."""
        if self._lacking > 0:
            self._lacking -= size
            if self._lacking <= 0:
                self.generate()

    def generate(self) -> Decode:
        """Have the function generated now."""
        if not self._source:
            order, sub, variant = self._decoders.order, self._decoders.generated, self._decoders.variant
            if self._is_body:
                self.decode, self._source = body_decoder(self.types, order, sub, variant)
            else:
                self.decode, self._source = type_decoder(self.types[0], order, sub, variant)
        return self.decode

    def _walk(
        self, frame: bytes, at: int, words: array[int], take: Callable[[int], int], depth: int
    ) -> tuple[Any, int]:
        order, variant = self._decoders.order, self._decoders.variant
        walker = Walker(frame, at, words, take, order=order, variant=variant)
        if self._is_body:
            return [walker.value(type_, depth) for type_ in self.types], walker.at
        value = walker.value(self.types[0], depth)
        self.expect(walker.at - at)
        return value, walker.at


class Decoders:
    """The decoders of one byte order.

    Attributes:
        order: The byte order, as the struct module calls it.
        body: The decoder of a body, by its signature; raises `InvalidMessage` if it is none.
    """

    def __init__(self, order: str) -> None:
        self.order = order
        self.body = lru_cache(KEPT)(self._body)
        self._of_variant = lru_cache(KEPT)(self._type)

    def generated(self, type_: SignatureType) -> Decode:
        """The generated decoder of a type."""
        return self._of_variant(type_.signature.encode()).generate()

    def variant(
        self, frame: bytes, at: int, words: array[int], take: Callable[[int], int], depth: int
    ) -> tuple[Variant, int]:
        """Read a variant, as a `Decode` does."""
        stop = at + 1 + frame[at]
        decoder = self._of_variant(frame[at + 1 : stop])
        if frame[stop]:
            bad_padding()
        if depth + decoder.height >= MAX_DEPTH:
            raise InvalidMessage(f"containers are nested deeper than {MAX_DEPTH}")
        value, at = decoder.decode(frame, stop + 1, words, take, depth + 1)
        # Not by its constructor, which would look once more whether the value is of the type
        variant = _new_variant(Variant)
        variant.type = decoder.types[0]
        variant.signature = decoder.signature
        variant.value = value
        return variant, at

    def _body(self, signature: str) -> Decoder:
        return Decoder(parse_signature(signature).types, True, self)

    def _type(self, signature: bytes) -> Decoder:
        return Decoder(_one_type(signature.decode("ascii")), False, self)


DECODERS = {first: Decoders(order) for first, order in BYTE_ORDERS.items()}
"""The decoders, by the first byte of a message."""
