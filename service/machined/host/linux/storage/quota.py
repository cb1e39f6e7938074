"""Quota groups of btrfs (btrfs-quota(8), btrfs-qgroup(8), linux/btrfs.h).

A group is a number: the level in its upper 16 bits, an id in the others. Each subvolume has a group of level
0 with its own id. As systemd does, an image gets one group above that with the same id, which its nested
subvolumes are in too, and that one is in the groups of the pool: the group of the image's subtree.
"""

from __future__ import annotations

import errno
import fcntl
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import btrfs
from machined.host.linux.storage.btrfs import MOST, QUOTA_TREE, Key

STATUS = 240
INFO = 242
LIMIT = 244
RELATION = 246

_QUOTA_CTL = 0xC0109428
_QGROUP_ASSIGN = 0x40189429
_QGROUP_CREATE = 0x4010942A
_QGROUP_LIMIT = 0x8030942B
_QUOTA_RESCAN = 0x4040942C
_QUOTA_RESCAN_STATUS = 0x8040942D
_QUOTA_RESCAN_WAIT = 0x942E

_ENABLE = 1
_MAX_RFER = 1
_MAX_EXCL = 2
_LEVEL = 48
_TRIES = 10


class Limits(NamedTuple):
    """What a group may use, in bytes; `UNKNOWN_SIZE` where there is no limit."""

    referenced: int = UNKNOWN_SIZE
    exclusive: int = UNKNOWN_SIZE


class Usage(NamedTuple):
    """What a group uses, in bytes; `UNKNOWN_SIZE` where unknown."""

    referenced: int = UNKNOWN_SIZE
    exclusive: int = UNKNOWN_SIZE


@dataclass(slots=True)
class Groups:
    """What the quota tree tells; nothing where quotas are off."""

    usage: dict[int, Usage] = field(default_factory=dict)
    limits: dict[int, Limits] = field(default_factory=dict)
    parents: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def subtree(self, subvolume: int) -> int:
        """The group that counts a subvolume with all below it; that of the subvolume alone else."""
        own = [group for group in self.parents.get(subvolume, ()) if id_of(group) == subvolume]
        return min(own, default=subvolume)

    def above(self, subvolume: int) -> set[int]:
        """All groups that what is written to a subvolume counts for."""
        found: set[int] = set()
        waiting = [subvolume]
        while waiting:
            group = waiting.pop()
            if group not in found:
                found.add(group)
                waiting += self.parents.get(group, ())
        return found


def id_of(group: int) -> int:
    """The id in the number of a group."""
    return group & (1 << _LEVEL) - 1


def read(fd: int) -> Groups:
    """All groups of a file system.

    Raises:
        OSError: They cannot be read.
    """
    groups = Groups()
    _fill(groups, fd, Key(0, 0, 0), Key(MOST, 255, MOST))
    return groups


def read_one(fd: int, subvolume: int) -> Groups:
    """What is known of the group of a subvolume's subtree."""
    groups = Groups()
    _fill(groups, fd, Key(subvolume, RELATION, 0), Key(subvolume, RELATION, MOST))
    group = groups.subtree(subvolume)
    for kind in (INFO, LIMIT):
        _fill(groups, fd, Key(0, kind, group), Key(0, kind, group))
    return groups


def is_on(fd: int) -> bool:
    """Whether a file system counts.

    Raises:
        OSError: It cannot be told.
    """
    try:
        return any(btrfs.search(fd, QUOTA_TREE, Key(0, STATUS, 0), Key(0, STATUS, MOST)))
    except FileNotFoundError:
        return False  # there is no such tree


def is_scanning(fd: int) -> bool:
    """Whether the numbers are being counted anew, and say nothing meanwhile."""
    buffer = bytearray(64)
    fcntl.ioctl(fd, _QUOTA_RESCAN_STATUS, buffer, True)
    return bool(struct.unpack_from("=Q", buffer)[0])


def enable(fd: int) -> None:
    """Have the file system count, if it does not yet."""
    fcntl.ioctl(fd, _QUOTA_CTL, bytearray(struct.pack("=QQ", _ENABLE, 0)), True)


def create(fd: int, group: int) -> None:
    """Make a group; fine where it is there."""
    try:
        fcntl.ioctl(fd, _QGROUP_CREATE, bytearray(struct.pack("=QQ", 1, group)), True)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def destroy(fd: int, group: int) -> None:
    """Remove a group.

    Raises:
        OSError: ENOENT, there is none; EBUSY, it counts something.
    """
    fcntl.ioctl(fd, _QGROUP_CREATE, bytearray(struct.pack("=QQ", 0, group)), True)


