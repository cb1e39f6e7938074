"""Control groups as systemd lays them out: from a process to its unit (cgroups(7), sd_pid_get_unit(3))."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from machined.host.unit_names import is_template, is_unit_name, unit_type

PROC = Path("/proc")
TREE = Path("/sys/fs/cgroup")
_INIT_GROUPS = ("/init.scope", "/system.slice", "/system")
"""Where PID 1 may be itself, below the group that its units are in."""


def group_of(pid: int) -> str:
    """The control group of a process in the tree that systemd keeps, as seen from the group of its units.

    Raises:
        OSError: ESRCH, there is no such process.
    """
    group = _read(pid)
    root = _read(1)
    for suffix in _INIT_GROUPS:
        if root.endswith(suffix):
            root = root.removesuffix(suffix)
            break
    root = root.rstrip("/")
    return group[len(root) :] if group.startswith(f"{root}/") else group


def unit_of_group(group: str) -> str:
    """The unit that a control group is of, or is in.

    Raises:
        OSError: ENXIO, it is in none.
    """
    for part in group.split("/"):
        name = part.removeprefix("_")  # as names of the kernel's own are escaped
        if not part or (unit_type(part) == "slice" and is_unit_name(part)):
            continue
        if is_unit_name(name) and not is_template(name) and unit_type(name) != "slice":
            return name
        break
    raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))


def _read(pid: int) -> str:
    try:
        text = (PROC / f"{pid}/cgroup").read_bytes().decode(errors="surrogateescape")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
    wanted = "" if _is_unified() else "name=systemd"
    # A group may have any name: what else Python takes for the end of a line is part of it.
    for line in filter(None, text.split("\n")):
        number, controllers, group = line.split(":", 2)
        if controllers == wanted and (wanted or number == "0"):
            return group
    raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))


def _is_unified() -> bool:
    """Whether systemd keeps its units in a tree of version 2: alone, or beside controllers of version 1."""
    return (TREE / "cgroup.controllers").exists() or (TREE / "unified/cgroup.procs").exists()
