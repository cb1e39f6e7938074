"""A message bus inside our own process, on a unix socket (D-Bus Specification, "Message Bus Specification").

It serves the demo, the embedded mode and tests: real clients come in over the socket, our own service
is attached without one. `LocalBus` is where to begin.
"""

from machined.bus.local.errors import BusError, BusFolderUnsafe, BusInUse
from machined.bus.local.limits import Limits
from machined.bus.local.server import LocalBus

__all__ = ["BusError", "BusFolderUnsafe", "BusInUse", "Limits", "LocalBus"]
