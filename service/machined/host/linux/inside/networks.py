"""The networks of machines: a socket in each that was asked for lately."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.inside import Address, Place
from machined.host.linux.inside import netlink
from machined.host.linux.inside.helper import Helper
from machined.host.linux.inside.leaders import check_leader, open_leader
from machined.host.linux.inside.turns import Turns

KEPT = 30.0
"""Seconds that a socket is kept unused: as long as it is there, so is the network of its machine."""
MOST = 256
"""How many sockets are kept."""

Namespace = tuple[int, int]


class _Network:
    """A socket in the network of a machine, for as long as the machine is there."""

    def __init__(self, namespace: Namespace, sock: socket.socket, pidfd: int) -> None:
        self.namespace = namespace
        self.sock = sock
        self.pidfd = pidfd
        self.used = 0.0
        self.has_ended = False


class Networks:
    """Finds the addresses of machines.

    What was found is not kept: each call asks the kernel anew.

    Args:
        helper: Opens the sockets.
    """

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._ours = _namespace("self")
        self._host: socket.socket | None = None
        self._networks: dict[int, _Network] = {}
        self._turns = Turns()
        self._sequence = itertools.cycle(range(1, 2**32))
        self._timer: asyncio.TimerHandle | None = None

    async def addresses(self, place: Place) -> list[Address]:
        """The addresses of a machine, or of the host.

        Raises:
            Refused: NoPrivateNetworking, the machine has the host's network.
            FileNotFoundError: Its first process has ended.
        """
        if place.is_host:
            async with self._turns.one(0):
                try:
                    return await netlink.addresses(self._host_socket(), next(self._sequence))
                except BaseException:
                    self._drop_host()  # a list may have been left half read
                    raise
        async with self._turns.one(place.leader):
            network = await self._network(place)
            try:
                return await netlink.addresses(network.sock, next(self._sequence))
            except BaseException:
                self._drop(place.leader)  # a list may have been left half read
                raise
            finally:
                if network.has_ended:
                    self._drop(place.leader)

    def close(self) -> None:
        """Let go of all networks."""
        for leader in list(self._networks):
            self._drop(leader)
        self._drop_host()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _network(self, place: Place) -> _Network:
        leader = place.leader
        namespace = _namespace(str(leader))
        check_leader(place)
        if namespace == self._ours:
            text = f"Machine {place.name} does not use private networking"
            raise Refused(ErrorName.NO_PRIVATE_NETWORKING, text)
        network = self._networks.get(leader)
        if network is not None and network.namespace != namespace:
            self._drop(leader)
            network = None
        if network is None:
            network = await self._opened(place, namespace)
        network.used = asyncio.get_running_loop().time()
        return network

    async def _opened(self, place: Place, namespace: Namespace) -> _Network:
        pidfd = open_leader(place)
        try:
            _, (fd,) = await self._helper.run("network", place)
        except BaseException:
            os.close(pidfd)
            raise
        if len(self._networks) >= MOST:
            # Those that are being asked are closed to nobody; when all are, there are more for a moment
            idle = {leader: one.used for leader, one in self._networks.items() if not self._is_asked(leader)}
            if idle:
                self._drop(min(idle, key=idle.__getitem__))
        network = _Network(namespace, socket.socket(fileno=fd), pidfd)
        self._networks[place.leader] = network
        loop = asyncio.get_running_loop()
        loop.add_reader(pidfd, self._on_ended, place.leader)
        if self._timer is None:
            self._timer = loop.call_later(KEPT, self._tidy)
        return network

    def _tidy(self) -> None:
        loop = asyncio.get_running_loop()
        old = loop.time() - KEPT
        for leader in [leader for leader, network in self._networks.items() if network.used <= old]:
            if not self._is_asked(leader):
                self._drop(leader)
        self._timer = loop.call_later(KEPT / 2, self._tidy) if self._networks else None

    def _is_asked(self, leader: int) -> bool:
        """Whether somebody reads from a machine's socket."""
        return self._turns.is_taken(leader)

    def _on_ended(self, leader: int) -> None:
        """Let go of the network of a machine that has ended, at once or when it was read from."""
        network = self._networks[leader]
        if self._is_asked(leader):
            asyncio.get_running_loop().remove_reader(network.pidfd)
            network.has_ended = True
        else:
            self._drop(leader)

    def _drop(self, leader: int) -> None:
        network = self._networks.pop(leader, None)
        if network is None:
            return
        asyncio.get_running_loop().remove_reader(network.pidfd)
        os.close(network.pidfd)
        network.sock.close()

    def _drop_host(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def _host_socket(self) -> socket.socket:
        if self._host is None:
            kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
            self._host = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
            self._host.bind((0, 0))
        return self._host


def _namespace(process: str) -> Namespace:
    """Which network a process is in; FileNotFoundError where it has ended."""
    status = os.stat(f"/proc/{process}/ns/net")
    return status.st_dev, status.st_ino
