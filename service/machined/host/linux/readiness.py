"""Telling the service manager how we are (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket

logger = logging.getLogger(__name__)


def tell_manager(*lines: str) -> None:
    """Send assignments such as `READY=1` to who started us, if that wants to know.

    Args:
        lines: One assignment each.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            logger.warning("the service manager cannot be told %s: %s", lines[0], error)
