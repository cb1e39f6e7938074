"""What the files below a root tell of the system in it. Nothing outside of the root is read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence

from machined.host.assignments import read_assignments
from machined.host.linux.storage.calls import open_inside
from machined.host.storage import Metadata

MOST = 1024**2
"""Bytes that are read of a file; what goes on longer is none of those that are read here."""
OS_RELEASE = ("etc/os-release", "usr/lib/os-release")

_ID = re.compile(rb"[0-9a-fA-F]{32}\n?")
_LETTERS = re.compile(r"[^A-Za-z0-9_.-]")
_HOST_NAME_MAX = 64


def read_metadata(roots: Sequence[int]) -> Metadata:
    """What the files of an image tell; what is missing or makes no sense tells nothing.

    Args:
        roots: Descriptors of the root, and of its /usr where that is a file system of its own.
    """
    root = roots[0]
    release = _text(root, OS_RELEASE[0])
    if release is None:
        release = _text(root, OS_RELEASE[1]) if len(roots) == 1 else _text(roots[1], "lib/os-release")
    return Metadata(
        _host_name(_text(root, "etc/hostname") or ""),
        _machine_id(_bytes(root, "etc/machine-id") or b""),
        read_assignments(_text(root, "etc/machine-info") or ""),
        read_assignments(release or ""),
    )


def open_root(path: str) -> int:
    """Open a directory that is the root of an image.

    Raises:
        OSError: There is none.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK)


def _bytes(root: int, path: str) -> bytes | None:
    """What a regular file has; `None` where there is none, or it is larger than any that makes sense."""
    try:
        found = open_inside(root, path, os.O_PATH)
    except OSError:
        return None
    try:
        # Opened by its path first: to open a pipe or a device may do something, or wait
        if not stat.S_ISREG(os.fstat(found).st_mode):
            return None
        fd = os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            data = os.read(fd, MOST + 1)
        finally:
            os.close(fd)
    except OSError:
        return None
    finally:
        os.close(found)
    return data if len(data) <= MOST else None


def _text(root: int, path: str) -> str | None:
    data = _bytes(root, path)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return ""


def _host_name(text: str) -> str:
    """The name in hostname(5): the first line that is one, without what no name may have in it."""
    lines = (line.strip() for line in text.splitlines())
    line = next((line for line in lines if line and line[0] not in "#;"), "")
    labels = [label.strip("-") for label in _LETTERS.sub("", line).split(".")]
    return ".".join(label for label in labels if label)[:_HOST_NAME_MAX].rstrip(".-")


def _machine_id(data: bytes) -> bytes:
    """The 16 bytes of machine-id(5); none where it is unset."""
    id = bytes.fromhex(data.decode()) if _ID.fullmatch(data) else b""
    return id if any(id) else b""
