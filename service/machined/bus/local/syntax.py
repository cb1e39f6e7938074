"""What names may look like (D-Bus Specification, "Valid Names" and "Valid Object Paths")."""

from __future__ import annotations

import re

MAX_NAME = 255
"""Bytes in a name, at most."""

_WELL_KNOWN = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]*(?:\.[A-Za-z_-][A-Za-z0-9_-]*)+")
_UNIQUE = re.compile(r":[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_NAMESPACE = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]*(?:\.[A-Za-z_-][A-Za-z0-9_-]*)*")
_INTERFACE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"/|(?:/[A-Za-z0-9_]+)+")


def is_well_known_name(text: str) -> bool:
    """Whether a client may ask to own this name, as far as its form goes."""
    return len(text) <= MAX_NAME and _WELL_KNOWN.fullmatch(text) is not None


def is_bus_name(text: str) -> bool:
    """Whether this is the name of a connection, unique or well-known."""
    if text.startswith(":"):
        return len(text) <= MAX_NAME and _UNIQUE.fullmatch(text) is not None
    return is_well_known_name(text)


def is_namespace(text: str) -> bool:
    """Whether this can be the beginning of a bus name: one element is enough."""
    return len(text) <= MAX_NAME and _NAMESPACE.fullmatch(text) is not None


def is_interface(text: str) -> bool:
    """Whether this is the name of an interface; names of errors are of the same form."""
    return len(text) <= MAX_NAME and _INTERFACE.fullmatch(text) is not None


def is_member(text: str) -> bool:
    """Whether this is the name of a method or signal."""
    return len(text) <= MAX_NAME and _MEMBER.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Whether this is the path of an object."""
    return _PATH.fullmatch(text) is not None
