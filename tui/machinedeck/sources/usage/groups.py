"""Where the kernel counts for a unit: its folders in the trees of control groups (cgroups(7))."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from machinedeck.sources.mountinfo import read_mounts

UNIFIED = ""
"""What the tree of version 2 is called among the controllers, as in proc_pid_cgroup(5)."""

COUNTING = ("cpuacct", "memory", "pids", "name=systemd", UNIFIED)
"""The trees that are of use."""

MOST_GROUPS = 5000
"""Groups of one unit that are looked into for processes."""


def find_trees(mountinfo: str) -> dict[str, Path]:
    """The mount points of the trees of control groups, by controller.

    Args:
        mountinfo: What proc_pid_mountinfo(5) says.
    """
    trees: dict[str, Path] = {}
    for mount in read_mounts(mountinfo):
        if mount.type == "cgroup2":
            trees.setdefault(UNIFIED, Path(mount.place))
        elif mount.type == "cgroup":
            for option in mount.options.split(","):
                if option in COUNTING:
                    trees.setdefault(option, Path(mount.place))
    return trees


def folders_of(unit: str, memberships: str, trees: dict[str, Path]) -> dict[str, Path]:
    """The folders of a unit, by controller, found by a process that is in it or below it.

    Args:
        unit: The unit's name.
        memberships: What proc_pid_cgroup(5) says of the process.
        trees: From `find_trees`.
    """
    found: dict[str, Path] = {}
    # A machine names the groups below its own: with all that Python takes for the end of a line but newline
    for line in filter(None, memberships.split("\n")):
        _number, controllers, path = line.split(":", 2)
        parts = path.split("/")
        if unit not in parts:
            continue  # the kernel counts for no group of this unit there
        own = "/".join(parts[1 : parts.index(unit) + 1])
        for controller in controllers.split(","):
            if controller in trees:
                found[controller] = trees[controller] / own
    return found


def pids_below(folder: Path) -> Iterator[int]:
    """The processes in a control group and in all below it; none where it is gone meanwhile.

    Of groups below there may be as many as a machine likes: `MOST_GROUPS` are looked into, the nearest first.
    """
    for path in _with_children(os.fspath(folder)):
        try:
            with open(f"{path}/cgroup.procs", encoding="ascii") as file:
                text = file.read()
        except OSError:
            continue  # it ended, or is a threaded group whose processes are listed above it (EOPNOTSUPP)
        yield from (pid for pid in map(int, text.split()) if pid)  # 0: of another pid namespace


def _with_children(folder: str) -> Iterator[str]:
    waiting = deque([folder])
    for _ in range(MOST_GROUPS):
        if not waiting:
            return
        path = waiting.popleft()
        yield path
        try:
            with os.scandir(path) as entries:
                waiting += (entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue  # it ended meanwhile
