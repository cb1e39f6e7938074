"""Copies what is in a regular file: shared with the original where that can be, holes as holes."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable

_FICLONE = 0x40049409
"""Share all blocks of another file (ioctl_ficlone(2))."""
_PIECE = 16 * 1024 * 1024
_SMALL_PIECE = 1024 * 1024
_NEVER = {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS}
"""What is said where no two files of these file systems can share anything."""
_CANNOT = {
    errno.EXDEV,
    errno.EINVAL,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.ENOTTY,
    errno.EPERM,
    errno.ETXTBSY,
    errno.EBADF,
    errno.EOVERFLOW,
}
"""What is said where the kernel cannot copy between these two; reading and writing then tells the truth."""

Advance = Callable[[int], None]


def _unwatched(_size: int) -> None:
    """Nobody counts."""


def copy_contents(
    source: int, target: int, advance: Advance = _unwatched, *, keeps_holes: bool = True
) -> None:
    """Copy all of a file into an empty one, shared with it where the file system can, holes as holes.

    Args:
        source: The file, open for reading.
        target: The empty one, open for writing.
        advance: Told of the bytes of each piece, without holes.
        keeps_holes: Whether there are holes where the original has them, also in what is not shared.

    Raises:
        OSError: It cannot be read or written.
    """
    size = os.fstat(source).st_size
    if not size:
        _copy_stream(source, target, advance)  # files of procfs say 0 and have more
    elif _shared(source, target):
        advance(min(size, os.fstat(source).st_blocks * 512))
    elif keeps_holes:
        _copy_extents(source, target, size, advance)
    else:
        _copy_range(source, target, 0, size, advance)


class Copier:
    """Copies one file after the other, all from one file system to one file system.

    It does what `copy_contents` does with fewer system calls: of small files these are most of the work.

    Args:
        advance: Told of the bytes of each piece, without holes.
        keeps_holes: Whether there are holes where the originals have them, also in what is not shared.
    """

    def __init__(self, advance: Advance, *, keeps_holes: bool = True) -> None:
        self._advance = advance
        self._keeps_holes = keeps_holes
        self._may_share = True

    def copy(self, source: int, target: int, status: os.stat_result) -> None:
        """Copy all of a file into an empty one.

        Args:
            source: The file, open for reading.
            target: The empty one, open for writing.
            status: What the file is.

        Raises:
            OSError: It cannot be read or written.
        """
        size = status.st_size
        if self._may_share:
            try:
                fcntl.ioctl(target, _FICLONE, source)
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
                self._may_share = error.errno not in _NEVER
            else:
                self._advance(min(size, status.st_blocks * 512))
                return
        if size > _PIECE or status.st_blocks * 512 < size or not _is_copied_at_once(source, target, size):
            copy_contents(source, target, self._advance, keeps_holes=self._keeps_holes)
        else:
            self._advance(size)


def _is_copied_at_once(source: int, target: int, size: int) -> bool:
    """Copy a file without holes by one call; False where that does not get to its end."""
    try:
        return os.copy_file_range(source, target, size, 0, 0) == size
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False


def _shared(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True


def _copy_extents(source: int, target: int, size: int, advance: Advance) -> None:
    """Copy what is data, one extent after the other; what is appended meanwhile is not waited for.

    A file may end before its size: it was cut off meanwhile, or it is one of sysfs, which all say 4096.
    """
    at = copied = 0
    while at < size and (extent := _next_data(source, at)) is not None:
        start, at = extent[0], min(extent[1], size)
        reached = _copy_range(source, target, start, at, advance)
        if reached > start:
            copied = reached
        if reached < at:  # what is left of it, if it was cut off, may end with a hole before that
            now = os.fstat(source).st_size
            end = now if now <= reached else copied
            break
    else:
        end = min(size, os.fstat(source).st_size)  # the rest is a hole
    if end > copied:
        os.ftruncate(target, end)


def _next_data(source: int, at: int) -> tuple[int, int] | None:
    """Where the next data begins and ends; `None` after the last."""
    try:
        start = os.lseek(source, at, os.SEEK_DATA)
        return start, os.lseek(source, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        if error.errno != errno.EINVAL:
            raise
    size = os.fstat(source).st_size  # a file system that knows no holes
    return (at, size) if at < size else None


def _copy_range(source: int, target: int, start: int, end: int, advance: Advance) -> int:
    """Copy a part of a file; tells how far that went, which is less than wished where the file ends."""
    while start < end:
        try:
            done = os.copy_file_range(source, target, min(_PIECE, end - start), start, start)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            done = 0
        if not done:
            return _copy_plainly(source, target, start, end, advance)
        advance(done)
        start += done
    return start


def _copy_plainly(source: int, target: int, start: int, end: int, advance: Advance) -> int:
    while start < end and (piece := os.pread(source, min(_SMALL_PIECE, end - start), start)):
        _write(target, piece, start)
        advance(len(piece))
        start += len(piece)
    return start


def _copy_stream(source: int, target: int, advance: Advance) -> None:
    at = 0
    while piece := os.read(source, _SMALL_PIECE):
        _write(target, piece, at)
        advance(len(piece))
        at += len(piece)


def _write(target: int, piece: bytes, at: int) -> None:
    while piece:
        done = os.pwrite(target, piece, at)
        piece = piece[done:]
        at += done
