"""File systems of strangers: which one it is, and a mount of it that no process but ours sees.

Mounts are made with fsopen(2) and fsmount(2) and never attached to a folder, so they end with their
descriptor.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from machined.host.linux.helper.kernel import system_call

_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6
_CLOEXEC = 1
_ATTRIBUTES = 0x1 | 0x2 | 0x4 | 0x8
"""MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC."""


class _Kind(NamedTuple):
    """A file system: what it has where, and how it is told not to write, whatever its journal says.

    Nor may it say what the kernel does with an error: ext4 can ask for a panic. And the copy of a disk, which
    has the same id, is read beside the disk; xfs wants to be told that.
    """

    name: str
    at: int
    magic: bytes
    options: tuple[tuple[str, str | None], ...] = ()


_KINDS = (
    _Kind("ext4", 1080, b"\x53\xef", (("norecovery", None), ("errors", "remount-ro"))),
    _Kind("btrfs", 65600, b"_BHRfS_M", (("rescue", "nologreplay"),)),
    _Kind("xfs", 0, b"XFSB", (("norecovery", None), ("nouuid", None))),
    _Kind("squashfs", 0, b"hsqs"),
    _Kind("erofs", 1024, b"\xe2\xe1\xf5\xe0"),
)
_LUKS = b"LUKS\xba\xbe"


def kind_of(fd: int, start: int) -> _Kind:
    """Which file system begins at a byte of a disk.

    Raises:
        OSError: ENOPKG, none that we know; ENOKEY, it is encrypted.
    """
    for kind in _KINDS:
        if os.pread(fd, len(kind.magic), start + kind.at) == kind.magic:
            return kind
    number = errno.ENOKEY if os.pread(fd, len(_LUKS), start) == _LUKS else errno.ENOPKG
    raise OSError(number, os.strerror(number))


@contextmanager
def mounted(kind: _Kind, device: str) -> Iterator[int]:
    """Have a file system mounted read-only; gives its root.

    Args:
        kind: Which.
        device: The block device it is on.

    Raises:
        OSError: It is damaged, or the kernel does not know it.
    """
    with ExitStack() as held:
        context = system_call(_FSOPEN, ctypes.c_char_p(kind.name.encode()), ctypes.c_uint(_CLOEXEC))
        held.callback(os.close, context)
        _configure(context, _SET_STRING, "source", device)
        _configure(context, _SET_FLAG, "ro")
        for name, value in kind.options:
            _configure(context, _SET_FLAG if value is None else _SET_STRING, name, value)
        _configure(context, _CREATE)
        root = system_call(
            _FSMOUNT, ctypes.c_int(context), ctypes.c_uint(_CLOEXEC), ctypes.c_uint(_ATTRIBUTES)
        )
        held.callback(os.close, root)
        yield root


def _configure(context: int, command: int, key: str | None = None, value: str | None = None) -> None:
    system_call(
        _FSCONFIG,
        ctypes.c_int(context),
        ctypes.c_uint(command),
        ctypes.c_char_p(key.encode() if key else None),
        ctypes.c_char_p(value.encode() if value else None),
        ctypes.c_int(0),
    )
