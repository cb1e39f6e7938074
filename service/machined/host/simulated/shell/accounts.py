"""The users of a machine, by its own files."""

from __future__ import annotations

from typing import NamedTuple

from machined.host.simulated.tree import Tree


class Account(NamedTuple):
    """A line of passwd(5)."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str

    @property
    def is_root(self) -> bool:
        """Whether no right is denied to this user."""
        return self.uid == 0


ROOT = Account("root", 0, 0, "/root", "/bin/bash")
"""The one user that every machine has, whatever its files say."""


def accounts(tree: Tree) -> dict[str, Account]:
    """The users of `/etc/passwd` by name; lines that are malformed are left out."""
    found = {ROOT.name: ROOT}
    for fields in _table(tree, "/etc/passwd", 7):
        name, _, uid, gid, _, home, shell = fields
        if uid.isdecimal() and gid.isdecimal():
            found[name] = Account(name, int(uid), int(gid), home or "/", shell or "/bin/sh")
    return found


def groups(tree: Tree) -> dict[int, str]:
    """The names of groups by number (group(5))."""
    found = {0: "root"}
    for name, _, gid, *_ in _table(tree, "/etc/group", 4):
        if gid.isdecimal():
            found[int(gid)] = name
    return found


def find_account(tree: Tree, user: str) -> Account | None:
    """The user of this name or number; None where the machine has none. "" is root."""
    known = accounts(tree)
    if user.isdecimal():
        return next((one for one in known.values() if one.uid == int(user[:10])), None)
    return known.get(user or "root")


def user_names(tree: Tree) -> dict[int, str]:
    """The names of users by number; the first of each number counts."""
    names: dict[int, str] = {}
    for account in accounts(tree).values():
        names.setdefault(account.uid, account.name)
    return names


def _table(tree: Tree, path: str, columns: int) -> list[list[str]]:
    """The fields of the lines of a file; none where it is missing."""
    try:
        text = tree.read(path).decode("utf-8", "replace")
    except OSError:
        return []  # a machine without the file has the users that are built in
    return [line.split(":") for line in text.splitlines() if line.count(":") == columns - 1]
