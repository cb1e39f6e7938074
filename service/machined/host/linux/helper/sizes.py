"""How much there is to copy."""

from __future__ import annotations

import os
import stat


def size_of(folder: int, name: bytes, depth: int) -> int:
    """Bytes that the regular files of a tree take, each counted once; what cannot be read counts nothing.

    Args:
        folder: Where the tree is.
        name: Its name there.
        depth: How many folders deep it is looked into.
    """
    return _size(folder, name, depth, set())


def _size(folder: int, name: bytes | str, depth: int, seen: set[tuple[int, int]]) -> int:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return _file_size(status, seen)
        if stat.S_ISDIR(status.st_mode) and depth:
            return _folder_size(folder, name, depth, seen)
    except OSError:
        return 0  # whether that matters shows when it is to be copied
    return 0


def _file_size(status: os.stat_result, seen: set[tuple[int, int]]) -> int:
    if status.st_nlink > 1:
        if (status.st_dev, status.st_ino) in seen:
            return 0
        seen.add((status.st_dev, status.st_ino))
    return min(status.st_size, status.st_blocks * 512)


def _folder_size(folder: int, name: bytes | str, depth: int, seen: set[tuple[int, int]]) -> int:
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        return sum(_size(fd, one, depth - 1, seen) for one in os.listdir(fd))
    finally:
        os.close(fd)
