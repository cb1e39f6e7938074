"""How points in time are written. All clocks of the demo show UTC."""

from __future__ import annotations

from datetime import UTC, datetime

HALF_A_YEAR = 15_778_476
"""Seconds; ls(1) shows the year of files that are older, instead of the time."""


def moment(seconds: float) -> datetime:
    """A time as the calendar has it; times beyond the calendar become its ends."""
    return datetime.fromtimestamp(min(max(seconds, 0), 253_402_300_799), UTC)


def file_date(mtime: int, now: int) -> str:
    """A file's time as `ls -l` writes it."""
    at = moment(mtime)
    if not now - HALF_A_YEAR <= mtime <= now + 3600:
        return f"{at:%b} {at.day:>2}  {at.year}"
    return f"{at:%b} {at.day:>2} {at:%H:%M}"


def log_date(microseconds: int) -> str:
    """A time as `journalctl` writes it."""
    return f"{moment(microseconds / 1e6):%b %d %H:%M:%S}"


def full_date(microseconds: int) -> str:
    """A time as `systemctl status` writes it."""
    return f"{moment(microseconds / 1e6):%a %Y-%m-%d %H:%M:%S} UTC"


def span(seconds: int) -> str:
    """A time that has passed, as `systemctl status` writes it: rougher the longer it is."""
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if days >= 14:
        return f"{days // 7} weeks" + (f" {_counted(days % 7, 'day')}" if days % 7 else "")
    if days >= 7:
        return "1 week" + (f" {_counted(days % 7, 'day')}" if days % 7 else "")
    if days >= 1:
        return _counted(days, "day")
    if hours >= 1:
        return f"{hours}h" if hours >= 6 else f"{hours}h {minutes % 60}min"
    return f"{minutes}min {seconds % 60}s" if minutes else f"{seconds}s"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def human(size: float) -> str:
    """Bytes in few characters, as the option `-h` of many programs wants them."""
    for unit in ("", "K", "M", "G", "T"):
        if size < 1024 or unit == "T":
            return f"{size:.1f}{unit}" if unit and size < 10 else f"{size:.0f}{unit}"
        size /= 1024
    return ""
