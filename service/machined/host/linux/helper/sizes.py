"""How much there is to copy."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable


def size_of(folder: int, name: bytes, depth: int, on_file: Callable[[], None]) -> int:
    """Bytes that the regular files of a tree take, each counted once; what cannot be read counts nothing.

    Args:
        folder: Where the tree is.
        name: Its name there.
        depth: How many folders deep it is looked into.
        on_file: Called before each file that is looked at.
    """
    return _Sizes(on_file).size(folder, name, depth)


class _Sizes:
    """Adds up one tree."""

    def __init__(self, on_file: Callable[[], None]) -> None:
        self._on_file = on_file
        self._seen: set[tuple[int, int]] = set()

    def size(self, folder: int, name: bytes | str, depth: int) -> int:
        """What a file or a tree takes."""
        self._on_file()
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                return self._file(status)
            if stat.S_ISDIR(status.st_mode) and depth:
                return self._folder(folder, name, depth)
        except OSError:
            return 0  # whether that matters shows when it is to be copied
        return 0

    def _file(self, status: os.stat_result) -> int:
        if status.st_nlink > 1:
            if (status.st_dev, status.st_ino) in self._seen:
                return 0
            self._seen.add((status.st_dev, status.st_ino))
        return min(status.st_size, status.st_blocks * 512)

    def _folder(self, folder: int, name: bytes | str, depth: int) -> int:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            return sum(self.size(fd, one, depth - 1) for one in os.listdir(fd))
        finally:
            os.close(fd)
