"""What is asked of the inside of a machine, or of the host itself in its place."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from machined.host.processes import Pinned
from machined.host.storage import Progress, unseen

PATH_MAX = 4096
"""Bytes of a path with the NUL behind it, at most (linux/limits.h)."""
NAME_MAX = 255
"""Bytes of a name in it, at most."""


def is_short(path: str) -> bool:
    """Whether a path, and each name in it, is no longer than the kernel takes."""
    raw = path.encode(errors="surrogateescape")
    return len(raw) < PATH_MAX and all(len(name) <= NAME_MAX for name in raw.split(b"/"))


class Place(NamedTuple):
    """Where to: the inside of a machine, or the host itself."""

    name: str
    """The machine's name; `.host` for the host."""
    leader: int
    """The machine's first process, a pid of the host's namespace."""
    is_host: bool = False
    process: Pinned | None = None
    """The leader as the registry holds on to it, which tells it from a later process with the same pid. None
    for the host, and for a leader that had ended before."""


class Address(NamedTuple):
    """An address of a network interface."""

    family: int
    """2 for AF_INET, 10 for AF_INET6 (the numbers of Linux, address_families(7))."""
    raw: bytes
    """4 or 16 bytes in network order."""


class Pty(NamedTuple):
    """A pseudo terminal. Who gets it owns the descriptor."""

    fd: int
    """The master, readable and writable, close-on-exec."""
    path: str
    """The other side as the machine sees it, `/dev/pts/N` (pts(4))."""


class ShellRequest(NamedTuple):
    """A program to be run on a pseudo terminal of its own."""

    user: str
    path: str
    """Absolute; "" for the login shell of the user."""
    arguments: list[str]
    """With argv[0]; empty together with an empty path."""
    environment: list[str]
    """`NAME=value`, no name twice."""


class BindRequest(NamedTuple):
    """A file or folder of the host to be shown inside a machine."""

    source: str
    """On the host, absolute and normalized."""
    destination: str
    """In the machine, absolute and normalized."""
    is_read_only: bool
    makes_destination: bool
    """Whether the destination is made where it is missing."""
    maps_ids: bool = False
    """Whether the files show with the ids that the machine has inside, where it has a user namespace."""


class CopyRequest(NamedTuple):
    """A file or a tree to be copied into or out of a machine."""

    source: str
    """Absolute."""
    destination: str
    """Absolute."""
    is_into_machine: bool
    """From the host into the machine; else the other way."""
    replaces: bool
    """Whether files that exist at the destination are replaced."""
    shift: int
    """Where the machine's user ids begin on the host: owner of what is copied in, if it is not 0."""


class IdRange(NamedTuple):
    """One line of uid_map or gid_map (user_namespaces(7))."""

    inner: int
    outer: int
    length: int


class Inside(Protocol):
    """Looks and goes into machines. All raise `OSError` with the errno that tells what went wrong.

    A machine whose leader is gone gives ENOENT or ESRCH.
    """

    async def addresses(self, place: Place) -> list[Address]:
        """The addresses of all interfaces but loopback, sorted: IPv4 first, wider scopes first, no doubles.

        Raises:
            Refused: NoPrivateNetworking where the machine shares the host's network.
        """

    async def os_release(self, place: Place) -> dict[str, str]:
        """The fields of os-release(5), in the order of the file; ENOENT where there is none."""

    async def user_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/uid_map`."""

    async def group_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/gid_map`."""

    async def open_pty(self, place: Place) -> Pty:
        """A new pseudo terminal of the machine with nobody at its other side."""

    async def open_login(self, place: Place) -> Pty:
        """A new pseudo terminal with a login prompt; ENOENT where the machine has no system bus."""

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        """A new pseudo terminal with a program."""

    async def bind_mount(self, place: Place, request: BindRequest) -> None:
        """Show a file or folder of the host inside a machine."""

    async def copy(self, place: Place, request: CopyRequest, progress: Progress = unseen) -> None:
        """Copy a file or tree; EEXIST where a file is in the way and is not to be replaced."""

    async def open_root(self, place: Place) -> int:
        """A descriptor of the machine's root folder. Who gets it owns it."""
