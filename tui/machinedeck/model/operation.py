"""Long work of the service: a copy, a clone or a removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from machinedeck.model import format as written
from machinedeck.model.text import clean


class Operation(NamedTuple):
    """How far one operation is."""

    id: int
    kind: str
    """What machinectl(1) calls it: `clone`, `remove`, `copy-to` …"""
    subject: str
    """The image or machine that it is about."""
    done: int
    """Bytes that are done."""
    total: int
    """Bytes in all; 0 while unknown."""
    is_estimated: bool = False
    """Whether we measured it ourselves, for the service tells nothing."""


def going_on(operations: Sequence[Operation]) -> str:
    """What is going on in a few words, the oldest first; "" for nothing."""
    if not operations:
        return ""
    first, *others = operations
    more = f" and {len(others)} more" if others else ""
    return f"{clean(first.kind)} {clean(first.subject)}{_share(first)}{more}"


def _share(operation: Operation) -> str:
    """How far it is; "" where nothing can be said."""
    if operation.total:
        share = f"{100 * operation.done // operation.total} %"
    elif operation.is_estimated and operation.done:
        share = written.size(operation.done)
    else:
        return ""
    return f" {'~' if operation.is_estimated else ''}{share}"
