"""The checks of the host: what runs containers, counts what they use, and keeps their images."""

from __future__ import annotations

import re
from pathlib import Path

from machinedeck.model.text import clean
from machinedeck.sources.checkup.finding import NSPAWN_VERSION, Finding, State, Surroundings
from machinedeck.sources.mountinfo import read_mounts
from machinedeck.sources.packages import install_command

POOL = "/var/lib/machines"
_COUNTED = ("cpu", "io", "memory", "pids")
_GROUPS = "/sys/fs/cgroup"
_UNIFY = "add systemd.unified_cgroup_hierarchy=1 to the kernel's command line, and boot"
_ACCOUNT = "systemctl set-property machine.slice " + " ".join(
    f"{kind}Accounting=yes" for kind in ("CPU", "IO", "Memory", "Tasks")
)


def look_at_nspawn(surroundings: Surroundings) -> Finding:
    """Whether containers can be started, and by which version."""
    if "systemd-nspawn" not in surroundings.programs:
        mend = install_command("systemd-container", surroundings.release)
        return Finding(State.MISSING, "without systemd-nspawn no container is started", mend)
    answer = surroundings.answers.get(NSPAWN_VERSION)
    if answer is None:
        return Finding(State.LIMITED, "systemd-nspawn is there, but did not say its version in time")
    version = re.match(r"systemd (\d+)", answer)
    return Finding(State.OK, f"systemd-nspawn {version[1] if version else clean(answer, 40)}")


def look_at_accounting(surroundings: Surroundings) -> Finding:
    """Which controllers of cgroups(7) count what units use."""
    there = surroundings.text_of(f"{_GROUPS}/cgroup.controllers")
    if there is None:
        if (surroundings.root / _GROUPS[1:] / "memory").is_dir():
            return Finding(State.LIMITED, "control groups of version 1: use is counted in part", _UNIFY)
        return Finding(State.MISSING, "there are no control groups: nothing is counted")
    lacking = [name for name in _COUNTED if name not in there.split()]
    if lacking:
        text = f"the kernel does not count {', '.join(lacking)} in control groups of version 2"
        return Finding(State.LIMITED, text, _UNIFY)
    enabled = (surroundings.text_of(f"{_GROUPS}/cgroup.subtree_control") or "").split()
    off = [name for name in _COUNTED if name not in enabled]
    if off:
        return Finding(State.LIMITED, f"{', '.join(off)} of units is not counted by default", _ACCOUNT)
    return Finding(State.OK, f"{', '.join(_COUNTED)} of units are counted")


def look_at_user_namespaces(surroundings: Surroundings) -> Finding:
    """Whether containers can have users of their own (user_namespaces(7))."""
    if not (surroundings.root / "proc/self/ns").is_dir():
        return Finding(State.LIMITED, "cannot be told without /proc", "mount -t proc proc /proc")
    most = (surroundings.text_of("/proc/sys/user/max_user_namespaces") or "").strip()
    if most == "0":
        text = "user namespaces are switched off: root of a container is root of this host"
        return Finding(State.MISSING, text, "sysctl --write user.max_user_namespaces=15000")
    if not most:
        return Finding(State.MISSING, "this kernel has no user namespaces")
    return Finding(State.OK, "containers can have users of their own")


def look_at_pool(surroundings: Surroundings) -> Finding:
    """Whether the images lie on a btrfs, by the list of mounts: a file system that is asked could hang."""
    text = surroundings.text_of("/proc/self/mountinfo")
    kind = file_system(text or "", POOL)
    if not kind:
        return Finding(State.LIMITED, f"the file system of {POOL} cannot be told")
    if kind == "btrfs":
        return Finding(State.OK, f"{POOL} is on btrfs: snapshots and limits work")
    mend = (
        f"truncate -s 20G {POOL}.raw && mkfs.btrfs {POOL}.raw && systemctl start var-lib-machines.mount"
        f"  (while {POOL} is empty)"
    )
    return Finding(State.LIMITED, f"{POOL} is on {kind}: copies are slow, limits are not kept", mend)


def file_system(mounts: str, path: str) -> str:
    """The type of the file system that `path` is on, by proc_pid_mountinfo(5); "" if it cannot be told."""
    best, kind = -1, ""
    for mount in read_mounts(mounts):
        point = Path(mount.place)
        # A later mount covers an earlier one at the same place
        if Path(path).is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), clean(mount.type)
    return kind
