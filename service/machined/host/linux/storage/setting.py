"""What the work on images is done with: where things are on this host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from machined.contract import IMAGE_FOLDERS
from machined.host.improvements import ALL, Improvements
from machined.host.linux.storage import locks, sidefiles
from machined.host.linux.storage.locks import Locks
from machined.host.linux.storage.mounts import Mounts
from machined.host.linux.storage.pool import Pool
from machined.host.linux.storage.room import Room
from machined.host.linux.storage.sidefiles import SideFiles


class Places(NamedTuple):
    """Where things are on a host."""

    pool: str = "/var/lib/machines"
    folders: Sequence[str] = IMAGE_FOLDERS
    """Where images are looked for; the first hit of a name wins."""
    settings: tuple[str, ...] = sidefiles.SETTINGS_FOLDERS
    locks: str = str(locks.FOLDER)
    improvements: Improvements = ALL
    """What is done otherwise than by the reference."""


class Setting:
    """The parts that work on images needs.

    Args:
        places: Where things are.

    Attributes:
        folders: Where images are looked for.
        pool: Where they are made.
        locks: Keep others off.
        side_files: What goes with them.
        mounts: What is mounted.
        room: Lets the needful be done when quotas are exceeded.
        improvements: What is done otherwise than by the reference.
    """

    def __init__(self, places: Places) -> None:
        self.folders = places.folders
        self.improvements = places.improvements
        self.pool = Pool(places.pool)
        self.locks = Locks(Path(places.locks), takes_long_names=places.improvements.finds_long_names)
        self.side_files = SideFiles(
            tuple(places.settings), knows_all=places.improvements.knows_all_side_files
        )
        self.mounts = Mounts()
        self.room = Room(Path(places.locks) / "machined-quota")
