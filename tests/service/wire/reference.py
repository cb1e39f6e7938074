"""Marshalling as the D-Bus Specification tells it, in both byte orders and without any haste.

It shares nothing with the wire, so that the two can be held against each other.
"""

from __future__ import annotations

import struct
from typing import Any

from dbus_next.signature import SignatureTree, SignatureType

ALIGNMENT = {"y": 1, "g": 1, "v": 1, "n": 2, "q": 2, "x": 8, "t": 8, "d": 8, "(": 8, "{": 8}
NUMBER = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}


def marshal(signature: str, values: list[Any], order: str = "<") -> bytes:
    """A body; `h` are indices."""
    out = bytearray()
    for type_, value in zip(SignatureTree(signature).types, values, strict=True):
        _put(out, type_, value, order)
    return bytes(out)


def _pad(out: bytearray, alignment: int) -> None:
    while len(out) % alignment:
        out.append(0)


def _put(out: bytearray, type_: SignatureType, value: Any, order: str) -> None:
    code = type_.token
    _pad(out, ALIGNMENT.get(code, 4))
    if code in NUMBER:
        out += struct.pack(order + NUMBER[code], value)
    elif code in {"s", "o"}:
        out += struct.pack(order + "I", len(value.encode())) + value.encode() + b"\0"
    elif code == "g":
        out += bytes([len(value)]) + value.encode() + b"\0"
    elif code == "v":
        _put(out, SignatureTree("g").types[0], value.signature, order)
        _put(out, value.type, value.value, order)
    elif code == "a":
        _put_array(out, type_.children[0], value, order)
    else:
        for child, item in zip(type_.children, value, strict=True):
            _put(out, child, item, order)


def _put_array(out: bytearray, item_type: SignatureType, value: Any, order: str) -> None:
    place = len(out)
    out += bytes(4)
    _pad(out, ALIGNMENT.get(item_type.token, 4))
    begin = len(out)
    for item in value.items() if isinstance(value, dict) else value:
        _put(out, item_type, item, order)
    out[place : place + 4] = struct.pack(order + "I", len(out) - begin)
