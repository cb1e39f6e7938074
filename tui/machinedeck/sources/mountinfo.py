"""The mounts that a process sees, as the kernel lists them (proc_pid_mountinfo(5)).

Whoever may mount chooses the name of the place, and of a stick that is plugged in its owner: such a name may
have any character that Python takes for the end of a line, or for a blank. The kernel escapes a few alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PLACE, _FIELDS = 4, 6
"""Which field the place is, and how many there are at least before the separator."""


class Mount(NamedTuple):
    """One mount."""

    place: str
    """Where it is mounted."""
    type: str
    """The type of the file system: `ext4`, `cgroup2` …"""
    options: str
    """Those of the file system itself, with commas between them."""


def read_kernel_text(path: Path) -> str:
    """A list of the kernel's as it is; opened as text, carriage returns in it would become ends of lines.

    Args:
        path: A file of proc(5).

    Raises:
        OSError: It cannot be read.
    """
    return path.read_bytes().decode(errors="surrogateescape")


def read_mounts(mountinfo: str) -> Iterator[Mount]:
    """The mounts in a list of the kernel's, a later one after those that it covers.

    Args:
        mountinfo: The list; bytes that are no UTF-8 as `surrogateescape` has them.
    """
    for line in mountinfo.split("\n"):
        front, separator, back = line.partition(" - ")
        fields, (type_, _source, options) = front.split(" "), (*back.split(" ", 2), "", "")[:3]
        if separator and len(fields) >= _FIELDS:
            yield Mount(_plain(fields[_PLACE]), type_, options)


def _plain(path: str) -> str:
    """A path without the escapes of blanks and such: three digits, octal."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
