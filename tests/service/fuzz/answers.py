"""What members there are by introspection, and what an answer to any call of theirs may be like."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any, NamedTuple

NAMED = re.compile(
    r"(org\.freedesktop\.(DBus\.Error|machine1|systemd1)|io\.machinedeck\.Operations1)\.[A-Z][A-Za-z]+"
    r"|System\.Error\.E[A-Z0-9]+"
)
NEVER = re.compile(r"Traceback|\.py\b|site-packages|machined[./]|object at 0x|line \d+")
"""What would tell of our insides."""


class Method(NamedTuple):
    """A method as introspection tells of it."""

    interface: str
    name: str
    takes: str
    gives: str
    names: tuple[str, ...] = ()
    """What its arguments are called, "" for what has no name."""


def methods_of(text: str) -> list[Method]:
    """All methods of an object that introspection tells of."""
    return [
        Method(
            interface.attrib["name"],
            method.attrib["name"],
            "".join(one.attrib["type"] for one in _of(method, "in")),
            "".join(one.attrib["type"] for one in _of(method, "out")),
            tuple(one.get("name", "") for one in _of(method, "in")),
        )
        for interface in ET.fromstring(text).iter("interface")
        for method in interface.iter("method")
    ]


def wrong_with(name: str, message: str, values: Any) -> str | None:
    """What is wrong with an error that a call was answered with; None if it is as it should be."""
    if not NAMED.fullmatch(name):
        return f"the name of the error is {name!r}: {message}"
    if not message:
        return f"{name} says nothing"
    found = NEVER.search(message)
    # What the caller said may be quoted to it
    if found is not None and found[0] not in repr(values):
        return f"it tells of our insides: {message}"
    return None


def _of(method: ET.Element, direction: str) -> list[ET.Element]:
    return [one for one in method.iter("arg") if one.get("direction", "in") == direction]
