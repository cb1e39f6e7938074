"""What is in the folders of images, so that every change of it is written down with the step it came of."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.lab.differential.player import files

GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
"""ioctl_iflags(2)."""
IMMUTABLE = 0x10
SUBVOL_GETFLAGS, SUBVOL_SETFLAGS, SUBVOL_READ_ONLY = 0x80089419, 0x4008941A, 2
"""btrfs-ioctl(2)."""
LOOP = re.compile(r"/dev/loop\d+")
SETTLED = 100_000_000
"""Nanoseconds after which a change shows in the time of the last one, which goes by the kernel's ticks."""
SUBVOLUME = 256
"""The inode number of a subvolume's top folder."""
INODE = re.compile(r"(inode|block)-\d+:\d+")


class Trees:
    """Folders, and what was in them when they were looked at last."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._lines: dict[str, tuple[tuple[int, ...], str]] = {}
        self._seen = self._now()

    def skip(self) -> None:
        """Take what is there now as it is: the scenario itself made it."""
        self._seen = self._now()

    def changes(self) -> dict[str, str | None]:
        """What is new, changed or gone (None) since the last time."""
        now = self._now()
        changed: dict[str, str | None] = {
            path: now[path] for path in sorted(now) if self._seen.get(path) != now[path]
        }
        changed |= dict.fromkeys(sorted(self._seen.keys() - now.keys()))
        self._seen = now
        return changed

    def _now(self) -> dict[str, str]:
        found = {}
        for top in self._folders:
            if top.is_symlink() or top.is_dir():
                for path in _below(str(top)):
                    with contextlib.suppress(FileNotFoundError):  # it went meanwhile
                        name = INODE.sub(r"\1-<n>", path)
                        found[name] = self._line(path, path.count("/") - str(top).count("/"))
        return found

    def _line(self, path: str, depth: int) -> str:
        """The line of a thing, from before where nothing of its inode has changed."""
        status = os.lstat(path)
        key = (status.st_dev, status.st_ino, status.st_ctime_ns, status.st_nlink)
        known = self._lines.get(path)
        if known is not None and known[0] == key:
            return known[1]
        line = _told(Path(path), depth)
        # That a subvolume is read-only shows in no time of it
        if status.st_ino != SUBVOLUME and time.time_ns() - status.st_ctime_ns > SETTLED:
            self._lines[path] = (key, line)
        return line


def _below(top: str) -> Iterator[str]:
    waiting = [top]
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry.path
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _told(path: Path, depth: int) -> str:
    """A thing in a line, with the flags of what could be an image."""
    # Which of the blocks are written depends on when the kernel gets to it
    words = [files.line(path, "").strip().replace(" with holes", "")]
    words[0] = LOOP.sub("/dev/loop<n>", words[0])
    if is_subvolume(path):
        words.append("subvolume" + (" read-only" if _is_sealed(path) else ""))
    if depth == 1 and is_immutable(path):
        words.append("immutable")
    return " ".join(words)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_sealed(path: Path) -> bool:
    with _opened(path) as fd:
        flags = bytearray(8)
        fcntl.ioctl(fd, SUBVOL_GETFLAGS, flags, True)
        return bool(struct.unpack("=Q", flags)[0] & SUBVOL_READ_ONLY)


def is_subvolume(path: Path) -> bool:
    """Whether this is the top folder of a subvolume; what is not on btrfs has inodes of other numbers."""
    status = path.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_ino == SUBVOLUME


def set_sealed(path: Path, is_wanted: bool) -> None:
    """Make a subvolume read-only, or no longer so."""
    with _opened(path) as fd:
        fcntl.ioctl(fd, SUBVOL_SETFLAGS, struct.pack("=Q", SUBVOL_READ_ONLY if is_wanted else 0))


def _flags(fd: int) -> int:
    flags = bytearray(8)
    try:
        fcntl.ioctl(fd, GETFLAGS, flags, True)
    except OSError as error:
        if error.errno not in {errno.ENOTTY, errno.EOPNOTSUPP}:
            raise
        return 0
    found: int = struct.unpack("=I4x", flags)[0]
    return found


def is_immutable(path: Path) -> bool:
    """Whether a folder or a file is marked so that nothing of it may change."""
    kind = stat.S_IFMT(path.lstat().st_mode)
    if kind not in {stat.S_IFDIR, stat.S_IFREG}:
        return False
    with _opened(path) as fd:
        return bool(_flags(fd) & IMMUTABLE)


def set_immutable(path: Path, is_wanted: bool) -> None:
    """Mark a folder or a file so that nothing of it may change, or take the mark away."""
    with _opened(path) as fd:
        flags = _flags(fd) & ~IMMUTABLE | (IMMUTABLE if is_wanted else 0)
        fcntl.ioctl(fd, SETFLAGS, struct.pack("=I4x", flags))
