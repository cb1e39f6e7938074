"""What the files below a root tell of the system in it. Nothing outside of the root is read."""

from __future__ import annotations

import os
import re
import stat

from machined.host.linux.helper import env_file
from machined.host.linux.helper.kernel import open_in_root
from machined.host.storage import Metadata

MOST = 1024**2
"""Bytes that are read of a file; what goes on longer is none of those that are read here."""
_USUAL = 4096
"""Bytes that hardly any of them has. Room for `MOST` takes longer to get than all else that is done here."""
_IN_USR = "lib/os-release"
OS_RELEASE = ("etc/os-release", "usr/lib/os-release")

_ID = re.compile(rb"[0-9a-fA-F]{32}\n?")
_LETTERS = re.compile(r"[^A-Za-z0-9_.-]")
_ENDS = re.compile("[\\n\\r\\0]")
_HOST_NAME_MAX = 64


def read_metadata(root: int | None, usr: int | None = None) -> Metadata:
    """What the files of an image tell; what is missing or makes no sense tells nothing.

    Args:
        root: A descriptor of its root, if it has one.
        usr: One of its /usr, where that is a file system of its own.
    """
    places = [(root, path) for path in OS_RELEASE] if usr is None else [(root, OS_RELEASE[0]), (usr, _IN_USR)]
    texts = (_bytes(folder, path) for folder, path in places)
    release = next((text for text in texts if text is not None), None)
    return Metadata(
        _host_name(_bytes(root, "etc/hostname") or b""),
        _machine_id(_bytes(root, "etc/machine-id") or b""),
        _assignments(_bytes(root, "etc/machine-info")),
        _assignments(release),
    )


def open_root(path: str) -> int:
    """Open a directory that is the root of an image.

    Raises:
        OSError: There is none.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK)


def _bytes(root: int | None, path: str) -> bytes | None:
    """What a file has; `None` where there is none, nothing of one that cannot be read or makes no sense."""
    if root is None:
        return None
    try:
        found = open_in_root(root, path, os.O_PATH)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
    try:
        # Opened by its path first: to open a pipe or a device may do something, or wait
        if not stat.S_ISREG(os.fstat(found).st_mode):
            return b""
        fd = os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            data = os.read(fd, _USUAL)
            if len(data) == _USUAL:
                data += os.read(fd, MOST + 1 - _USUAL)
        finally:
            os.close(fd)
    except OSError:
        return b""
    finally:
        os.close(found)
    return data if len(data) <= MOST else b""


def _assignments(data: bytes | None) -> dict[str, str]:
    """Those of a file; none of one that is no text."""
    try:
        return env_file.parse(data or b"")
    except OSError:
        return {}


def _host_name(data: bytes) -> str:
    """The name in hostname(5): the first line that is one, without what no name may have in it."""
    lines = (line.strip() for line in _ENDS.split(data.decode(errors="replace")))
    line = next((line for line in lines if line and not line.startswith("#")), "")
    labels = [label.strip("-") for label in _LETTERS.sub("", line).split(".")]
    return ".".join(label for label in labels if label)[:_HOST_NAME_MAX].rstrip(".-")


def _machine_id(data: bytes) -> bytes:
    """The 16 bytes of machine-id(5); none where it is unset."""
    id = bytes.fromhex(data.decode()) if _ID.fullmatch(data) else b""
    return id if any(id) else b""
