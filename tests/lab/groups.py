"""Control groups for lab hosts: one of its own for each, else two hosts would see each other's units."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from tests.lab.place import LabError, wait_until

#: All hosts' groups are below groups of this name, next to whatever runs the tests.
PARENT = "machinedeck-lab"

#: A command that goes into the groups of $GROUPS_TO_JOIN, and then becomes its arguments. A process may be
#: moved only within the groups that its writer's namespace shows (cgroups(7), nsdelegate).
JOIN = ("sh", "-ec", 'for group in $GROUPS_TO_JOIN; do echo $$ >"$group/cgroup.procs"; done; exec "$@"', "sh")


def trees() -> dict[str, Path]:
    """Where the trees that systemd uses are mounted: by "" version 2, by "name=systemd" version 1's."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2":
            found[""] = Path(before.split(" ")[4])
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            found["name=systemd"] = Path(before.split(" ")[4])
    return found


def parents() -> list[Path]:
    """The groups that hold the hosts' groups, one in each tree, below this process's own."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, tree, path = line.split(":", 2)
        own[tree] = path.lstrip("/")
    return [mount / own[tree] / PARENT for tree, mount in trees().items() if tree in own]


def make(name: str) -> list[Path]:
    """Make the groups of a host."""
    made = [parent / name for parent in parents()]
    if not made:
        raise LabError("there is no control group tree that systemd could use")
    for group in made:
        group.mkdir(parents=True)
    return made


def members(group: Path) -> list[int]:
    """The processes in a group and all groups below it."""
    folders = [Path(folder) for folder, _, _ in os.walk(group)]
    return [int(pid) for folder in folders for pid in (folder / "cgroup.procs").read_text().split()]


def drop(made: list[Path], timeout: float = 10) -> None:
    """Remove a host's groups once its processes are gone, and the parents if they are empty then."""
    for group in made:
        wait_until(functools.partial(_removed, group), f"{group} is empty", timeout)
        if group.parent.is_dir() and not any(path.is_dir() for path in group.parent.iterdir()):
            _removed(group.parent)


def _removed(group: Path) -> bool:
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    except FileNotFoundError:
        return not group.exists()
    except OSError:  # EBUSY: a process in it is not reaped yet
        return False
    return True
