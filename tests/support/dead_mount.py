"""A mount that answers nothing, as those of a server that is gone, in a mount namespace of its own.

Run as a program it makes one and holds it until its standard input ends: `python -m tests.support.dead_mount
PLACE [greet]`. With `greet` it answers the kernel's greeting: no signal lets go of who asks then (fuse(4)).
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MS_NOSUID, MS_NODEV = 2, 4

_HEADER = struct.Struct("=IIQ")
"""Length, operation and number of a question; of an answer length, error and number."""

_GREETING = struct.Struct("=IIIIHHIIHHI28x")
"""`struct fuse_init_out` of <linux/fuse.h>."""


@contextmanager
def dead_mount(place: Path, *, is_greeted: bool = False) -> Iterator[list[str]]:
    """Hold a dead mount on a folder; the words before a command that sees it. At its end all are let go."""
    words = ["unshare", "--mount", "--propagation=private", sys.executable, "-m", "tests.support.dead_mount"]
    words += [str(place), "greet"] if is_greeted else [str(place)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "ready\n"
            yield ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"]
        finally:
            holder.stdin.close()
            holder.wait(10)


def main(place: str, *, is_greeted: bool) -> None:
    """Mount it, and answer nothing until standard input ends."""
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    if not Path(place).exists():
        _mount("tmpfs", str(Path(place).parent), "mode=755")  # so that nothing is left on the disk
        Path(place).mkdir()
    _mount("fuse", place, f"fd={fd},rootmode=40000,user_id=0,group_id=0")
    if is_greeted:
        _length, _operation, number = _HEADER.unpack_from(os.read(fd, 1 << 18))
        answer = _GREETING.pack(7, 31, 1 << 16, 0, 12, 9, 1 << 16, 1, 1, 0, 0)
        os.write(fd, struct.pack("=IiQ", 16 + len(answer), 0, number) + answer)
    print("ready", flush=True)
    watched = [0, fd] if is_greeted else [0]
    while 0 not in (readable := select.select(watched, [], [])[0]):
        assert readable == [fd]
        os.read(fd, 1 << 18)


def _mount(type_: str, place: str, data: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = (b"dead", os.fsencode(place), type_.encode(), MS_NOSUID | MS_NODEV, data.encode())
    if libc.mount(*words):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place)


if __name__ == "__main__":
    main(sys.argv[1], is_greeted="greet" in sys.argv[2:])
