"""Saving what stood in a terminal to a file."""

from __future__ import annotations

import re
import secrets
import time

from machinedeck.new_file import write_new
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
        write_new(place, content)
        return len(content)
    # The old one stays whole until the new one is.
    fresh = place.with_name(f".machinedeck-{secrets.token_hex(8)}")
    write_new(fresh, content)
    try:
        fresh.replace(place)
    except OSError:
        fresh.unlink()
        raise
    return len(content)
