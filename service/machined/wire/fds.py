"""File descriptors in message bodies: finding them and closing them exactly once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from machined.wire.closing import close_fd
from machined.wire.library import InvalidSignatureError, SignatureTree, SignatureType, Variant


def close_fds(fds: Iterable[int]) -> None:
    """Close each of `fds`, which are our own, once; those of others `close_received` closes."""
    for fd in set(fds):
        close_fd(fd)


def fds_of(signature: str, body: Sequence[Any]) -> set[int]:
    """The descriptors in a body that may be malformed, as far as they can be told.

    It serves those whose message was refused: they own its descriptors all the same.
    """
    found: set[int] = set()
    if "h" not in signature and "v" not in signature:
        return found
    try:
        types = SignatureTree._get(signature).types
    except (InvalidSignatureError, TypeError):
        return found
    if not isinstance(body, list | tuple):
        return found
    _collect_each(types, body, found)
    return found


def duplicated(variant: Variant) -> Variant:
    """The same value with descriptors of its own, to be sent while those in `variant` stay their owner's.

    Raises:
        OSError: There are too many descriptors; none is left behind.
    """
    made: list[int] = []
    try:
        return Variant(variant.signature, _copy(variant.type, variant.value, made))
    except OSError:
        close_fds(made)
        raise


def _copy(type_: SignatureType | None, value: Any, made: list[int]) -> Any:
    if type_ is None or ("h" not in type_.signature and "v" not in type_.signature):
        return value
    type_code = type_.token
    if type_code == "h":
        made.append(os.dup(value))
        return made[-1]
    if isinstance(value, Variant):
        return Variant(value.signature, _copy(value.type, value.value, made))
    if isinstance(value, dict):
        of_value = type_.children[0].children[1]  # keys are of basic types, and none is a descriptor
        return {key: _copy(of_value, one, made) for key, one in value.items()}
    children = type_.children * len(value) if type_code == "a" else type_.children
    return [_copy(child, one, made) for child, one in zip(children, value, strict=True)]


def _collect(type_: SignatureType, value: Any, found: set[int]) -> None:
    if "h" not in type_.signature and "v" not in type_.signature:
        return
    type_code = type_.token
    if type_code == "h":
        if isinstance(value, int) and value >= 0:
            found.add(value)
    elif isinstance(value, Variant):
        if value.type is not None:
            _collect(value.type, value.value, found)
    elif isinstance(value, dict):
        entry = type_.children[0]
        for pair in value.items():
            _collect_each(entry.children, pair, found)
    elif isinstance(value, list | tuple):
        children = type_.children * len(value) if type_code == "a" else type_.children
        _collect_each(children, value, found)


def _collect_each(types: Iterable[SignatureType], values: Iterable[Any], found: set[int]) -> None:
    for type_, value in zip(types, values, strict=False):
        _collect(type_, value, found)
