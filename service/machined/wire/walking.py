"""Reads values type by type: slower than a generated decoder, but there without delay."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from machined.wire.layout import ALIGNMENTS, FORMATS, MAX_ARRAY, code_of
from machined.wire.library import SignatureType
from machined.wire.reading import (
    Decode,
    bad_end,
    bad_padding,
    bad_size,
    bad_text,
    check_paths,
    read_numbers,
    read_signature,
)


class Walker:
    """Reads one value after the other.

    Args:
        frame: A whole message.
        at: Where in it to begin.
        words: The frame as `words_of` gives it.
        take: Gives the descriptor for an index.
        order: The byte order, as the struct module calls it.
        variant: The decoder of variants.

    Attributes:
        at: Where the last value ended.
    """

    def __init__(
        self,
        frame: bytes,
        at: int,
        words: array[int],
        take: Callable[[int], int],
        *,
        order: str,
        variant: Decode,
    ) -> None:
        self.at = at
        self._frame = frame
        self._words = words
        self._take = take
        self._order = order
        self._variant = variant

    def value(self, type_: SignatureType, depth: int) -> Any:
        """Read a value that has `depth` containers around it.

        Raises:
            InvalidMessage: It is malformed.
            IndexError: It reaches beyond the end of the message; as do ValueError and struct.error.
        """
        code = code_of(type_)
        self._align(ALIGNMENTS[code])
        if code in FORMATS:
            return self._numbers(code, ALIGNMENTS[code])[0]
        match code:
            case "s" | "o":
                return self._text(code)
            case "g":
                value, self.at = read_signature(self._frame, self.at)
                return value
            case "v":
                variant, self.at = self._variant(self._frame, self.at, self._words, self._take, depth)
                return variant
            case "(":
                return [self.value(child, depth + 1) for child in type_.children]
            case _:
                return self._array(type_.children[0], depth + 1)

    def _align(self, alignment: int) -> None:
        stop = self.at + alignment - 1 & -alignment
        if any(self._frame[self.at : stop]):
            bad_padding()
        self.at = stop

    def _numbers(self, code: str, size: int) -> list[Any]:
        values = read_numbers(code, self._order, self._frame, self.at, size)
        self.at += size
        return [self._take(value) for value in values] if code == "h" else values

    def _text(self, code: str) -> str:
        start = self.at + 4
        stop = start + self._words[self.at >> 2]
        value = self._frame[start:stop].decode()
        if self._frame[stop]:
            bad_padding()
        if code == "o":
            check_paths((value,))
        elif "\0" in value:
            bad_text(value)
        self.at = stop + 1
        return value

    def _array(self, item: SignatureType, depth: int) -> Any:
        size = self._words[self.at >> 2]
        self.at += 4
        self._align(ALIGNMENTS[code_of(item)])
        end = self.at + size
        if size > MAX_ARRAY or end > len(self._frame):
            bad_size(size)
        if code_of(item) == "y":
            octets, self.at = self._frame[self.at : end], end
            return octets
        if code_of(item) in FORMATS:
            return self._numbers(code_of(item), size)
        values: Any = {} if code_of(item) == "{" else []
        while self.at < end:
            if code_of(item) == "{":
                self._align(8)
                key = self.value(item.children[0], depth + 1)
                values[key] = self.value(item.children[1], depth + 1)
            else:
                values.append(self.value(item, depth))
        if self.at != end:
            bad_end()
        return values
