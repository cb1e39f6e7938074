"""Puts a file system into a machine that takes every request and answers none: LEADER PATH as arguments.

Where the path is a file, that can be opened. It prints a line once it is there.
When it is killed the kernel ends those who wait.
"""

from __future__ import annotations

import errno
import os
import sys

from tests.service.linux_inside.fuse_mount import HEADER, INIT_OUT, REPLY, mount

_OPEN, _INIT = 14, 26


def main(leader: str, path: str) -> None:
    """Serve until killed (linux/fuse.h)."""
    device = mount(leader, path, "silent", "")
    while True:
        request = os.read(device, 1 << 17)
        _, operation, unique, *_ = HEADER.unpack_from(request)
        if operation == _INIT:
            body = INIT_OUT.pack(7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0, *[0] * 7)
            os.write(device, REPLY.pack(REPLY.size + len(body), 0, unique) + body)
        elif operation == _OPEN:
            os.write(device, REPLY.pack(REPLY.size, -errno.ENOSYS, unique))  # opened without a word


if __name__ == "__main__":
    main(*sys.argv[1:])
