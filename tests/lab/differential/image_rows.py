"""Which errors there are with images and the pool, on which file systems; see `rows`.

Where a run of 252 and 257 says otherwise than documentation, the run is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.lab.differential.members import OF_AN_IMAGE, OF_THE_POOL
from tests.lab.differential.rows import (
    ASK_FIRST,
    DBUS,
    EXISTS,
    INVALID,
    OWN,
    UNASKED,
    UNKNOWN_OBJECT,
    UNSUPPORTED,
    VERSIONS,
    WHO,
    Cell,
    generic_cells,
)

KINDS = ("ext4", "btrfs", "quota")
BTRFS = ("btrfs", "quota")
BUSY, SEALED, NO_FOLDER = "System.Error.EBUSY", "System.Error.EROFS", "System.Error.ENOTDIR"
FULL, LONG = "System.Error.ENOSPC", "System.Error.ENAMETOOLONG"
LIMITS, DENIED = f"{DBUS}.LimitsExceeded", f"{DBUS}.AccessDenied"

MANAGERS = {member.on_machine: member.on_manager for member in OF_AN_IMAGE if member.on_machine}
EVERY = tuple(MANAGERS)
ON_MANAGER = tuple(member.on_manager for member in OF_THE_POOL)
TELLING = ("GetHostname", "GetMachineID", "GetMachineInfo", "GetOSRelease")
LOCKING = ("Remove", "Rename", "MarkReadOnly")
CHANGING = ("Remove", "Rename", "MarkReadOnly", "SetLimit")
NAMING = ("Rename", "Clone")
ASKING = (*CHANGING, "Clone", "SetPoolLimit", "CleanPool")
"""What polkit is asked about."""


class Row(NamedTuple):
    """One thing that can be wrong; fields as in `rows.Row`, and the file systems on which it can be."""

    members: tuple[str, ...]
    why: str
    error: str
    is_late: bool = False
    older: str = ""
    on: tuple[str, ...] = KINDS


ROWS = (
    Row((*EVERY, "GetImage", *ON_MANAGER), "wrong signature", INVALID),
    Row(EVERY, "bad name", INVALID),
    Row(("GetImage",), "bad name", f"{OWN}.NoSuchImage"),
    Row((*EVERY, "GetImage"), "no such image", f"{OWN}.NoSuchImage"),
    Row(EVERY, "unknown object", UNKNOWN_OBJECT),
    Row((*EVERY, "GetImage", "ListImages"), "no folder", NO_FOLDER),
    Row(("CleanPool",), "no folder", NO_FOLDER, True),
    Row(ASKING, "not allowed", "", True),
    Row(ASKING, "nobody to ask", "", True),
    Row(ASKING, "polkit cannot be started", "", True),
    # Arguments
    Row(NAMING, "bad new name", INVALID),
    Row(NAMING, "name taken", EXISTS, True),
    Row(NAMING, "in the way", EXISTS, True),
    Row(NAMING, "the host's name", BUSY, True),
    Row(NAMING, "new name locked", BUSY, True),
    Row(NAMING, "too long for a file", LONG, True),
    Row(("SetLimit", "SetPoolLimit"), "bad size", INVALID),
    Row(("CleanPool",), "bad mode", INVALID),
    # Which image it is
    Row(CHANGING, "the host", SEALED, True),
    Row(("Clone",), "the host", f"{DBUS}.BadAddress", True, older=SEALED),
    Row(CHANGING, "vendor image", SEALED, True),
    Row(LOCKING, "locked", BUSY, True),
    Row(TELLING, "locked", BUSY),
    Row(("SetLimit", "Clone"), "not for its type", UNSUPPORTED, True),
    # The file system
    Row((*LOCKING, "CleanPool"), "immutable", DENIED, True),
    Row(("Remove",), "immutable within", DENIED, True),
    Row((*LOCKING, "Clone"), "read-only there", SEALED, True),
    Row(("SetLimit", "SetPoolLimit"), "read-only there", SEALED, True, on=BTRFS),
    Row(("SetPoolLimit",), "of the pool", UNSUPPORTED, True, on=("ext4",)),
    Row(("SetLimit",), "limited while nothing is counted", "System.Error.ENOTCONN", True, on=("btrfs",)),
    Row(("Clone",), "no room there", FULL, True),
    # The service
    Row(("Remove", "Clone", "CleanPool"), "too many operations", LIMITS),
    Row(("Remove", "Clone", "CleanPool"), "helper died", "System.Error.ESHUTDOWN", True, f"{DBUS}.Failed"),
    Row(TELLING, "disk image, without udev", f"{DBUS}.Timeout"),
    Row(("SetPoolLimit",), "limit of 0", "System.Error.EDQUOT", True, on=("quota",)),
)
UNHIT = {
    "disk image, without udev": "systemd waits for a udev that is not there, and answers nobody any more",
    "limit of 0": "once the limit of the pool is 0, systemd can neither raise it nor remove anything",
}
"""What no step meets, each with the reason."""


def cells() -> Iterator[Cell]:
    """Every row for every member, interface, user, version and file system."""
    for row in ROWS:
        for on in row.on:
            for member in row.members:
                for name in _names(member, row.why):
                    for version in VERSIONS:
                        yield from _of_everybody(row, on, name, version)
    for on in KINDS:
        yield from (cell._replace(on=on) for cell in generic_cells() if not cell.why.startswith(_OF_THE_LOG))


_OF_THE_LOG = ("no such level", "no such target", "value of another type", "wrong signature, writable")


def _names(member: str, why: str) -> list[str]:
    """The names to call a member by, with its interface."""
    names = []
    if member in MANAGERS and why not in {"bad name", "no such image"}:
        names.append(f"Image.{member}")
    if why != "unknown object":
        names.append(f"Manager.{MANAGERS.get(member, member)}")
    return names


def _of_everybody(row: Row, on: str, name: str, version: int) -> Iterator[Cell]:
    for who in WHO:
        error = row.older if version == 252 and row.older else row.error
        if who == "nobody" and row.is_late:
            error = UNASKED.get(row.why, ASK_FIRST)
        if error:
            yield Cell(version, who, name, row.why, error, on)