def assign(fd: int, group: int, parent: int) -> None:
    """Have a group count for another too; fine where it does."""
    try:
        is_to_scan = fcntl.ioctl(fd, _QGROUP_ASSIGN, bytearray(struct.pack("=QQQ", 1, group, parent)), True)
    except OSError as error:
        if error.errno == errno.EEXIST:
            return
        raise
    if is_to_scan:
        scan(fd)


def unassign(fd: int, group: int, parent: int) -> None:
    """Have a group no longer count for another."""
    if fcntl.ioctl(fd, _QGROUP_ASSIGN, bytearray(struct.pack("=QQQ", 0, group, parent)), True):
        scan(fd)


def scan(fd: int) -> None:
    """Let the numbers be counted anew, if that is not going on."""
    try:
        fcntl.ioctl(fd, _QUOTA_RESCAN, bytearray(64), True)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise


def limit(fd: int, group: int, referenced: int, exclusive: int | None = None) -> None:
    """Set what a group may use, in bytes; `UNKNOWN_SIZE` takes a limit away.

    Args:
        fd: A file in a subvolume that can still be written to: the kernel wants room there for this
            (and says EDQUOT), also where the limit is to be raised.
        group: The group.
        referenced: The limit of all that it uses.
        exclusive: The limit of what only it uses; that stays as it is unless given.

    Raises:
        OSError: ENOTCONN, quotas are off; or it cannot be.
    """
    flags = _MAX_RFER if exclusive is None else _MAX_RFER | _MAX_EXCL
    packed = struct.pack("=6Q", group, flags, referenced, exclusive or 0, 0, 0)
    for attempt in range(_TRIES):
        try:
            fcntl.ioctl(fd, _QGROUP_LIMIT, bytearray(packed), True)
        except OSError as error:
            if error.errno != errno.EBUSY or attempt == _TRIES - 1:
                raise
            fcntl.ioctl(fd, _QUOTA_RESCAN_WAIT)
        else:
            return


def set_up(fd: int, subvolume: int, *, has_own: bool = True) -> None:
    """Have a subvolume counted in the groups of the subvolume around it.

    Nothing is done where it is in a group already.

    Args:
        fd: A file on the file system.
        subvolume: Its id.
        has_own: Whether it gets a group of its own in between, for its subtree.

    Raises:
        OSError: EBUSY, there are no levels left; ENOTCONN, quotas are off.
    """
    groups = read(fd)
    if groups.parents.get(subvolume):
        return
    around = btrfs.parent_of(fd, subvolume)
    outer = groups.parents.get(around, []) if around is not None else []
    if not has_own:
        for group in outer:
            assign(fd, subvolume, group)
        return
    level = min((group >> _LEVEL for group in outer), default=256) - 1
    if level < 1:
        raise OSError(errno.EBUSY, "There is no level left for one more quota group")
    own = level << _LEVEL | subvolume
    create(fd, own)
    for group in outer:
        assign(fd, own, group)
    assign(fd, subvolume, own)


def forget(fd: int, subvolume: int) -> None:
    """Remove the groups of a subvolume that is gone."""
    groups = read(fd)
    for parent in list(groups.parents.get(subvolume, ())):
        unassign(fd, subvolume, parent)
        if id_of(parent) == subvolume:
            for outer in groups.parents.get(parent, ()):
                unassign(fd, parent, outer)
            destroy(fd, parent)
    if subvolume in groups.usage:
        try:
            destroy(fd, subvolume)
        except OSError as error:
            # Linux since 6.10 refuses while blocks of it are left, and removes the group itself at the end
            if error.errno not in {errno.EBUSY, errno.ENOENT}:
                raise


def _fill(groups: Groups, fd: int, low: Key, high: Key) -> None:
    try:
        for key, item in btrfs.search(fd, QUOTA_TREE, low, high):
            _take(groups, key, item)
    except OSError as error:
        if error.errno != errno.ENOENT:  # quotas are off: there is no such tree
            raise


def _take(groups: Groups, key: Key, item: bytes) -> None:
    if key.type == INFO:
        referenced, exclusive = struct.unpack_from("=8xQ8xQ", item)
        groups.usage[key.offset] = Usage(referenced, exclusive)
    elif key.type == LIMIT:
        flags, referenced, exclusive = struct.unpack_from("=QQQ", item)
        groups.limits[key.offset] = Limits(
            referenced if flags & _MAX_RFER else UNKNOWN_SIZE,
            exclusive if flags & _MAX_EXCL else UNKNOWN_SIZE,
        )
    elif key.type == RELATION and key.offset > key.id:
        groups.parents[key.id].append(key.offset)  # each relation is there in both directions
