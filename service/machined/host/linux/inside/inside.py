"""Looks and goes into the machines of a real host."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from machined.host.improvements import ALL, Improvements
from machined.host.inside import (
    Address,
    BindRequest,
    CopyRequest,
    IdRange,
    Place,
    Pty,
    ShellRequest,
    is_short,
)
from machined.host.linux.helper.manner import Manner
from machined.host.linux.helper.reading import MOST_OS_RELEASE, MOST_READ
from machined.host.linux.inside.buses import Managers
from machined.host.linux.inside.helper import Helper
from machined.host.linux.inside.leaders import check_leader, while_alive
from machined.host.linux.inside.networks import Networks
from machined.host.linux.inside.readers import Readers
from machined.host.linux.inside.terminals import Terminals
from machined.host.storage import Progress, unseen
from machined.wire import Connection

_NOT_OPENED = {errno.EISDIR, errno.EBADFD, errno.ELOOP, errno.ENOTDIR, errno.EACCES}
"""Why a file of a machine could not be opened, other than that it is missing."""


class LinuxInside:
    """The inside of machines by their first processes, and of the host (`machined.host.inside.Inside`).

    This process enters no machine and opens no file of one: a helper process does, and processes that it
    forks. It takes root to be of use. Between `start` and `close` the calls may come in any number and order,
    and each may be cancelled.

    Args:
        improvements: What is done otherwise than by the reference.
    """

    def __init__(self, *, improvements: Improvements = ALL) -> None:
        self._improvements = improvements
        self._helper = Helper()
        most = MOST_OS_RELEASE if improvements.bounds_os_release else MOST_READ
        self._readers = Readers(self._helper, most, follows=not improvements.refuses_procfs_links)
        self._networks = Networks(self._helper)
        self._managers = Managers(self._helper, improvements=improvements)
        self._terminals = Terminals(self._helper, self._managers, improvements=improvements)

    async def start(self, bus: Connection | None = None) -> None:
        """Start the helper, which ends with the thread of this call.

        Args:
            bus: The host's system bus, which stays the caller's; without it one is connected to when the
                first login or shell of the host itself is wished for.
        """
        self._managers.use(bus)
        await self._helper.start()

    async def close(self) -> None:
        """End the helper and whatever it is at, but for programs on terminals."""
        self._readers.close()
        self._networks.close()
        await self._managers.close()
        await self._helper.close()

    async def addresses(self, place: Place) -> list[Address]:
        """The addresses of all interfaces but loopback; NoPrivateNetworking where they are the host's.

        Addresses that are "deprecated" are left out (ip-address(8)).
        """
        try:
            return await self._networks.addresses(place)
        except OSError as error:
            raise OSError(error.errno, f"Failed to get addresses: {error.strerror}") from None

    async def os_release(self, place: Place) -> dict[str, str]:
        """The fields of os-release(5), in the order of the file; ENOENT where there is none.

        Raises:
            OSError: E2BIG, it is too long to be one; ESHUTDOWN, it cannot be opened, as links lead nowhere or
                it is no regular file; ETIMEDOUT, the machine does not let its files be read.
        """
        try:
            parts = [part.decode() for part in await self._readers.os_release(place)]
        except OSError as error:
            # The number is the reference's, which knows no more than that its own helper ended
            number = errno.ESHUTDOWN if error.errno in _NOT_OPENED else error.errno
            raise OSError(number, f"Failed to get OS release: {error.strerror}") from None
        return dict(zip(parts[::2], parts[1::2], strict=True))

    async def user_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/uid_map`."""
        return _ranges(place, "uid_map")

    async def group_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/gid_map`."""
        return _ranges(place, "gid_map")

    async def open_pty(self, place: Place) -> Pty:
        """A new pseudo terminal of the machine with nobody at its other side."""
        return await self._terminals.open_pty(place)

    async def open_login(self, place: Place) -> Pty:
        """A new pseudo terminal with a login prompt; ENOENT where the machine has no system bus."""
        return await self._terminals.open_login(place)

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        """A new pseudo terminal with a program.

        The machine's own service manager starts it, with a login session. Where there is none on the
        machine's bus, or no bus, it is entered directly, and the log says so.
        """
        return await self._terminals.open_shell(place, request)

    async def bind_mount(self, place: Place, request: BindRequest) -> None:
        """Show a file or folder of the host inside a machine.

        Raises:
            OSError: EINVAL, the machine has the host's mounts; ENOENT, no source or no destination;
                EOPNOTSUPP, the source cannot be shown with the machine's ids.
        """
        keeps_inside = self._improvements.keeps_mounts_inside
        flags = (request.is_read_only, request.makes_destination, request.maps_ids, keeps_inside)
        paths = [os.fsencode(request.source), os.fsencode(request.destination)]
        try:
            await self._helper.run("bind", place, [*paths, *map(_flag, flags)])
        except OSError as error:
            what = f"Failed to mount {request.source} on {request.destination} in machine's namespace"
            raise OSError(error.errno, f"{what}: {error.strerror}") from None

    async def copy(self, place: Place, request: CopyRequest, progress: Progress = unseen) -> None:
        """Copy a file or tree; a file appears when it is whole, a folder fills as the copy goes on.

        Where the owners change, what is made is neither set-user-ID nor set-group-ID.

        Raises:
            OSError: EEXIST, a file is in the way and is not to be replaced; ESRCH, the machine ended
                meanwhile; ENOSPC, the disk is full; EADDRNOTAVAIL, a path is of the root folder itself;
                ETIMEDOUT, the machine does not even say whether there is such a file or folder.
        """
        outer, inner = request.source, request.destination
        if not request.is_into_machine:
            outer, inner = inner, outer
        outer_folder, outer_name = _split(outer)
        inner_folder, inner_name = _split(inner)
        owner = str(request.shift if request.is_into_machine else 0) if request.shift else ""
        flags = map(_flag, (request.is_into_machine, request.replaces))
        manner = _manner(self._improvements).packed()
        arguments = [inner_folder, inner_name, outer_folder, outer_name, *flags, manner, owner.encode()]
        await while_alive(place, self._helper.run("copy", place, arguments, progress=progress))

    async def open_root(self, place: Place) -> int:
        """A descriptor of the machine's root folder, open for reading. Who gets it owns it."""
        _, (fd,) = await self._helper.run("root", place)
        return fd


def _manner(improvements: Improvements) -> Manner:
    return Manner(
        improvements.keeps_holes,
        improvements.stops_at_full_disk,
        improvements.hides_unfinished_files,
        improvements.drops_rights_of_copies,
        not improvements.refuses_procfs_links,
    )


def _flag(value: bool) -> bytes:
    return b"1" if value else b"0"


def _split(path: str) -> tuple[bytes, bytes]:
    """The folder and the name of a path, which may end in slashes and dots that say nothing.

    Raises:
        OSError: EADDRNOTAVAIL, it is the root folder; EINVAL, it ends in `..`, holds a NUL, or is longer than
            paths are.
    """
    steps = [step for step in path.split("/") if step not in {"", "."}]
    number = 0 if steps else errno.EADDRNOTAVAIL
    if "\0" in path or steps[-1:] == [".."] or not is_short(path):
        number = errno.EINVAL
    if number:
        raise OSError(number, f"Failed to extract file name of '{path}' path: {os.strerror(number)}")
    return os.fsencode("/" + "/".join(steps[:-1])), os.fsencode(steps[-1])


def _ranges(place: Place, name: str) -> list[IdRange]:
    # Files of procfs answer at once, whatever the machine does
    process = "self" if place.is_host else str(place.leader)
    lines = Path(f"/proc/{process}/{name}").read_text().splitlines()
    check_leader(place)
    return [IdRange(*map(int, line.split())) for line in lines]
