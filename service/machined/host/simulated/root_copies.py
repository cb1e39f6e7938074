"""Copies of simulated trees in real folders: a descriptor of a folder cannot be made up."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections import deque

from machined.host.simulated.tree import Node, Tree

WRITABLE = 0o700
"""What our own copies of folders let us do, whatever their modes say."""


KEPT = 16
"""How many copies there are at a time. A client that has not read its own by then finds it empty."""


def _drop(work: asyncio.Future[int]) -> None:
    if not work.cancelled() and work.exception() is None:
        os.close(work.result())


class RootCopies:
    """Folders below the one for temporary files, each with a copy of a tree; the oldest make room for new."""

    def __init__(self) -> None:
        self._folders: deque[str] = deque()
        self._turn = asyncio.Lock()
        self._is_closed = False

    async def open(self, tree: Tree) -> int:
        """Copy a tree into a folder of its own; a descriptor of that. Owners and devices are left out.

        Raises:
            OSError: The folder cannot be made, or there is no more time for it (ESHUTDOWN).
        """
        async with self._turn:
            if self._is_closed:
                raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
            where = os.path.join(
                os.environ.get("TMPDIR", "/tmp"),  # noqa: S108
                f"machinedeck-{os.urandom(8).hex()}",
            )
            self._folders.append(where)
            oldest = self._folders.popleft() if len(self._folders) > KEPT else None
            work = asyncio.ensure_future(asyncio.to_thread(_replace, oldest, tree, where))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                # A thread cannot be stopped; nobody takes what it returns, however often this is cancelled
                work.add_done_callback(_drop)
                await asyncio.wait([work])
                raise

    async def close(self) -> None:
        """Remove all the folders, and make no more."""
        self._is_closed = True
        async with self._turn:
            while self._folders:
                _remove(self._folders.pop())


def _replace(oldest: str | None, tree: Tree, where: str) -> int:
    """Make room, then copy a tree out."""
    if oldest is not None:
        _remove(oldest)
    return _copy_out(tree, where)


def _copy_out(tree: Tree, where: str) -> int:
    os.mkdir(where, WRITABLE)
    _write_below(tree, "/", where)
    return os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _write_below(tree: Tree, path: str, where: str) -> None:
    for name, node in tree.listing(path).items():
        at = os.path.join(where, name)
        if node.is_folder:
            os.mkdir(at, stat.S_IMODE(node.mode) | WRITABLE)
            _write_below(tree, f"{path.rstrip('/')}/{name}", at)
        elif node.is_link:
            os.symlink(node.target, at)
        elif stat.S_ISREG(node.mode):
            _write_file(node, at)


def _write_file(node: Node, at: str) -> None:
    """Write one file; a large one becomes sparse."""
    fd = os.open(at, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IMODE(node.mode) & 0o777)
    try:
        os.write(fd, node.read())
        os.truncate(fd, node.size())
    finally:
        os.close(fd)
    os.utime(at, (node.mtime, node.mtime))


def _remove(where: str) -> None:
    for folder, folders, files in os.walk(where, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            path = os.path.join(folder, name)
            os.unlink(path) if os.path.islink(path) else os.rmdir(path)
    if os.path.isdir(where):
        os.rmdir(where)
