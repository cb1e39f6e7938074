"""Users of a machine, from its own passwd(5) and group(5) as plain text.

The name service switch is not asked: it would load modules, and those of the machine.
"""

from __future__ import annotations

import errno
from typing import NamedTuple


class Account(NamedTuple):
    """A user who can be logged in."""

    name: str
    uid: int
    gid: int
    groups: list[int]
    """All of them, the first one included."""
    home: str
    shell: str


def find(user: str, passwd: bytes, group: bytes) -> Account:
    """A user by name, or else by number.

    Root needs no entry.

    Raises:
        FileNotFoundError: There is no such user.
    """
    rows = _rows(passwd, 7)
    chosen = next((row for row in rows if row[0] == user), None)
    if chosen is None and user.isdecimal():
        chosen = next((row for row in rows if row[2] == str(int(user))), None)
    if chosen is None and user in {"root", "0"}:
        chosen = ["root", "", "0", "0", "", "/root", ""]
    if chosen is None:
        raise FileNotFoundError(errno.ENOENT, f"There is no user '{user}'.")
    name, _, uid, gid, _, home, shell = chosen
    further = {int(row[2]) for row in _rows(group, 4) if name in row[3].split(",")}
    return Account(name, int(uid), int(gid), sorted({int(gid), *further}), home or "/", shell or "/bin/sh")


def _rows(text: bytes, width: int) -> list[list[str]]:
    """The well-formed lines of a file."""
    lines = text.decode(errors="surrogateescape").split("\n")  # a name may have other ends of lines
    rows = [line.split(":") for line in lines]
    return [row for row in rows if len(row) == width and row[2].isdecimal() and _is_id(row)]


def _is_id(row: list[str]) -> bool:
    """Whether the numbers of a line are numbers."""
    numbers = row[2:4] if len(row) == 7 else row[2:3]
    return all(number.isascii() and number.isdecimal() and int(number) < 2**32 - 1 for number in numbers)
