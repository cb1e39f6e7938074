"""What hosts left behind on the machine that ran them: there must be nothing."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.lab import groups
from tests.lab.host import hosts


def remains(name: str) -> dict[str, list[str]]:
    """What is left of the hosts whose name begins so, by kind; kinds of which nothing is left are not in it.

    A host's folder is the source of mounts in all namespaces of its processes, machines inside included, and
    the place of its loop devices' files. So its path tells what belongs to it.
    """
    path = f"{hosts()}/{name}"
    found = {
        "processes": _processes(path, f"/{groups.PARENT}/{name}"),
        "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if path in line],
        "control groups": [str(group) for parent in groups.parents() for group in parent.glob(f"{name}*")],
        "loop devices": _loop_devices(path),
        "files": [str(home) for home in hosts().glob(f"{name}*")],
    }
    return {kind: left for kind, left in found.items() if left}


def _processes(path: str, group: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # One that ends meanwhile is gone; a zombie's mounts are.
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="backslashreplace")
            if group in (process / "cgroup").read_text() or path in (process / "mountinfo").read_text():
                found.append(f"{process.name} {words}")
    return found


def _loop_devices(path: str) -> list[str]:
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):  # released meanwhile
            if path in backing.read_text():
                found.append(backing.parts[3])
    return found
