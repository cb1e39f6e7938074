"""Writing to the operator's terminal so that nothing is lost, whatever the terminal's settings are."""

from __future__ import annotations

import io
import os
import select
from typing import TextIO

MOST = 65536
"""Bytes that wait to be written together at most."""


class Outlet(io.TextIOBase):
    """Writes text to a terminal, and waits where the terminal does not take it at once.

    Whoever shares a terminal can make it non-blocking for all of them (O_NONBLOCK is kept with the open file
    description, open(2)); Python's own files lose text then, and raise an error in the thread that writes
    (`io.BufferedWriter`), after which nothing would ever be drawn again.

    Args:
        file: The terminal, as Python opened it.
    """

    def __init__(self, file: TextIO) -> None:
        self._fd = file.fileno()
        self._encoding, self._errors = file.encoding, file.errors or "backslashreplace"
        self._waiting = bytearray()

    def fileno(self) -> int:
        """The terminal's file descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._fd)

    def write(self, text: str) -> int:
        """Take a text, and write it once there is much to write; its characters. Raises as `flush`."""
        self._waiting += text.encode(self._encoding, self._errors)
        if len(self._waiting) > MOST:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Write all that was taken.

        Raises:
            OSError: EIO, the terminal is gone.
        """
        data, self._waiting = bytes(self._waiting), bytearray()
        done = 0
        while done < len(data):
            try:
                done += os.write(self._fd, data[done : done + MOST])
            except BlockingIOError:
                # poll(2) tells of a terminal that is gone as of one that takes more: writing says which it is
                poll = select.poll()
                poll.register(self._fd, select.POLLOUT)
                poll.poll()
