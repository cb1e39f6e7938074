"""Mounts a file that everybody can open and close, but one process: `withholding.py PATH PID`.

To close a descriptor is a question to its file system (FUSE_FLUSH in linux/fuse.h), which knows who asks.
That of the process is never answered, and "asked" printed when it comes. It prints "mounted" at first.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_FORGET, _GETATTR, _OPEN, _RELEASE, _FLUSH, _INIT, _INTERRUPT, _BATCH_FORGET = 2, 3, 14, 18, 25, 26, 36, 42
_HEADER = struct.Struct("=IIQQIIII")
_REPLY = struct.Struct("=IiQ")
_INIT_OUT = struct.Struct("=IIIIHHIIHHI7I")
_OPEN_OUT = struct.Struct("=QII")
_ATTR_OUT = struct.Struct("=QII6Q10I")
_FILE = 0o100644


def body(operation: int) -> bytes:
    """What answers a request."""
    if operation == _INIT:
        return _INIT_OUT.pack(7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0, *[0] * 7)
    if operation == _OPEN:
        return _OPEN_OUT.pack(1, 0, 0)
    if operation == _GETATTR:
        return _ATTR_OUT.pack(3600, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, _FILE, 1, 0, 0, 0, 4096, 0)
    return b""


def process_of(thread: int) -> str:
    """The pid of a thread's process (proc_pid_status(5))."""
    with open(f"/proc/{thread}/status") as file:
        return next(line.split()[1] for line in file if line.startswith("Tgid:"))


def main(path: str, pid: str) -> None:
    """Serve until killed."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode={_FILE:o},user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"withholding", path.encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"mounted\n")
    while True:
        request = os.read(device, 1 << 17)
        _, operation, unique, _, _, _, asking, _ = _HEADER.unpack_from(request)
        if operation == _FLUSH and process_of(asking) == pid:
            os.write(1, b"asked\n")
        elif operation not in {_FORGET, _BATCH_FORGET, _INTERRUPT}:
            answer = body(operation)
            os.write(device, _REPLY.pack(_REPLY.size + len(answer), 0, unique) + answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
