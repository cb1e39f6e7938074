"""Copies files and trees between the host and a machine.

No namespace is entered for it: the folder above each end is opened, the machine's within the machine's root,
and from there on all goes by descriptors and single names.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import sys
import time
from types import FrameType

from machined.host.linux.helper import kernel
from machined.host.linux.helper.answers import Answer
from machined.host.linux.helper.links import opener
from machined.host.linux.helper.manner import unpacked
from machined.host.linux.helper.packets import send
from machined.host.linux.helper.sizes import size_of
from machined.host.linux.helper.targets import Target
from machined.host.linux.helper.trees import MOST_DEPTH, TreeCopy

_PACE = 0.1
"""Seconds between two words of how far it is."""


class Cancelled(Exception):
    """Nobody waits for this copy any more."""


class _Report:
    """Tells how far the copy is, and stops it when the machine has ended."""

    def __init__(self, target: Target, sock: socket.socket) -> None:
        self._target = target
        self._sock = sock
        self._total = 0
        self._done = 0
        self._next = 0.0

    def expect(self, total: int) -> None:
        """So many bytes there are to copy."""
        self._total = total
        self.tell()

    def add(self, size: int) -> None:
        """So many bytes more were copied; called at least once for each file, with 0 for one without."""
        self._done += size
        self.look()

    def look(self) -> None:
        """Say how far it is, if that is due.

        Raises:
            ProcessLookupError: The machine has ended.
        """
        if self._target.has_ended:
            raise ProcessLookupError(errno.ESRCH, "The machine has ended.")
        if (now := time.monotonic()) >= self._next:
            self._next = now + _PACE
            self.tell()

    def tell(self) -> None:
        """Say how far it is."""
        fields = [b"progress", str(self._done).encode(), str(max(self._total, self._done)).encode()]
        try:
            send(self._sock, fields, flags=socket.MSG_DONTWAIT)
        except BlockingIOError:
            return  # whoever listens has not caught up; the next word says more


def copy(target: Target, arguments: list[bytes], _fds: list[int], sock: socket.socket) -> Answer:
    """Copy one file or tree.

    Arguments: the folder in the machine and the name there, the same on the host, then "1" or "0" each for
    into the machine and for replacing, the manner, and the owner ("" to keep each file's).

    Raises:
        OSError: What went wrong; ESRCH where the machine ended meanwhile.
    """
    inner_folder, inner, outer_folder, outer, into, replaces, how, owner = arguments
    manner = unpacked(how)
    signal.signal(signal.SIGTERM, _on_term)
    _allow_depth()
    root = target.root()
    outer_parent = _open_outer(outer_folder, outer)
    find = opener(target, follows=manner.follows_links)
    inner_parent = find(root, inner_folder, os.O_RDONLY | os.O_DIRECTORY)
    ends = (inner_parent, inner), (outer_parent, outer)
    (destination, new_name), (source, name) = ends if into == b"1" else reversed(ends)
    os.umask(0)
    try:
        os.stat(name, dir_fd=source, follow_symlinks=False)
        report = _Report(target, sock)
        report.tell()  # whoever answered so far answers: from here on it takes as long as it does
        report.expect(size_of(source, name, MOST_DEPTH, report.look))
        owned_by = int(owner) if owner else None
        tree = TreeCopy(replaces == b"1", owned_by, report.add, manner, is_inside=into == b"1")
        tree.copy(source, name, destination, new_name)
        report.tell()
    except NotADirectoryError:
        top = os.open("/", os.O_PATH) if into != b"1" else root
        path = os.path.join(outer_folder, outer) if into != b"1" else os.path.join(inner_folder, inner)
        if _dangles(top, path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        raise
    except Cancelled:
        raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED)) from None
    return [], []


def _open_outer(folder: bytes, name: bytes) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        path = os.fsdecode(os.path.join(folder, name))
        text = f"Failed to open host directory {path}: {error.strerror}"
        raise OSError(error.errno, text) from None


def _dangles(root: int, path: bytes) -> bool:
    """Whether a path, within a root, is a link to nowhere."""
    try:
        os.close(kernel.open_in_root(root, path, os.O_PATH))
    except FileNotFoundError:
        return True
    return False


def _on_term(_number: int, _frame: FrameType | None) -> None:
    raise Cancelled


def _allow_depth() -> None:
    """Have descriptors and frames for the deepest tree that is copied."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.setrecursionlimit(10 * MOST_DEPTH)
