"""Puts a file system into a machine that takes every request and answers none: LEADER PATH as arguments.

Where the path is a file, that can be opened. It prints a line once it is there.
When it is killed the kernel ends those who wait. It needs the standard
library alone: its text is run where there is nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_OPEN, _INIT = 14, 26
_HEADER = struct.Struct("=IIQQIIII")
_REPLY = struct.Struct("=IiQ")
_INIT_OUT = struct.Struct("=IIIIHHIIHHI7I")


def main(leader: str, path: str) -> None:
    """Serve until killed (linux/fuse.h)."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    root = os.open(f"/proc/{leader}/root", os.O_RDONLY)
    if libc.setns(os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY), 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    mode = os.stat(path.lstrip("/")).st_mode & 0o170000
    options = f"fd={device},rootmode={mode:o},user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"silent", path.lstrip("/").encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"mounted\n")
    while True:
        request = os.read(device, 1 << 17)
        _, operation, unique, *_ = _HEADER.unpack_from(request)
        if operation == _INIT:
            body = _INIT_OUT.pack(7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0, *[0] * 7)
            os.write(device, _REPLY.pack(_REPLY.size + len(body), 0, unique) + body)
        elif operation == _OPEN:
            os.write(device, _REPLY.pack(_REPLY.size, -errno.ENOSYS, unique))  # opened without a word


if __name__ == "__main__":
    main(*sys.argv[1:])
