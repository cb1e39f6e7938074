"""Saving what stood in a terminal to a file."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path

from machinedeck.sources.typed_path import typed_path

PATIENCE_SECONDS = 10.0
"""How long a file system may take to have a file: one on a dead mount never does, and nobody would say so."""


def proposal(machine: str, now: float) -> str:
    """A name for the file: the machine's and the time, in the operator's home."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", machine).lstrip(".") or "machine"
    return f"~/{name}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}.txt"


def save(path: str, text: str, *, is_overwriting: bool) -> int:
    """Write a file that only its owner can read; the number of bytes.

    Raises:
        FileExistsError: There is such a file, and it is not to be overwritten.
        OSError: It could not be written.
    """
    place = typed_path(path)
    content = text.encode("utf-8", "replace")
    if not is_overwriting:
        _write(place, content)
        return len(content)
    # The old one stays whole until the new one is.
    fresh = place.with_name(f".machinedeck-{secrets.token_hex(8)}")
    _write(fresh, content)
    try:
        fresh.replace(place)
    except OSError:
        fresh.unlink()
        raise
    return len(content)


def _write(place: Path, content: bytes) -> None:
    """Make a file; one that does not get all of it is not left there, to be asked about the next time."""
    fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
    except OSError:
        place.unlink()
        raise
