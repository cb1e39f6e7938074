"""What the operator's environment says of the terminal: its locale, as the program was given it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def first_environment() -> dict[str, str]:
    """The environment as the program was given it (proc_pid_environ(5)).

    Where the locale is C, Python itself sets LC_CTYPE to C.UTF-8 when it starts (PEP 538), so what
    `os.environ` says of the locale is not what the operator's terminal was told.
    """
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    pairs = (os.fsdecode(entry).partition("=") for entry in raw.split(b"\0"))
    return {name: value for name, _, value in pairs if name}


def has_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale of the environment writes UTF-8."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if locale := environment.get(name):
            return "utf8" in locale.lower().replace("-", "")
    return False
