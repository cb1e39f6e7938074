"""Sizes and durations as people write them in a scenario."""

from __future__ import annotations

import re

_BYTES = {"": 1, "B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31557600}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([BKMGT]?)")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdwy])")


def parse_size(text: str) -> int:
    """Bytes: `4096`, `1.5G`, with powers of 1024 as machinectl(1) takes them.

    Raises:
        ValueError: It is none.
    """
    if (match := _SIZE.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is no size, such as 700M or 1.5G")
    return int(float(match[1]) * _BYTES[match[2]])


def parse_duration(text: str) -> float:
    """Seconds: `90s`, `2h30m`, `412d`, in the words of systemd.time(7).

    Raises:
        ValueError: It is none.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration, such as 90s or 2h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
