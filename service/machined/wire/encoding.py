"""Writes the encoder of a signature: Python code that appends values of its types to a bytearray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from machined.wire.checks import NAMES
from machined.wire.layout import ALIGNMENTS, ANYWHERE, FORMATS, MAX_INLINE, START, Offset, code_of, size_of
from machined.wire.library import SignatureType
from machined.wire.rows import can_be_rows, rows_encoder
from machined.wire.runs import after_run, packer, packers, run_length
from machined.wire.source import Source

Encode = Callable[[bytearray, Any, list[int], int], None]
"""Appends a value to a buffer, its descriptors to a list; told how many containers are around it."""
Sub = Callable[[SignatureType], Encode]


def body_encoder(types: Sequence[SignatureType], sub: Sub, variant: Encode) -> tuple[Encode, str]:
    """The encoder of a list of values, at the beginning of a buffer, and its text.

    Args:
        types: Those of the values.
        sub: The encoder of one type, wherever it stands.
        variant: The encoder of variants.
    """
    source = Source("encode", "out, values, fds, depth", {**NAMES, "variant": variant})
    writer = _Writer(source, sub)
    if types:
        names = writer.unpack("values", types)
        writer.members(list(zip(types, names, strict=True)), START, 0, 0)
    else:
        with source.block("if len(values):"):
            source.line("wrong(values, 'nothing')")
    return source.compile("".join(type_.signature for type_ in types)), source.text


def type_encoder(type_: SignatureType, sub: Sub, variant: Encode) -> tuple[Encode, str]:
    """The encoder of one value at any offset, and its text; arguments as those of `body_encoder`."""
    source = Source("encode", "out, value, fds, depth", {**NAMES, "variant": variant})
    _Writer(source, sub).members([(type_, "value")], ANYWHERE, 0, 0)
    return source.compile(type_.signature), source.text


class _Writer:
    """Adds lines to a source. `loops` is how many loops are around, `nesting` how many containers."""

    def __init__(self, source: Source, sub: Sub) -> None:
        self._source = source
        self._sub = sub

    def unpack(self, value: str, types: Sequence[SignatureType]) -> list[str]:
        """Take a sequence apart; Python itself sees that it is as long as it should be."""
        names = [self._source.variable() for _ in types]
        self._source.line(f"({', '.join(names)},) = {value}")
        return names

    def members(
        self, members: list[tuple[SignatureType, str]], offset: Offset, loops: int, nesting: int
    ) -> Offset:
        """Values that stand one behind the other."""
        while members:
            count = run_length([type_ for type_, _ in members])
            if count:
                offset = self._run(members[:count], offset)
                members = members[count:]
                continue
            (type_, value), *members = members
            following = ALIGNMENTS[code_of(members[0][0])] if members else 1
            offset = self._member(type_, value, offset, following, loops, nesting)
        return offset

    def _member(
        self, type_: SignatureType, value: str, offset: Offset, following: int, loops: int, nesting: int
    ) -> Offset:
        line = self._source.line
        match code_of(type_):
            case "s" | "o":
                return self._string(code_of(type_), value, offset, following)
            case "g":
                line(f"out += signature_octets({value})")
                return ANYWHERE
            case "v":
                line(f"variant(out, {value}, fds, depth + {nesting})")
                return ANYWHERE
            case "(":
                with self._source.block(f"if not isinstance({value}, SEQUENCE):"):
                    line(f"wrong({value}, 'a struct')")
                names = self.unpack(value, type_.children)
                offset = self._align(8, offset)
                return self.members(list(zip(type_.children, names, strict=True)), offset, loops, nesting + 1)
            case _ if loops == MAX_INLINE:
                encode = self._source.bind("encode", self._sub(type_))
                line(f"{encode}(out, {value}, fds, depth + {nesting})")
                return ANYWHERE
            case _:
                return self._array(type_.children[0], value, offset, loops, nesting + 1)

    def _align(self, alignment: int, offset: Offset) -> Offset:
        padding = offset.padding(alignment)
        if padding is None:
            self._source.line(f"out += TO_{alignment}[len(out) & {alignment - 1}]")
        elif padding:
            self._source.line(f"out += {bytes(padding)!r}")
        return offset.aligned(alignment)

    def _run(self, members: list[tuple[SignatureType, str]], offset: Offset) -> Offset:
        """Values of fixed size: a single call packs them, with the padding between and before them."""
        line, block = self._source.line, self._source.block
        for type_, value in members:
            if code_of(type_) == "b":
                with block(f"if {value}.__class__ is not bool:"):
                    line(f"wrong({value}, 'a boolean')")
            elif code_of(type_) == "d":
                with block(f"if not isinstance({value}, NUMBER):"):
                    line(f"wrong({value}, 'a number')")
            elif code_of(type_) == "h":
                line(f"{value} = fd_index({value}, fds)")
        codes = "".join(code_of(type_) for type_, _ in members)
        arguments = ", ".join(value for _, value in members)
        if codes == "y":
            line(f"out.append({arguments})")
            return offset.plus(1)
        if offset.modulus >= max(map(size_of, codes)):
            pack = self._source.bind("pack", packer(codes, offset.remainder % 8))
            line(f"out += {pack}({arguments})")
        else:
            packs = self._source.bind("packs", packers(codes))
            line(f"out += {packs}[len(out) & 7]({arguments})")
        return after_run(codes, offset)

    def _string(self, code: str, value: str, offset: Offset, following: int) -> Offset:
        line, block = self._source.line, self._source.block
        self._align(4, offset)
        octets, length = self._source.variable("octets"), self._source.variable("length")
        if code == "o":
            with block(f"if not is_path({value}):"):
                line(f"refuse_path({value})")
        line(f"{octets} = {value}.encode()")
        if code == "s":
            with block(f"if '\\0' in {value}:"):
                line(f"refuse_nul({value})")
        line(f"{length} = len({octets})")
        line(f"out += LENGTHS[{length}]")
        line(f"out += {octets}")
        if following >= 4:
            line(f"out += ENDS[{length} & 3]")
            return Offset(0, 4)
        line("out.append(0)")
        return ANYWHERE

    def _array(self, item: SignatureType, value: str, offset: Offset, loops: int, nesting: int) -> Offset:
        line, block = self._source.line, self._source.block
        kind = {"{": "dict", "y": "OCTETS"}.get(code_of(item), "SEQUENCE")
        with block(f"if not isinstance({value}, {kind}):"):
            line(f"wrong({value}, 'an array of {item.signature}')")
        offset = self._align(4, offset)
        place, begin, size = (self._source.variable(prefix) for prefix in ("place", "begin", "size"))
        line(f"{place} = len(out)")
        line(f"out += {bytes(4)!r}")
        if ALIGNMENTS[code_of(item)] == 8:
            self._align(8, offset.plus(4))
        line(f"{begin} = len(out)")
        self._items(item, value, loops, nesting)
        line(f"{size} = len(out) - {begin}")
        with block(f"if {size} > MAX_ARRAY:"):
            line(f"refuse_size({size})")
        line(f"pack_length(out, {place}, {size})")
        return ANYWHERE

    def _items(self, item: SignatureType, value: str, loops: int, nesting: int) -> None:
        line, block = self._source.line, self._source.block
        if code_of(item) == "y":
            line(f"out += {value}")
        elif code_of(item) in FORMATS and code_of(item) != "h":
            line(f"out += numbers({code_of(item)!r}, {value})")
        elif can_be_rows(item):
            rows = self._source.variable("rows")
            encode = self._source.bind("encode_rows", rows_encoder(item))
            line(f"{rows} = {encode}({value})")
            with block(f"if {rows} is None:"):
                self._loop(item, value, loops, nesting)
            with block("else:"):
                line(f"out += {rows}")
        else:
            self._loop(item, value, loops, nesting)

    def _loop(self, item: SignatureType, value: str, loops: int, nesting: int) -> None:
        block = self._source.block
        if code_of(item) == "{":
            names = [self._source.variable() for _ in item.children]
            with block(f"for {', '.join(names)} in {value}.items():"):
                offset = self._align(8, ANYWHERE)
                self.members(list(zip(item.children, names, strict=True)), offset, loops + 1, nesting + 1)
        else:
            name = self._source.variable()
            with block(f"for {name} in {value}:"):
                self.members([(item, name)], ANYWHERE, loops + 1, nesting)
