"""What the file systems in raw and block images tell. They are mounted for this only, and never in a list.

Nothing is left behind however this ends: the mount and the loop device go with the process that has them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from machined.host.linux.storage import filesystems, loops, partitions, rootfiles
from machined.host.linux.storage.partitions import Part, System
from machined.host.linux.storage.setting import Setting
from machined.host.storage import Image, Metadata


def read_disk(setting: Setting, image: Image) -> Metadata:
    """What the files of a system in a disk image tell.

    Raises:
        OSError: EBUSY, it is in use; ENOPKG, there is no file system or partition table in it that we know;
            ENXIO, no
            partition of a system; ENOKEY, it is encrypted; EUCLEAN and others, it is damaged.
    """
    with setting.locks.image(image.path, is_shared=True), ExitStack() as held:
        fd = os.open(image.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        held.callback(os.close, fd)
        size = os.lseek(fd, 0, os.SEEK_END)
        root, usr = (held.enter_context(_mounted(fd, part)) for part in _find_system(fd, size))
        return rootfiles.read_metadata(root, usr)


def pack(metadata: Metadata) -> list[Any]:
    """Metadata as JSON can carry them."""
    return [metadata.hostname, metadata.machine_id.hex(), metadata.machine_info, metadata.os_release]


def unpack(values: list[Any]) -> Metadata:
    """Undo `pack`."""
    hostname, machine_id, machine_info, os_release = values
    return Metadata(hostname, bytes.fromhex(machine_id), machine_info, os_release)


@contextmanager
def _mounted(fd: int, part: Part | None) -> Iterator[int | None]:
    """Have a part of an image mounted, if there is such a part; gives the root of its file system."""
    if part is None:
        yield None
        return
    kind = filesystems.kind_of(fd, part.start)
    with loops.looped(fd, part) as device, filesystems.mounted(kind, device) as root:
        yield root


def _find_system(fd: int, size: int) -> System:
    """The parts of an image with the root and with /usr: all of it where that is one file system."""
    try:
        filesystems.kind_of(fd, 0)
    except OSError as error:
        if error.errno != errno.ENOPKG:
            raise
        system = partitions.find_system(fd, size)
        if system is None:
            raise
        return system
    return System(Part(0, 0))
