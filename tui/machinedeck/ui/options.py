"""How the console is shown: what the operator's environment says of terminal, line and locale."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Options(NamedTuple):
    """How the console is shown."""

    leave_key: str = "f12"
    """The one key that leaves a terminal, as Textual names keys."""
    is_ascii: bool = False
    """Whether only ASCII may be written: the locale knows no UTF-8."""
    is_calm: bool = False
    """Whether the line is slow: no animations, fewer pictures a second."""

    @property
    def frames(self) -> int:
        """How many pictures a second at most."""
        return 10 if self.is_calm else 30


def read_options(environment: Mapping[str, str]) -> Options:
    """What the environment variables say.

    The locale is the first of LC_ALL, LC_CTYPE and LANG that is set (locale(7)); where none is, it is the
    C locale, whose characters are ASCII. SSH_CONNECTION tells of a line (ssh(1)).
    """
    return Options(
        is_ascii=not has_utf8(environment),
        is_calm=bool(environment.get("SSH_CONNECTION")),
    )


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
