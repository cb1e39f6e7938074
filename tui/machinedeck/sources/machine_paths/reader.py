"""The process that looks into a machine: `python -I -S reader.py FD`, with the standard library alone.

FD is a descriptor of the machine's root. Each line of standard input is a path as far as it is typed, each
line of standard output what it could go on to, both in JSON. Nothing is opened but folders, and links are
followed below that root only, as the machine itself would follow them (openat2(2)).
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import stat
import sys
import unicodedata

LOOKED_AT = 10_000
"""Entries of a folder that are looked at, at most."""

OPENAT2 = 437
"""The number of the system call, the same on all architectures (openat2(2))."""

RESOLVE_NO_MAGICLINKS, RESOLVE_IN_ROOT = 0x02, 0x10

AGAIN = 10
"""How often it is tried once more where something was renamed meanwhile."""

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_in_root(root: int, path: str, flags: int) -> int:
    """Open a path below a folder as if that were `/`.

    Raises:
        OSError: What openat2(2) says.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    for _ in range(AGAIN):
        name = ctypes.c_char_p(os.fsencode(path))
        fd = _libc.syscall(ctypes.c_long(OPENAT2), ctypes.c_int(root), name, ctypes.byref(how), size)
        if fd >= 0:
            return int(fd)
        if ctypes.get_errno() != errno.EAGAIN:
            break
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def complete(root: int, typed: str) -> str | None:
    """The first path, by name, that goes on from what was typed; None where there is none.

    Folders end with a slash, so that typing can go on. Names that could not be shown as they are, and hidden
    ones that were not asked for, are left out.
    """
    if not typed.startswith("/") or "\0" in typed:
        return None
    folder, _, begun = typed.rpartition("/")
    try:
        # O_DIRECTORY: a FIFO or device is refused before it is opened
        fd = open_in_root(root, folder or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
    except OSError:
        return None  # no such folder: there is nothing to offer
    try:
        best = _best(fd, begun)
    except OSError:
        return None  # it went while it was looked at
    finally:
        os.close(fd)
    if best is None:
        return None
    path = f"{folder}/{best}"
    return f"{path}/" if _is_folder(root, path) else path


def _best(fd: int, begun: str) -> str | None:
    best: str | None = None
    with os.scandir(fd) as entries:
        for _, entry in zip(range(LOOKED_AT), entries, strict=False):
            name = entry.name
            is_wanted = name.startswith(begun) and (begun != "" or not name.startswith("."))
            if is_wanted and (best is None or name < best) and _can_be_shown(name):
                best = name
    return best


def _can_be_shown(name: str) -> bool:
    """Whether a name has nothing that acts on a terminal, or hides or turns text."""
    return all(unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for one in name)


def _is_folder(root: int, path: str) -> bool:
    try:
        fd = open_in_root(root, path, os.O_PATH)
    except OSError:
        return False  # a link that leads nowhere
    try:
        return stat.S_ISDIR(os.fstat(fd).st_mode)
    finally:
        os.close(fd)


def main() -> None:
    """Answer until nobody asks any more."""
    root = int(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(complete(root, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
