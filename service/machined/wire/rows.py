"""Writes the encoder of many rows: an array of structs, or a dict, of strings and numbers alone.

Lists of machines and images are such rows, by the hundred. Each check then goes once over a whole column,
and each row becomes one formatted string, in which every character stands for a byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from machined.wire.checks import is_path
from machined.wire.layout import ALIGNMENTS, FORMATS, Offset, code_of, size_of
from machined.wire.library import SignatureType
from machined.wire.runs import packer, packers, run_length
from machined.wire.source import Source

MANY = 12
"""So many rows are worth a look at their columns first."""

MAX_COLUMNS = 24
"""Rows of more members stay with the encoder at large: the terms of their offsets would grow too long."""

_MISFITS = (ValueError, TypeError, LookupError, struct.error, OverflowError)
_NAMES: dict[str, Any] = {
    "ENDS": tuple("\0" * (4 - length % 4) for length in range(256)),
    # What is longer falls outside of both, and the row among those for the encoder at large
    "LENGTHS": tuple(struct.pack("<I", length).decode("latin-1") for length in range(256)),
    "SEQUENCES": {list, tuple},
    "TO_4": tuple("\0" * (-offset & 3) for offset in range(4)),
    "TO_8": tuple("\0" * (-offset & 7) for offset in range(8)),
    "is_path": is_path,
}


def can_be_rows(item: SignatureType) -> bool:
    """Whether an array of such items is made of rows."""
    codes = {code_of(child) for child in item.children}
    is_row = code_of(item) in "({" and len(item.children) <= MAX_COLUMNS
    return is_row and codes <= {"s", "o", *FORMATS} - {"h"} and bool(codes & {"s", "o"})


def rows_encoder(item: SignatureType) -> Callable[[Any], bytes | None]:
    """A function that gives the bytes of all rows; it is generated when there are many for the first time.

    It gives None for rows that are few, or not of the plainest kind, be they wrong or just unusual. The
    encoder at large has to take those.
    """

    @cache
    def generated() -> Callable[[Any], bytes]:
        return _generate(item)

    def encode(rows: Any) -> bytes | None:
        if len(rows) < MANY:
            return None
        try:
            return generated()(rows)
        except _MISFITS:
            return None

    return encode


def _generate(item: SignatureType) -> Callable[[Any], bytes]:
    source = Source("encode_rows", "rows", _NAMES)
    line, block = source.line, source.block
    names = [source.variable() for _ in item.children]
    row = ", ".join(names)
    if code_of(item) == "{":
        line("rows = list(rows.items())")
    with block("if not set(map(type, rows)) <= SEQUENCES:"):
        line("raise TypeError")
    line(f"({row},) = zip(*rows, strict=True)")
    _check_columns(source, item, names)
    cells = f'f"{_Row(source).text(item, names)}"'
    line(f"cells = [{cells} for {row}, in rows]")
    line("last = cells.pop()")
    line("octets = ''.join([cell + TO_8[len(cell) & 7] for cell in cells])")
    line("return (octets + last).encode('latin-1')")
    return source.compile(item.signature)


def _check_columns(source: Source, item: SignatureType, names: list[str]) -> None:
    line, block = source.line, source.block
    columns = list(zip((code_of(child) for child in item.children), names, strict=True))
    texts = [name for code, name in columns if code in "so"]
    for code, name in columns:
        # The struct module itself refuses what is no integer
        if kind := {"s": "str", "o": "str", "b": "bool", "d": "float"}.get(code):
            with block(f"if set(map(type, {name})) != {{{kind}}}:"):
                line("raise TypeError")
        if code == "o":
            with block(f"if not all(map(is_path, {name})):"):
                line("raise TypeError")
    line(f"text = ''.join(({', '.join(f'*{name}' for name in texts)},))")
    with block("if '\\0' in text:"):
        line("raise ValueError")
    with block("if not text.isascii():"):
        for name in texts:
            line(f"{name} = [text.encode().decode('latin-1') for text in {name}]")
        line(f"rows = zip({', '.join(names)})")


class _Place(NamedTuple):
    """An offset within a row: what the lengths of its strings add to it, and what is known beforehand."""

    term: str
    modulus: int
    known: int

    def __str__(self) -> str:
        return f"{self.term} + {self.known}" if self.term else str(self.known)

    def plus(self, size: int) -> _Place:
        return self._replace(known=self.known + size)

    def plus_text(self, length: str) -> _Place:
        """The offset behind a string and its NUL, from the one before its length."""
        term = f"{self.term} + {length}" if self.term else length
        return _Place(term, 1, self.known + 5)

    def aligned(self, alignment: int) -> _Place:
        if self.term and self.modulus < alignment:
            return _Place(f"({self.plus(alignment - 1)} & -{alignment})", alignment, 0)
        return self._replace(known=self.known + -self.known % alignment)


class _Row:
    """Writes the inside of the string that a row becomes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._place = _Place("", 8, 0)

    def text(self, item: SignatureType, names: list[str]) -> str:
        """All of it."""
        pieces = []
        types = list(item.children)
        while types:
            if count := run_length(types):
                pieces.append(self._run("".join(code_of(type_) for type_ in types[:count]), names[:count]))
            else:
                count = 1
                pieces.append(self._text(names[0], bool(types[1:]) and code_of(types[1]) in "so"))
            types, names = types[count:], names[count:]
        return "".join(pieces)

    def _run(self, codes: str, names: list[str]) -> str:
        if self._place.term:
            pack = f"{self._source.bind('packs', packers(codes))}[{self._place} & 7]"
        else:
            pack = self._source.bind("pack", packer(codes, self._place.known % 8))
        for code in codes:
            self._place = self._place.aligned(ALIGNMENTS[code]).plus(size_of(code))
        return f"{{{pack}({', '.join(names)}).decode('latin-1')}}"

    def _text(self, name: str, is_followed_by_text: bool) -> str:
        padding = ""
        if self._place.term and self._place.modulus < 4:
            padding = f"{{TO_4[{self._place} & 3]}}"
        else:
            padding = "\\x00" * (Offset(self._place.known % 4, 4).padding(4) or 0)
        length = self._source.variable("length")
        self._place = self._place.aligned(4).plus_text(length)
        end = "\\x00"
        if is_followed_by_text:
            self._place = self._place.aligned(4)
            end = f"{{ENDS[{length}]}}"
        return f"{padding}{{LENGTHS[({length} := len({name}))]}}{{{name}}}{end}"
