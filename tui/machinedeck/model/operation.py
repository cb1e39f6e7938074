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

    @property
    def is_copy(self) -> bool:
        """Whether files go to or from a machine."""
        return self.kind.startswith("copy")

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"{clean(self.kind)} {clean(self.subject)}"


def going_on(operations: Sequence[Operation]) -> str:
    """What is going on in a few words, the oldest first; "" for nothing."""
    if not operations:
        return ""
    first, *others = operations
    more = f" and {len(others)} more" if others else ""
    return f"{first.label}{_share(first)}{more}"


def _share(operation: Operation) -> str:
    share = how_far(operation)
    return f" {share}" if share else ""


def how_far(operation: Operation) -> str:
    """How far it is, in a word; "" where nothing can be said."""
    if operation.total:
        share = f"{100 * operation.done // operation.total} %"
    elif operation.is_estimated and operation.done:
        share = written.size(operation.done)
    else:
        return ""
    return f"{'~' if operation.is_estimated else ''}{share}"


def bytes_of(operation: Operation) -> str:
    """The bytes that are done, and of how many; "" where nothing can be said."""
    if not operation.total and not operation.done:
        return ""
    of = f" of {written.size(operation.total)}" if operation.total else ""
    return f"{'~' if operation.is_estimated else ''}{written.size(operation.done)}{of}"
