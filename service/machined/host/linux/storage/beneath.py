"""Folders far down in a tree that others may write to while we look."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from machined.host.linux.helper.kernel import open_beneath

CHANGED = "Something in the image was moved meanwhile"
"""What is said of a tree that changed under our hands."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CHANGED = {errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EXDEV}


@contextlib.contextmanager
def opened_beneath(root: int, path: str) -> Iterator[int]:
    """Have a folder open that was found somewhere below another.

    Where it is was told before, and a process of a machine that runs from the tree may have put a link, to a
    folder of the host say, in the place of any name on the way since. So none is followed.

    Args:
        root: A descriptor of the other.
        path: Seen from there; the other itself where it is empty.

    Raises:
        OSError: EBUSY, it is no longer there; or it cannot be opened.
    """
    try:
        fd = open_beneath(root, path or ".", _FOLDER)
    except OSError as error:
        if error.errno in _CHANGED:
            raise OSError(errno.EBUSY, CHANGED) from error
        raise
    try:
        yield fd
    finally:
        os.close(fd)
