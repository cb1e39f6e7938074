"""The machine that a wish is about, by its first process."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import stat
from collections.abc import Callable

from machined.host.linux.helper import kernel

_TIOCGPTPEER = 0x5441
_PTMX, _NULL = os.makedev(5, 2), os.makedev(1, 3)


class Target:
    """A machine by its leader, or the host itself where the leader is 0.

    What is opened below `/proc/LEADER` belongs to the process that was meant if that is still there
    afterwards: a pid is not used anew before its process is gone. `check` says whether it is.

    Args:
        leader: A pid of our namespace.
        pidfd: Of the same process, opened by whoever meant it (pidfd_open(2)); -1 for the host.
    """

    def __init__(self, leader: int, pidfd: int) -> None:
        self.leader = leader
        self._pidfd = pidfd

    @property
    def is_host(self) -> bool:
        """Whether it is the host itself."""
        return not self.leader

    @property
    def has_ended(self) -> bool:
        """Whether the leader has ended."""
        return not self.is_host and has_ended(self._pidfd)

    def check(self) -> None:
        """See that the leader has not ended.

        Raises:
            FileNotFoundError: It has.
        """
        if self.has_ended:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Open a file of `/proc/LEADER` and see that it is of the process that was meant."""
        fd = os.open(f"/proc/{self.leader}/{name}", flags | os.O_CLOEXEC)
        try:
            self.check()
        except BaseException:
            os.close(fd)
            raise
        return fd

    def root(self, flags: int = os.O_PATH) -> int:
        """The machine's root folder."""
        flags |= os.O_DIRECTORY
        return os.open("/", flags | os.O_CLOEXEC) if self.is_host else self.open("root", flags)

    def namespace(self, name: str) -> int | None:
        """One of the machine's namespaces, by its name in `/proc/LEADER/ns`; none if it is ours."""
        if self.is_host:
            return None
        fd = self.open(f"ns/{name}")
        theirs, ours = os.fstat(fd), os.stat(f"/proc/self/ns/{name}")
        if (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino):
            os.close(fd)
            return None
        return fd


def has_ended(pidfd: int) -> bool:
    """Whether a process has ended, also if nobody reaped it yet (pidfd_open(2))."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def become_root(user_namespace: int | None) -> None:
    """Join a machine's user namespace, if it has its own, and be its root."""
    if user_namespace is None:
        return
    kernel.enter(user_namespace, kernel.CLONE_NEWUSER)
    drop_groups()
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    kernel.end_with_parent(signal.SIGKILL)  # the kernel forgets it when the user changes (prctl(2))


def drop_groups() -> None:
    """Be in no further group; a user namespace may forbid to set them (`/proc/PID/setgroups`).

    Raises:
        PermissionError: It does, and we are in some: those are the host's.
    """
    try:
        os.setgroups([])
    except PermissionError:
        if os.getgroups():
            raise


def open_regular(
    root: int, path: str, opener: Callable[[int, str, int], int] = kernel.open_in_root
) -> int | None:
    """Open a file of a machine for reading, if it is a regular one; `None` for `/dev/null`, which is empty.

    It is looked at before it is opened: to open a device does something, and a fifo waits. A link to
    `/dev/null` is how an administrator says that there is nothing.

    Args:
        root: The machine's root folder.
        path: The file.
        opener: Finds it.

    Raises:
        OSError: EISDIR, EBADFD for what is neither file nor folder.
    """
    found = opener(root, path, os.O_PATH)
    try:
        status = os.fstat(found)
        mode = status.st_mode
        if stat.S_ISCHR(mode) and status.st_rdev == _NULL:
            return None
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EBADFD, os.strerror(errno.EBADFD))
        return reopen(found, os.O_RDONLY | os.O_NONBLOCK)
    finally:
        os.close(found)


def reopen(fd: int, flags: int) -> int:
    """Open what a descriptor with O_PATH is of; only before the mount namespace is left."""
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_CLOEXEC | os.O_NOCTTY)


def open_other_side(master: int) -> int:
    """Open the other side of a terminal, whatever is mounted at its path (TIOCGPTPEER, ioctl_tty(2))."""
    return fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


def open_multiplexer(root: int) -> int:
    """A new pseudo terminal of a machine: the master side (ptmx(4)).

    Raises:
        OSError: ENODEV where `/dev/ptmx` is something else.
    """
    found = kernel.open_in_root(root, "dev/ptmx", os.O_PATH)
    try:
        status = os.fstat(found)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _PTMX:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return reopen(found, os.O_RDWR)
    finally:
        os.close(found)
