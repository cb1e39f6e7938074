"""The event loop, brought in without TLS.

asyncio imports `ssl` where it can, and does without where it cannot. Neither the console nor the service
speaks TLS: all their sockets are of this host. Loading OpenSSL and its Python side takes 5 ms of each start,
so it is left out; whoever imports `ssl` later gets it.
"""

from __future__ import annotations

import sys

_TLS = "ssl"


def import_asyncio() -> None:
    """Import asyncio, without TLS unless one of the two was imported before."""
    if "asyncio" in sys.modules or _TLS in sys.modules:
        return
    # None makes the import system say that there is no such module (Python's language reference, 5.3.1)
    sys.modules[_TLS] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401, PLC0415 - what this function is for
    finally:
        del sys.modules[_TLS]
