"""Amounts as operators write them, and as systemd's tools take them."""

from __future__ import annotations

import re

from machinedeck.model.limits import UNLIMITED

INFINITY = "infinity"
"""What systemd's tools call no limit."""

NONE = frozenset({"none", INFINITY, "-"})
"""What operators write for it."""

_SIZE = r"(\d+(?:\.\d+)?)\s*([KMGTPE]?)(?:i?B)?"
_POWERS = "KMGTPE"


def read_size(text: str) -> int:
    """Bytes; K, M, G … count in 1024 as they do for systemd (systemd.syntax(7)), `none` is `UNLIMITED`.

    Raises:
        ValueError: It is no size; the message is for the operator.
    """
    if text.lower() in NONE:
        return UNLIMITED
    match = _size(text)
    if match is None:
        raise ValueError(f"{text!r} is no size: write it like 512M or 1.5G, or 'none'.")
    unit = match[2].upper()
    size = float(match[1]) * (1024 ** (_POWERS.index(unit) + 1) if unit else 1)
    if not 1 <= size < UNLIMITED:  # nor is infinity, which is what floats make of very many digits
        raise ValueError(f"{text!r} is out of range: a limit is above 0 and below 16E.")
    return int(size)


def _size(text: str) -> re.Match[str] | None:
    return re.fullmatch(_SIZE, text.strip(), re.IGNORECASE)


def read_cpu(text: str) -> int:
    """Microseconds of processor time a second, from per cent of one processor; `none` is `UNLIMITED`.

    Raises:
        ValueError: It is no such share; the message is for the operator.
    """
    if text.lower() in NONE:
        return UNLIMITED
    digits = text.strip().removesuffix("%").strip()
    if not _is_whole(digits, 1_000_000):
        raise ValueError(f"{text!r} is no share of processors: write it like 50% or 200%, or 'none'.")
    return int(digits) * 10_000


def _is_whole(digits: str, most: int) -> bool:
    """Whether it is a whole number from 1 on; Python reads none of thousands of digits."""
    return digits.isascii() and digits.isdecimal() and len(digits) < 100 and 0 < int(digits) <= most


def read_count(text: str) -> int:
    """A whole number from 1; `none` is `UNLIMITED`.

    Raises:
        ValueError: It is none; the message is for the operator.
    """
    if text.lower() in NONE:
        return UNLIMITED
    digits = text.strip()
    if not _is_whole(digits, 2**32 - 1):
        raise ValueError(f"{text!r} is no number of tasks: write a whole number from 1, or 'none'.")
    return int(digits)


def size_word(text: str) -> str:
    """A size as systemctl(1) and machinectl(1) take it; what is no size as it was written."""
    match = _size(text)
    if match is None:
        return INFINITY if text.strip().lower() in NONE else text
    return f"{match[1]}{match[2].upper()}"


def cpu_word(text: str) -> str:
    """A share of processors for CPUQuota= (systemd.resource-control(5)), which is empty for no limit."""
    if text.strip().lower() in NONE:
        return ""
    return f"{text.strip().removesuffix('%').strip()}%"


def count_word(text: str) -> str:
    """A number for TasksMax= (systemd.resource-control(5))."""
    return INFINITY if text.strip().lower() in NONE else text.strip()
