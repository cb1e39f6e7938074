"""D-Bus as the project speaks it: dbus-next as a wire library, mended, behind one small port.

This is the only package that imports dbus-next. `connect` and `Connection` are where to begin.
"""

from machined.wire.address import system_address
from machined.wire.body import KeptBody
from machined.wire.connecting import connect, connect_socket
from machined.wire.connection import Connection
from machined.wire.errors import (
    CallError,
    CallTimeout,
    ConnectFailed,
    ConnectionLost,
    InvalidMessage,
    WireError,
)
from machined.wire.fds import duplicated
from machined.wire.library import Variant
from machined.wire.serving import Call, Handler
from machined.wire.signals import Signal, Subscription

__all__ = [
    "Call",
    "CallError",
    "CallTimeout",
    "ConnectFailed",
    "Connection",
    "ConnectionLost",
    "Handler",
    "InvalidMessage",
    "KeptBody",
    "Signal",
    "Subscription",
    "Variant",
    "WireError",
    "connect",
    "connect_socket",
    "duplicated",
    "system_address",
]
