"""What images may be called."""

from __future__ import annotations

MAX_NAME = 255
"""Bytes in a file name, at most (NAME_MAX)."""


def is_image_name(name: str) -> bool:
    """Whether an image can have this name: one of a file, without control characters, not a lock's.

    A name that begins with a dot is fine: lists leave such images out unless all are asked for.
    """
    if not name or name in {".", ".."} or name.startswith(".#") or "/" in name:
        return False
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return False
    try:
        return len(name.encode()) <= MAX_NAME
    except UnicodeEncodeError:
        return False
