"""Writes the decoder of a signature: Python code that reads values of its types from a message."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from machined.wire.layout import ALIGNMENTS, ANYWHERE, FORMATS, MAX_INLINE, START, Offset, code_of, size_of
from machined.wire.library import SignatureType
from machined.wire.reading import GAPS, NAMES, TAILS, Decode
from machined.wire.runs import run_length
from machined.wire.source import Source

Sub = Callable[[SignatureType], Decode]

_PARAMETERS = "frame, at, words, take, depth"
_AS_PADDING = {0: "", 1: "B", 2: "H", 3: "BH", 4: "I", 5: "BI", 6: "HI", 7: "BHI"}


def body_decoder(types: Sequence[SignatureType], order: str, sub: Sub, variant: Decode) -> tuple[Decode, str]:
    """The decoder of a list of values from an offset that is a multiple of 8, and its text.

    Args:
        types: Those of the values.
        order: The byte order, as the struct module calls it.
        sub: The decoder of one type, wherever it stands.
        variant: The decoder of variants.
    """
    source = _source(order, variant)
    values = _Writer(source, order, sub).all(types, START)
    source.line(f"return [{', '.join(values)}], at")
    return source.compile("".join(type_.signature for type_ in types)), source.text


def type_decoder(type_: SignatureType, order: str, sub: Sub, variant: Decode) -> tuple[Decode, str]:
    """The decoder of one value at any offset, and its text; arguments as those of `body_decoder`."""
    source = _source(order, variant)
    (value,) = _Writer(source, order, sub).all([type_], ANYWHERE)
    source.line(f"return {value}, at")
    return source.compile(type_.signature), source.text


def _source(order: str, variant: Decode) -> Source:
    names = {**NAMES, "TAIL": TAILS[order], "gap": GAPS[order], "variant": variant}
    return Source("decode", _PARAMETERS, names)


class _Writer:
    """Adds lines to a source. `at` is the offset in them, wherever they have come to.

    Methods take what is known of the offset, the alignment of what follows, how many loops are around and
    how many containers; they give the expression of a value.
    """

    def __init__(self, source: Source, order: str, sub: Sub) -> None:
        self._source = source
        self._order = order
        self._sub = sub
        self._offset = ANYWHERE
        self._open = ""

    def all(self, types: Sequence[SignatureType], offset: Offset) -> list[str]:
        """The values of a function, from an offset of which this much is known."""
        self._offset = offset
        has_paths = any({"a", "o"} <= set(type_.signature) for type_ in types)
        if has_paths:
            self._source.line("paths = []")
        values = self._members(types, 1, 0, 0)
        if has_paths:
            self._source.line("check_paths(paths)")
        return values

    def _members(self, types: Sequence[SignatureType], following: int, loops: int, nesting: int) -> list[str]:
        """Values that stand one behind the other."""
        values = []
        while types:
            if count := run_length(types):
                values += self._run("".join(code_of(type_) for type_ in types[:count]))
                types = types[count:]
                continue
            type_, *types = types
            if code_of(type_) in "so":
                next_code = code_of(types[0]) if types else ""
                values.append(self._text(code_of(type_), next_code, following, loops))
            else:
                next_ = ALIGNMENTS[code_of(types[0])] if types else following
                values.append(self._member(type_, next_, loops, nesting))
        return values

    def _member(self, type_: SignatureType, following: int, loops: int, nesting: int) -> str:
        line = self._source.line
        if code_of(type_) == "(":
            self._align(8)
            return f"[{', '.join(self._members(type_.children, following, loops, nesting + 1))}]"
        value = self._source.variable()
        if code_of(type_) == "g":
            line(f"{value}, at = read_signature(frame, at)")
        elif code_of(type_) == "v":
            line(f"{value}, at = variant(frame, at, words, take, depth + {nesting})")
        elif loops == MAX_INLINE:
            decode = self._source.bind("decode", self._sub(type_))
            line(f"{value}, at = {decode}(frame, at, words, take, depth + {nesting})")
        else:
            self._array(type_.children[0], value, loops, nesting + 1)
        self._offset = ANYWHERE
        return value

    def _align(self, alignment: int) -> None:
        """Step over padding."""
        if alignment == 8 and self._offset.modulus < 4:
            with self._source.block("if at & 7:"):
                self._align(4)
                self._align(8)
            return
        padding = self._offset.padding(alignment)
        if padding is None:
            with self._source.block(f"if at & {alignment - 1}:"):
                self._step(alignment)
        elif padding > 4:
            self._align(4)
            self._align(8)
        elif padding:
            self._step(alignment)
        self._offset = self._offset.aligned(alignment)

    def _step(self, alignment: int) -> None:
        """Step over padding that is there, and lies within one word."""
        octets = {2: "frame[at]", 4: "words[at >> 2] & TAIL[at & 3]", 8: "words[at >> 2] & TAIL[at & 3]"}
        with self._source.block(f"if {octets[alignment]}:"):
            self._source.line("bad_padding()")
        self._source.line(f"at = at + {alignment - 1} & -{alignment}")

    def _run(self, codes: str) -> list[str]:
        """Values of fixed size, as many at once as have a known distance from one another."""
        values: list[str] = []
        while codes:
            self._align(ALIGNMENTS[codes[0]])
            layout, size, count, padding = self._order, 0, 0, []
            targets = []
            for code in codes:
                gap = self._offset.padding(ALIGNMENTS[code])
                if gap is None:
                    break
                pads = [self._source.variable("pad") for _ in _AS_PADDING[gap]]
                targets += [*pads, self._source.variable()]
                padding += pads
                values.append(targets[-1])
                layout += _AS_PADDING[gap] + FORMATS[code]
                size += gap + size_of(code)
                count += 1
                self._offset = self._offset.plus(gap + size_of(code))
            self._unpack(layout, targets)
            self._source.line(f"at += {size}")
            if padding:
                with self._source.block(f"if {' or '.join(padding)}:"):
                    self._source.line("bad_padding()")
            self._convert(codes[:count], values[-count:])
            codes = codes[count:]
        return values

    def _unpack(self, layout: str, targets: list[str]) -> None:
        if layout[1:] == "B":
            self._source.line(f"{targets[0]} = frame[at]")
        elif layout[1:] == "I":
            self._source.line(f"{targets[0]} = words[at >> 2]")
        else:
            unpack = self._source.bind("unpack", struct.Struct(layout).unpack_from)
            self._source.line(f"({', '.join(targets)},) = {unpack}(frame, at)")

    def _convert(self, codes: str, values: list[str]) -> None:
        for code, value in zip(codes, values, strict=True):
            if code == "b":
                with self._source.block(f"if {value} > 1:"):
                    self._source.line(f"bad_boolean({value})")
                self._source.line(f"{value} = {value} == 1")
            elif code == "h":
                self._source.line(f"{value} = take({value})")

    def _text(self, code: str, next_: str, following: int, loops: int) -> str:
        """A string or path; its end is looked at together with the length of the one that follows, if any."""
        line, block = self._source.line, self._source.block
        value, stop = self._source.variable(), self._source.variable("stop")
        if self._open:
            line(f"at = ({self._open} & -4) + 8")
            line(f"{stop} = at + gap[frame[{self._open}:at]]")
        else:
            self._align(4)
            line(f"{stop} = at + 4 + words[at >> 2]")
            line("at += 4")
        line(f"{value} = frame[at:{stop}].decode()")
        if code == "s":
            with block(f"if '\\0' in {value}:"):
                line(f"bad_text({value})")
        else:
            # Many paths are faster looked at together
            line(f"paths.append({value})" if loops else f"check_paths(({value},))")
        self._open = stop if next_ in {"s", "o"} else ""
        if self._open:
            return value
        self._offset = ANYWHERE
        if (ALIGNMENTS[next_] if next_ else following) >= 4:
            with block(f"if words[{stop} >> 2] & TAIL[{stop} & 3]:"):
                line("bad_padding()")
            line(f"at = {stop} + 4 & -4")
            self._offset = Offset(0, 4)
        else:
            with block(f"if frame[{stop}]:"):
                line("bad_padding()")
            line(f"at = {stop} + 1")
        return value

    def _array(self, item: SignatureType, value: str, loops: int, nesting: int) -> None:
        line, block = self._source.line, self._source.block
        self._align(4)
        size, end = self._source.variable("size"), self._source.variable("end")
        line(f"{size} = words[at >> 2]")
        line("at += 4")
        self._offset = self._offset.plus(4)
        self._align(ALIGNMENTS[code_of(item)])
        line(f"{end} = at + {size}")
        with block(f"if {size} > MAX_ARRAY or {end} > len(frame):"):
            line(f"bad_size({size})")
        if code_of(item) == "y":
            line(f"{value} = frame[at:{end}]")
            line(f"at = {end}")
        elif code_of(item) in FORMATS:
            line(f"{value} = read_numbers({code_of(item)!r}, {self._order!r}, frame, at, {size})")
            if code_of(item) == "h":
                line(f"{value} = [take(index) for index in {value}]")
            line(f"at = {end}")
        else:
            self._loop(item, value, end, loops, nesting)

    def _loop(self, item: SignatureType, value: str, end: str, loops: int, nesting: int) -> None:
        line, block = self._source.line, self._source.block
        is_dict = code_of(item) == "{"
        line(f"{value} = {'{}' if is_dict else '[]'}")
        with block(f"while at < {end}:"):
            self._offset = ANYWHERE
            if is_dict:
                self._align(8)
                key, content = self._members(item.children, 1, loops + 1, nesting + 1)
                line(f"{value}[{key}] = {content}")
            else:
                (content,) = self._members([item], 1, loops + 1, nesting)
                line(f"{value}.append({content})")
        with block(f"if at != {end}:"):
            line("bad_end()")
