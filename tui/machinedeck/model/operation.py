"""Long work of the service: a copy, a clone or a removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


def going_on(operations: Sequence[Operation]) -> str:
    """What is going on in a few words, the oldest first; "" for nothing."""
    if not operations:
        return ""
    first, *others = operations
    share = f" {100 * first.done // first.total} %" if first.total else ""
    more = f" and {len(others)} more" if others else ""
    return f"{clean(first.kind)} {clean(first.subject)}{share}{more}"
