"""Holds up whoever opens a file, until that is let through (fanotify(7), permission events)."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLASS_CONTENT, _CLOEXEC, _NONBLOCK = 4, 1, 2
_ADD, _OPEN_PERM = 1, 0x10000
_ALLOW = 1
_AT_FDCWD = -100
_EVENT = struct.Struct("=IBBHQii")
"""`struct fanotify_event_metadata`: its length, version and more, what happened; a descriptor, a process."""
_RESPONSE = struct.Struct("=iI")

libc = ctypes.CDLL(None, use_errno=True)


class Gate:
    """Where a process waits that opens a file."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: list[int] = []
        self.reached = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, self._on_event)

    def _on_event(self) -> None:
        data = os.read(self._fd, _EVENT.size)
        self._waiting.append(_EVENT.unpack(data)[5])
        self.reached.set()

    def open(self) -> None:
        """Let them through who wait."""
        for fd in self._waiting:
            os.write(self._fd, _RESPONSE.pack(fd, _ALLOW))
            os.close(fd)
        self._waiting.clear()


@contextmanager
def gate(path: Path) -> Iterator[Gate]:
    """Hold up whoever opens a file; at the end all are let through."""
    fd = checked(libc.fanotify_init(_CLASS_CONTENT | _CLOEXEC | _NONBLOCK, os.O_RDONLY | os.O_CLOEXEC))
    made = Gate(fd)
    try:
        mask = ctypes.c_uint64(_OPEN_PERM)
        checked(libc.fanotify_mark(fd, _ADD, mask, _AT_FDCWD, os.fsencode(path)))
        yield made
    finally:
        made.open()
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)


def checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
