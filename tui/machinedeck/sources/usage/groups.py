"""Where the kernel counts for a unit: its folders in the trees of control groups (cgroups(7))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from machinedeck.sources.mountinfo import read_mounts

UNIFIED = ""
"""What the tree of version 2 is called among the controllers, as in proc_pid_cgroup(5)."""

COUNTING = ("cpuacct", "memory", "pids", "name=systemd", UNIFIED)
"""The trees that are of use."""


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
    """The processes in a control group and in all below it; none where it is gone meanwhile."""
    for path in _with_children(folder):
        try:
            text = (path / "cgroup.procs").read_text(encoding="ascii")
        except OSError:
            continue  # it ended, or is a threaded group whose processes are listed above it (EOPNOTSUPP)
        yield from (pid for pid in map(int, text.split()) if pid)  # 0: of another pid namespace


def _with_children(folder: Path) -> Iterable[Path]:
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        yield path
        try:
            waiting += [child for child in path.iterdir() if child.is_dir()]
        except OSError:
            continue  # it ended meanwhile
