"""Putting file systems that a test serves into a machine, and how they are asked (linux/fuse.h)."""

from __future__ import annotations

import ctypes
import os
import struct

HEADER = struct.Struct("=IIQQIIII")
REPLY = struct.Struct("=IiQ")
INIT_OUT = struct.Struct("=IIIIHHIIHHI7I")


def mount(leader: str, path: str, name: str, options: str) -> int:
    """Mount a file system in the mount namespace of a machine; where its requests come from.

    Args:
        leader: The machine's first process.
        path: Where, as the machine sees it.
        name: What the mount is of.
        options: How, beside the descriptor and its owner.

    Raises:
        OSError: It cannot be.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    root = os.open(f"/proc/{leader}/root", os.O_RDONLY)
    if libc.setns(os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY), 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    place = path.lstrip("/")
    mode = os.stat(place).st_mode & 0o170000
    data = f"fd={device},rootmode={mode:o},user_id=0,group_id=0,allow_other{options}"
    if libc.mount(name.encode(), place.encode(), b"fuse", 0, data.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"mounted\n")
    return device
