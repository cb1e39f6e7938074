"""What the operator's environment says: its locale, as the program was given it, and who it is."""

from __future__ import annotations

import os
import pwd
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


def operator_name(environment: Mapping[str, str]) -> str:
    """Who works here, for the journal: `anna`, or `anna as root` where sudo(8) or su(1) was in between."""
    uid = os.geteuid()
    name = _user(uid)
    login = environment.get("SUDO_USER") or _user(_login_uid())
    return name if login in {"", name} else f"{login} as {name}"


def _login_uid() -> int | None:
    """The user who logged in, whatever the process became since (proc_pid_loginuid(5))."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == NO_LOGIN else uid


NO_LOGIN = 2**32 - 1
"""The login uid of what no login began: a service, or a kernel without auditing."""


def _user(uid: int | None) -> str:
    if uid is None:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
