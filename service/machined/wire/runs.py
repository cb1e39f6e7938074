"""Runs: values of fixed size, one behind the other, that the struct module packs in a single call."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

from machined.wire.layout import ALIGNMENTS, FORMATS, Offset, code_of, size_of
from machined.wire.library import SignatureType


def run_length(types: Sequence[SignatureType]) -> int:
    """How many of the first types are of fixed size."""
    for count, type_ in enumerate(types):
        if code_of(type_) not in FORMATS:
            return count
    return len(types)


@lru_cache(maxsize=1024)
def packer(codes: str, remainder: int) -> Callable[..., bytes]:
    """What packs a run, together with the padding before and within it.

    Args:
        codes: The types of the run.
        remainder: The offset it begins at before padding, modulo 8.
    """
    offset = Offset(remainder, 8)
    layout = "<"
    for code in codes:
        layout += "x" * (offset.padding(ALIGNMENTS[code]) or 0) + FORMATS[code]
        offset = offset.aligned(ALIGNMENTS[code]).plus(size_of(code))
    return struct.Struct(layout).pack


def packers(codes: str) -> tuple[Callable[..., bytes], ...]:
    """What packs a run, for each remainder of its offset modulo 8."""
    return tuple(packer(codes, remainder) for remainder in range(8))


def after_run(codes: str, offset: Offset) -> Offset:
    """What is known of the offset behind a run that begins at `offset`."""
    for code in codes:
        offset = offset.aligned(ALIGNMENTS[code]).plus(size_of(code))
    return offset
