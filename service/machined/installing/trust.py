"""Whether nobody but root can change the code that root is to run: the interpreter and what it imports."""

from __future__ import annotations

import errno
import grp
import json
import os
import pwd
import stat
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from machined.installing.errors import Failed

_ASK = """
import json, os, sys
import ctypes, machined.running
paths = [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"), *sys.path, sys.pycache_prefix]
print(json.dumps([*filter(None, paths), os.path.dirname(machined.__file__)]))
"""
"""What the service's interpreter says of itself; it imports what the service will."""
_PATIENCE = 60.0
"""Seconds for that."""
_MOST_LINKS = 40
_READ = (".py", ".pyc", ".so", ".pth", ".zip", ".egg", ".toml", ".service", ".conf", ".policy")
"""How names of files end that Python or the service reads. Others, as installers leave them, are no code."""
_ACL = "system.posix_acl_access"
"""The extended attribute of an access control list (acl(5))."""


class Finding(NamedTuple):
    """Something that others than root can change."""

    path: Path
    why: str


def code_paths(python: str) -> list[Path]:
    """The interpreter, and every folder and file that `python -I -m machined` may take code from.

    Raises:
        Failed: It does not run, or does not find the service.
    """
    command = [python, "-I", "-c", _ASK]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{python} does not run: {error}") from None
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or [f"it ended with {asked.returncode}"])[-1]
        raise Failed(f"{python} -I cannot run the service: {last}")
    return [Path(path) for path in json.loads(asked.stdout)]


def findings(paths: Iterable[Path]) -> Iterator[Finding]:
    """What others than root can change of `paths`: themselves, what is above them, what is in them.

    A folder with the sticky bit that all may write in, such as /tmp, is one of them: it is emptied at
    times, and then any name in it is anybody's.
    """
    seen: set[Path] = set()
    roots = list(dict.fromkeys(paths))
    for path in roots:
        yield from _check_all(_steps(path), seen)
    for path in roots:
        if path.is_dir() and path not in {Path("/"), Path("/usr")}:
            yield from _check_all(_below(path), seen)


def _check_all(paths: Iterable[Path], seen: set[Path]) -> Iterator[Finding]:
    for path in paths:
        if path in seen:
            continue
        seen.add(path)
        finding = _check(path)
        if finding is not None:
            yield finding


def _steps(path: Path) -> Iterator[Path]:
    """What the kernel passes on its way to `path`, itself last; it ends where nothing is."""
    waiting = list(reversed(path.parts[1:]))
    at = Path("/")
    yield at
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            at = at.parent
            continue
        step = at / part
        if step.is_symlink() and links < _MOST_LINKS:
            links += 1
            target = step.readlink()
            if target.is_absolute():
                at = Path("/")
            waiting += reversed([one for one in target.parts if one != "/"])
        elif os.path.lexists(step):
            at = step
            yield at
        else:
            return


def _below(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        for name in (*folders, *(name for name in files if name.endswith(_READ))):
            path = Path(top, name)
            yield from _steps(path) if path.is_symlink() else (path,)


def _check(path: Path) -> Finding | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None  # gone since it was listed
    if found.st_uid:
        return Finding(path, f"belongs to {_user(found.st_uid)}")
    if stat.S_ISLNK(found.st_mode):
        return None  # what it leads to is looked at, and it changes with its folder alone
    if found.st_mode & stat.S_IWOTH:
        return Finding(path, "can be written by everybody")
    return _check_group(path, found.st_gid) if found.st_mode & stat.S_IWGRP else None


def _check_group(path: Path, group: int) -> Finding | None:
    """What is wrong with something that a group may write, or, if it has one, its access control list."""
    if _has_list(path):
        return Finding(path, "has an access control list that lets others write")
    names = _members(group)
    return Finding(path, f"can be written by {', '.join(names)}") if names else None


def _has_list(path: Path) -> bool:
    try:
        return bool(os.getxattr(path, _ACL, follow_symlinks=False))
    except OSError as error:
        if error.errno in {errno.ENODATA, errno.ENOTSUP}:
            return False
        raise


@cache
def _members(group: int) -> tuple[str, ...]:
    """The users in a group, but for root."""
    try:
        names = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        names = set()
    names |= {user.pw_name for user in pwd.getpwall() if user.pw_gid == group and user.pw_uid}
    return tuple(sorted(names - {"root"}))


@cache
def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
