"""What the host's own entry shows, read from the system."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from machined.contract import VSOCK_CID_ANY
from machined.host.ports import HostFacts

MACHINE_ID = Path("/etc/machine-id")
VSOCK = Path("/dev/vsock")
VSOCK_CID_LOCAL = 1
"""The loopback address of vsock(7) (VMADDR_CID_LOCAL)."""
ID_BYTES = 16
NANOSECONDS = 1000


def read_facts() -> HostFacts:
    """The facts as they are now; they hold until the next boot.

    Raises:
        OSError: The machine id cannot be read, or is none (machine-id(5)).
    """
    return HostFacts(_machine_id(), _boot_realtime(), _vsock_cid())


def _machine_id() -> bytes:
    text = MACHINE_ID.read_text(encoding="ascii", errors="replace").strip()
    try:
        read = bytes.fromhex(text)
    except ValueError:
        read = b""
    if len(read) != ID_BYTES or not any(read):
        raise OSError(errno.ENOMEDIUM, f"{text[:40]!r} is no machine id", str(MACHINE_ID))
    return read


def _boot_realtime() -> int:
    now = time.clock_gettime_ns(time.CLOCK_REALTIME)
    return (now - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // NANOSECONDS


def _vsock_cid() -> int:
    """The loopback address where the kernel has vsock: the host's own one would not stay the same."""
    try:
        os.close(os.open(VSOCK, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return VSOCK_CID_ANY
    return VSOCK_CID_LOCAL
