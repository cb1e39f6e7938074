"""Files that are made anew, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Make a file that only its owner can read; one that does not get all of it is not left there.

    Raises:
        OSError: EEXIST, there is such a file; or it cannot be written.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
    except BaseException:
        with contextlib.suppress(OSError):  # why it is not whole is what has to be told
            path.unlink()
        raise
