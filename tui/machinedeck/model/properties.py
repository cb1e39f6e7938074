"""How properties that a service tells are written: every one of them, known to us or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from machined.contract import UNKNOWN_SIZE
from machinedeck.model import format as written
from machinedeck.model.text import UNKNOWN, clean

NO_CID = 0xFFFFFFFF
"""The VSockCID of what has none (VMADDR_CID_ANY, vsock(7))."""

SECOND = 1_000_000


def property_text(name: str, value: Any) -> str:
    """A property as people read it: sizes and times by what the name says they are, the rest as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex() or UNKNOWN
    if isinstance(value, int):
        return _number(name, value)
    if isinstance(value, dict):
        return clean(", ".join(f"{key}={one}" for key, one in value.items())) or UNKNOWN
    if isinstance(value, Iterable) and not isinstance(value, str):
        return clean(", ".join(map(str, value))) or UNKNOWN
    return clean(value) or UNKNOWN


def _number(name: str, value: int) -> str:
    if name.endswith("Timestamp"):
        return written.moment(value)
    if name.endswith("TimestampMonotonic"):
        return f"{value / SECOND:,.0f} s after the host began" if value else UNKNOWN
    if "Limit" in name:
        return "none" if value == UNKNOWN_SIZE else written.size(value)
    if "Usage" in name:
        return "not counted" if value == UNKNOWN_SIZE else written.size(value)
    return UNKNOWN if value in {UNKNOWN_SIZE, NO_CID} else str(value)
