"""Control groups of machines (cgroups(7))."""

from __future__ import annotations

import errno
import os

from machined.host.linux.helper.targets import Target

_TREES = "/sys/fs/cgroup"
_CLOSED = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EBUSY,
    errno.EACCES,
    errno.EPERM,
    errno.EOPNOTSUPP,
    errno.ENOSPC,
}
"""A tree that is not mounted, or a group that takes no process: it has groups below, or no CPU set."""


def join(target: Target) -> None:
    """Be in the control groups of the machine's first process, wherever they let one in.

    So the machine's limits count for what is run in it, and what ends the machine ends that too.
    """
    fd = target.open("cgroup")
    try:
        text = os.read(fd, 65536).decode(errors="surrogateescape")
    finally:
        os.close(fd)
    for line in filter(None, text.split("\n")):  # names may have what else Python takes for the end of a line
        _, controllers, path = line.split(":", 2)
        if path == "/" or path.startswith("/.."):
            continue
        for tree in _places(controllers):
            _join(f"{tree}{path}/cgroup.procs")


def _places(controllers: str) -> list[str]:
    """Where the tree of some controllers may be mounted; "" stands for version 2."""
    if not controllers:
        return [_TREES, f"{_TREES}/unified"]
    return [f"{_TREES}/{controllers.removeprefix('name=')}"]


def _join(path: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _CLOSED:
            raise
        return
    try:
        os.write(fd, b"0")
    except OSError as error:
        if error.errno not in _CLOSED:
            raise
    finally:
        os.close(fd)
