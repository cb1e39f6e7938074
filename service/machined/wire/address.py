"""Addresses of message buses (D-Bus Specification, "Server Addresses")."""

from __future__ import annotations

import os
import re

from machined.wire.errors import ConnectFailed

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
"""Where the system bus listens when the environment names no other place (dbus-daemon(1))."""

_VALUE = re.compile(r"(?:[-0-9A-Za-z_/.\\*]|%[0-9A-Fa-f]{2})*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def system_address() -> str:
    """The address of the system bus: `$DBUS_SYSTEM_BUS_ADDRESS`, else the well-known socket."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM_BUS


def socket_names(address: str) -> list[bytes]:
    """The socket names that `address` lists, in the order in which they are to be tried.

    Args:
        address: One address or several, separated by semicolons.

    Returns:
        For each a name as connect(2) takes it: a path, or a NUL byte and an abstract name.

    Raises:
        ConnectFailed: It is no address, or of a transport other than `unix:path=` and `unix:abstract=`.
    """
    names = [_socket_name(part) for part in address.split(";") if part]
    if not names:
        raise ConnectFailed("the address of the message bus is empty")
    return names


def _socket_name(address: str) -> bytes:
    transport, colon, rest = address.partition(":")
    if not colon:
        raise ConnectFailed(f"{address!r} is no address of a message bus: it names no transport")
    if transport != "unix":
        raise ConnectFailed(f"the transport {transport!r} of {address!r} is not supported, only unix is")
    keys = dict(_key_value(pair, address) for pair in rest.split(",") if pair)
    if ("path" in keys) == ("abstract" in keys):
        raise ConnectFailed(f"{address!r} must name either a path or an abstract socket")
    name = b"\0" + keys["abstract"] if "abstract" in keys else keys["path"]
    if not name.strip(b"\0"):
        raise ConnectFailed(f"{address!r} names an empty socket")
    return name


def _key_value(pair: str, address: str) -> tuple[str, bytes]:
    key, equals, value = pair.partition("=")
    if not equals or not _VALUE.fullmatch(value):
        raise ConnectFailed(f"{pair!r} in {address!r} is no key=value of an address")
    return key, _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), value.encode("ascii"))
