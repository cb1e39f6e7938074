"""The file system below a folder of this host."""

from __future__ import annotations

import os
from pathlib import Path

from machinedeck.model.image import Space
from machinedeck.sources.mountinfo import read_kernel_text, read_mounts


def read_space(path: str) -> Space | None:
    """How much room there is where a folder is, or would be; None where that cannot be told (statvfs(3))."""
    folder = Path(path)
    try:
        while not _is_there(folder) and folder != folder.parent:
            folder = folder.parent
        told = os.statvfs(folder)
        type_ = _type(folder, folder.stat().st_dev)
    except (OSError, RuntimeError):
        return None  # not ours to look into (path_resolution(7)), broken, or links that go round
    return Space(type_, told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize)


def _is_there(folder: Path) -> bool:
    """Whether there is such a folder; raises `OSError` where that cannot be told."""
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _type(folder: Path, device: int) -> str:
    """The type of the mount a folder is on, the longest of those above it (proc_pid_mountinfo(5))."""
    found, longest = f"device {os.major(device)}:{os.minor(device)}", -1
    real = str(folder.resolve())
    for mount in read_mounts(read_kernel_text(Path("/proc/self/mountinfo"))):
        place = mount.place
        if (real == place or real.startswith(place.rstrip("/") + "/")) and len(place) >= longest:
            found, longest = mount.type, len(place)
    return found
