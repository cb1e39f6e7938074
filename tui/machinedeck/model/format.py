"""How values are written: sizes, times, addresses, operating systems. Unknown is always a dash."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime

from machinedeck.model.machine import OperatingSystem
from machinedeck.model.text import UNKNOWN, clean


def size(count: int | None) -> str:
    """A number of bytes in binary units with one decimal, as `machinectl` writes it: `1.5G`."""
    if count is None:
        return UNKNOWN
    import humanize  # noqa: PLC0415 - brings gettext along; the first picture often has no size in it

    return humanize.naturalsize(count, gnu=True).removesuffix("B") if count >= 1024 else f"{count}B"


def size_or(count: int | None, otherwise: str) -> str:
    """As `size`, with a word of your own where there is none (a limit that is not set)."""
    return otherwise if count is None else size(count)


def amount(count: int) -> str:
    """A number of bytes in as few characters as tell it, which hold still: `812M`, `1.5G`, `12K`."""
    value = float(count)
    for unit in ("B", "K", "M", "G", "T", "P"):
        if value < 1000 or unit == "P":
            break
        value /= 1024
    return f"{value:.0f}{unit}" if unit == "B" or value >= 9.95 else f"{value:.1f}{unit}"


def per_cent(share: float) -> str:
    """A share of one processor: `0%`, `7%`, `250%`."""
    return f"{share:.0f}%"


def since(timestamp: int | None, now: float) -> str:
    """How long ago a moment was: `now`, `20 s`, `5 min`, `3 h`, `2 d`.

    Args:
        timestamp: Microseconds of real time; 0 or `None` if there is none.
        now: The time it is, seconds of real time.
    """
    if not timestamp:
        return UNKNOWN
    seconds = max(0, int(now - timestamp / 1_000_000))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length * (2 if unit == "d" else 1):
            return f"{seconds // length} {unit}"
    return f"{seconds // 10 * 10} s" if seconds >= 10 else "now"


def moment(timestamp: int | None) -> str:
    """A real-time moment in microseconds, in the host's own time zone: `2026-03-01 14:05`."""
    if not timestamp:
        return UNKNOWN
    try:
        return datetime.fromtimestamp(timestamp / 1_000_000).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return UNKNOWN  # beyond what the calendar holds: the number came from a machine's files


def address(family: int, raw: bytes) -> str:
    """One address as text; `family` is AF_INET (2) or AF_INET6 (10), as `GetMachineAddresses` gives it."""
    try:
        return str(ipaddress.IPv4Address(raw) if family == 2 else ipaddress.IPv6Address(raw))
    except ipaddress.AddressValueError:
        return UNKNOWN


def addresses(found: Sequence[str] | None) -> str:
    """The first address and how many more there are: `10.0.0.5 +2`."""
    if not found:
        return UNKNOWN
    return found[0] if len(found) == 1 else f"{found[0]} +{len(found) - 1}"


def operating_system(release: Mapping[str, str]) -> OperatingSystem | None:
    """An operating system from its os-release(5) fields; `None` if they tell nothing of it."""
    id_, version = (clean(release.get(key, "").strip(), 80) for key in ("ID", "VERSION_ID"))
    for key in ("PRETTY_NAME", "NAME", "ID"):
        if name := clean(release.get(key, "").strip(), 80):
            return OperatingSystem(name, id_, version)
    return None


def os_name(system: OperatingSystem | None) -> str:
    """The name of an operating system for people."""
    return UNKNOWN if system is None else system.name
