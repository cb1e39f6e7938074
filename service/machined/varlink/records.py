"""Users and groups of machines as records, and their names (https://systemd.io/USER_RECORD/)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

SERVICE = "io.systemd.Machine"
"""Who keeps these records, and what the socket is called."""
NOBODY = 65534
"""The group of users of machines, which nothing belongs to."""
NOLOGIN = "/usr/sbin/nologin"

_LONGEST_NAME = 31
"""Of a user or group that may be made up: what utmp(5) has room for."""
_NAME = re.compile(r"v[ug]-([A-Za-z0-9-]+)-(0|[1-9][0-9]{0,9})")
"""The machine, and the number in it as it is written, once. A machine with a dot in its name has no users:
a dot is no letter of a user's name (https://systemd.io/USER_NAMES/)."""
_UNFIT = re.compile(r"|-?[0-9]*|\.\.?| .*|.* |.*[\x00-\x1f\x7f:/].*", re.DOTALL)
"""What is no name even where everything is taken for one that fits into passwd(5)."""


def is_name(name: str) -> bool:
    """Whether a user or group could have this name somewhere."""
    return _UNFIT.fullmatch(name) is None


class Owned(NamedTuple):
    """A user or group of a machine."""

    machine: str
    inner: int
    """Its number in the machine."""


class Kind(NamedTuple):
    """What users and groups differ in."""

    prefix: str
    word: str

    def name(self, owned: Owned) -> str | None:
        """What it is called on the host, or None where that would be no name for it."""
        name = f"{self.prefix}-{owned.machine}-{owned.inner}"
        return name if self.owned(name) is not None else None

    def owned(self, name: str) -> Owned | None:
        """What is called so on the host, or None for what can be no user or group of a machine."""
        found = _NAME.fullmatch(name)
        if found is None or not name.startswith(self.prefix) or len(name) > _LONGEST_NAME:
            return None
        return Owned(found[1], int(found[2]))

    def label(self, owned: Owned) -> str:
        """What it is, for people."""
        return f"{self.word} {owned.inner} of Container {owned.machine}"


USERS, GROUPS = Kind("vu", "UID"), Kind("vg", "GID")


def user_record(name: str, uid: int, label: str) -> dict[str, Any]:
    """The record of a user that nobody can log in as."""
    return {
        "userName": name,
        "uid": uid,
        "gid": NOBODY,
        "realName": label,
        "homeDirectory": "/",
        "shell": NOLOGIN,
        "locked": True,
        "service": SERVICE,
        "disposition": "container",
    }


def group_record(name: str, gid: int, label: str) -> dict[str, Any]:
    """The record of a group without members (https://systemd.io/GROUP_RECORD/)."""
    return {
        "groupName": name,
        "gid": gid,
        "description": label,
        "service": SERVICE,
        "disposition": "container",
    }
