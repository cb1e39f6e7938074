"""Paths of this host as operators type them, for files that are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def typed_path(text: str) -> Path:
    """The path of a file to be written; `~` and `~anna` are homes, as in a shell.

    Raises:
        OSError: ENOENT, nobody of that name has a home here; EISDIR, it is a folder; EINVAL, it is no path.
    """
    typed = text.strip()
    try:
        is_path = b"\0" not in os.fsencode(typed)
    except UnicodeEncodeError:
        is_path = False
    if not is_path:
        raise OSError(errno.EINVAL, "This is no path", typed)
    try:
        path = Path(typed).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(errno.ENOENT, "There is no such user", typed) from error
    if not path.name or path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder", typed)
    return path


def proposed_path(name: str) -> str:
    """A file of that name in the folder that we run in; in the operator's home where that folder is gone."""
    try:
        return str(Path.cwd() / name)
    except OSError:
        return f"~/{name}"
