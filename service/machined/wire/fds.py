"""File descriptors in message bodies: finding them and closing them exactly once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any

from dbus_next.errors import InvalidSignatureError
from dbus_next.signature import SignatureTree, SignatureType, Variant

logger = logging.getLogger(__name__)


def close_fds(fds: Iterable[int]) -> None:
    """Close each of `fds` once. One that is closed already is a bug of its owner: logged, not raised."""
    for fd in set(fds):
        try:
            os.close(fd)
        except OSError as error:
            logger.error("a descriptor of a message could not be closed: %s", error)


def fds_of(signature: str, body: Sequence[Any]) -> set[int]:
    """The descriptors in a body that may be malformed, as far as they can be told.

    It serves those whose message was refused: they own its descriptors all the same.
    """
    found: set[int] = set()
    try:
        types = SignatureTree._get(signature).types
    except (InvalidSignatureError, TypeError):
        return found
    for type_, value in zip(types, body, strict=False):
        _collect(type_, value, found)
    return found


def _collect(type_: SignatureType, value: Any, found: set[int]) -> None:
    if "h" not in type_.signature and "v" not in type_.signature:
        return
    type_code = type_.token
    if type_code == "h":
        if isinstance(value, int) and value >= 0:
            found.add(value)
    elif isinstance(value, Variant):
        _collect(SignatureTree._get(value.signature).types[0], value.value, found)
    elif isinstance(value, dict):
        entry = type_.children[0]
        for key, member in value.items():
            for child, part in zip(entry.children, (key, member), strict=False):
                _collect(child, part, found)
    elif isinstance(value, list | tuple):
        children = type_.children * len(value) if type_code == "a" else type_.children
        for child, part in zip(children, value, strict=False):
            _collect(child, part, found)
