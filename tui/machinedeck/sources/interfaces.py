"""Network interfaces of this host."""

from __future__ import annotations

import socket


def interface_name(index: int) -> str:
    """The name of an interface by its number, the number where it is gone (if_indextoname(3))."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)
