"""Makes files, and opens what was made just now, but nothing that has come in its place since.

Between the making of a folder in a machine and the next call by its name, the machine's root can mount there
what the host shows it, and have the host give away its own folder. So what follows is done by a descriptor.
"""

from __future__ import annotations

import errno
import os
import stat

from machined.host.linux.helper import kernel

_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
"""What open(2) says where there can be no file without a name."""
_ANOTHER = {errno.EXDEV, errno.ELOOP, errno.ENOTDIR, errno.ENOENT}


def hidden_name() -> bytes:
    """A name for what is not finished."""
    return b".#machine-copy-" + os.urandom(8).hex().encode()


def nameless(parent: int) -> tuple[int, bytes]:
    """A new file, without a name where the file system can do that, else with a hidden one; and that name."""
    flags = os.O_RDWR | os.O_CLOEXEC
    try:
        return os.open(b".", flags | os.O_TMPFILE, 0o600, dir_fd=parent), b""
    except OSError as error:
        if error.errno not in _NO_TMPFILE:
            raise
    return named(parent, hidden_name())


def named(parent: int, name: bytes) -> tuple[int, bytes]:
    """A new file with a name that nothing has, and that name."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.open(name, flags, 0o600, dir_fd=parent), name


def open_made(folder: int, name: bytes, kind: int, *, flags: int = os.O_PATH, is_inside: bool) -> int:
    """Open what was made just now.

    Args:
        folder: The folder that it was made in.
        name: Its name there.
        kind: Of what kind it is, as in the mode of a file (S_IFMT of inode(7)).
        flags: How it is opened.
        is_inside: Whether it is in a machine. Only then must it be ours, or of whom the folder is.

    Raises:
        OSError: EBUSY, something else is there; or it cannot be opened.
    """
    try:
        fd = kernel.open_beneath(folder, name, flags | os.O_NOFOLLOW, enters_mounts=False)
    except OSError as error:
        if error.errno in _ANOTHER:
            raise _replaced() from error
        raise
    status = os.fstat(fd)
    # Where a file system makes all somebody's, the folder is that one's too
    owners = {os.geteuid(), os.fstat(folder).st_uid}
    if stat.S_IFMT(status.st_mode) != kind or (is_inside and status.st_uid not in owners):
        os.close(fd)
        raise _replaced()
    return fd


def _replaced() -> OSError:
    return OSError(errno.EBUSY, "Something was put in the place of what was made")
