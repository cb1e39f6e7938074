"""Looks into simulated machines, and ways into them."""

from __future__ import annotations

import errno
import os

from machined.contract import ErrorName
from machined.host.assignments import read_assignments
from machined.host.errors import Refused
from machined.host.inside import Address, BindRequest, CopyRequest, IdRange, Place, Pty, ShellRequest
from machined.host.simulated.copying import check_copy, own, put
from machined.host.simulated.estate import Estate
from machined.host.simulated.folders import view
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.root_copies import RootCopies
from machined.host.simulated.terminals import Terminals
from machined.host.simulated.tree import Tree, file, folder
from machined.host.storage import Progress, unseen

COPIED = 250 * 1024**2
"""Bytes that are copied in a second."""
STEP = 0.2
"""Seconds between two looks whether the machine is still there; what takes less is done at once."""

USERS = 65536
"""How many users a user namespace of a container has (systemd-nspawn(1), `--private-users=`)."""
ALL_USERS = 2**32 - 1


class SimulatedInside:
    """What is inside the machines of an estate.

    A machine that a real program registered, with a process of the real host as its leader, has nothing
    inside: the demo looks into no real process.

    Args:
        estate: The estate.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._root_copies = RootCopies()
        self._terminals = Terminals(estate)

    async def addresses(self, place: Place) -> list[Address]:
        """The addresses of all interfaces but loopback; NoPrivateNetworking where they are the host's."""
        if place.is_host:
            return list(self._estate.scenario.host.addresses)
        if (machine := self._machine(place)) is None:
            return []
        if not machine.has_private_network:
            raise Refused(ErrorName.NO_PRIVATE_NETWORKING, f"Machine {place.name} shares the host's network.")
        return list(machine.addresses)

    async def os_release(self, place: Place) -> dict[str, str]:
        """The fields of os-release(5); ENOENT where there is none."""
        tree = self._tree(place)
        path = "/etc/os-release" if tree.has("/etc/os-release") else "/usr/lib/os-release"
        return read_assignments(tree.read(path).decode(errors="replace"))

    async def user_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/uid_map`."""
        machine = None if place.is_host else self._machine(place)
        if machine is None or not machine.user_shift:
            return [IdRange(0, 0, ALL_USERS)]
        return [IdRange(0, machine.user_shift, USERS)]

    async def group_map(self, place: Place) -> list[IdRange]:
        """The lines of `/proc/LEADER/gid_map`."""
        return await self.user_map(place)

    async def open_pty(self, place: Place) -> Pty:
        """A new pseudo terminal with nobody at its other side."""
        return await self._terminals.open_pty(self._enter(place))

    async def open_login(self, place: Place) -> Pty:
        """A new pseudo terminal with a login prompt; ENOENT where the machine has no system bus."""
        machine = self._enter(place)
        if machine is not None and not machine.has_bus:
            raise OSError(errno.ENOENT, f"Machine {place.name} has no system bus.")
        return await self._terminals.open_login(machine)

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        """A new pseudo terminal with a program; ENOENT where no service manager could start it."""
        machine = self._enter(place)
        if machine is not None and machine.init != "systemd":
            raise OSError(errno.ENOENT, f"Machine {place.name} has no system bus.")
        return await self._terminals.open_shell(machine, request)

    async def bind_mount(self, place: Place, request: BindRequest) -> None:
        """Show a file or folder of the host inside a machine; neither tree keeps it when the machine ends."""
        machine = self._inhabited(place)
        source = self._estate.host_tree.node(request.source)
        if request.makes_destination and not machine.tree.has(request.destination):
            machine.tree.make_folders(request.destination.rpartition("/")[0])
            machine.tree.add(request.destination, folder(0o700) if source.is_folder else file(b""))
        machine.tree.mount(request.destination, view(source), is_read_only=request.is_read_only)

    async def copy(self, place: Place, request: CopyRequest, progress: Progress = unseen) -> None:
        """Copy a file or tree, at the pace of a disk.

        Raises:
            OSError: ENOENT, no source or no folder for it; EEXIST, a file is in the way and is not to be
                replaced; ESRCH, the machine ended meanwhile.
        """
        machine = self._inhabited(place)
        host = self._estate.host_tree
        source, target = (host, machine.tree) if request.is_into_machine else (machine.tree, host)
        copied = source.node(request.source, follows=False).copy()
        if request.shift:
            own(copied, 0, 0)
        check_copy(copied, target, request.destination, replaces=request.replaces)
        total = copied.size()
        progress(0, total)
        for step in range(int(total / COPIED / STEP)):
            await self._estate.clock.sleep(STEP)
            progress(min(total, int((step + 1) * STEP * COPIED)), total)
            if not machine.is_running:
                raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        put(copied, target, request.destination, replaces=request.replaces)

    async def open_root(self, place: Place) -> int:
        """A descriptor of a folder with a copy of the machine's files, as they are now."""
        return await self._root_copies.open(self._tree(place))

    async def close(self) -> None:
        """End what runs on terminals, and remove the copies that `open_root` made."""
        await self._terminals.close()
        await self._root_copies.close()

    def _machine(self, place: Place) -> SimulatedMachine | None:
        """The machine of a place; none for one with a leader that is none of ours, ESRCH where it is gone."""
        machine = self._estate.machine_at(place.leader)
        if machine is None and not self._estate.is_foreign(place.leader):
            self._estate.processes.get(place.leader)
        return machine

    def _inhabited(self, place: Place) -> SimulatedMachine:
        """The machine of a place, which must be one of ours."""
        if (machine := self._machine(place)) is None:
            raise OSError(errno.EOPNOTSUPP, "The demo does not enter processes of the real host.")
        return machine

    def _enter(self, place: Place) -> SimulatedMachine | None:
        """The machine of a place, `None` for the host."""
        return None if place.is_host else self._inhabited(place)

    def _tree(self, place: Place) -> Tree:
        if place.is_host:
            return self._estate.host_tree
        machine = self._machine(place)
        return machine.tree if machine else Tree()
