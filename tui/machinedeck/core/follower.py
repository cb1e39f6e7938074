"""Keeping the store in step with the host: connect, follow, and connect anew when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from machined.contract import HOST_MACHINE, machine_path
from machinedeck.core.host import Host
from machinedeck.core.lists import Lists
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.core.usage import Sampler, UsageSource
from machinedeck.model.event import (
    Event,
    Listener,
    Lost,
    MachineAppeared,
    MachineGone,
    OperationEnded,
    OperationMoved,
    ServiceMoved,
    UnitBusy,
)
from machinedeck.model.failure import Failure
from machinedeck.model.image import Image, Pool, Space
from machinedeck.model.machine import Machine, nspawn_machine
from machinedeck.model.operation import Operation
from machinedeck.model.usage import Process

POLL_SECONDS = 15.0
"""How often everything is listed anew although nothing was heard: the net below the signals."""

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 3.0)
"""How long to wait before each new try to connect; the last one for all that follow."""

Watch = Callable[[Callable[[], None]], Awaitable[None]]
"""Something that calls back when images changed, until it is cancelled."""

WatchWork = Callable[[Store, Listener], Awaitable[None]]
"""Something that tells of long work of a service that does not tell of it itself, until it is cancelled."""


class Local(NamedTuple):
    """What looks at the files of the host that we run on."""

    usage: UsageSource
    space: Callable[[str], Space | None]
    signal: Callable[[Process, int], None]
    """Sends a signal to a process; raises `OSError`."""
    interface_name: Callable[[int], str]
    """Names a network interface by its number."""


class Follower:
    """Follows one host into one store, until its task is cancelled.

    Args:
        host: What to follow.
        store: Where to write what is learned.
        watch_images: What tells of changes of images, if anything does.
        watch_work: What tells of long work if the service does not.
        local: What looks at the host's own files, if it is this very one.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        watch_images: Watch | None = None,
        watch_work: WatchWork | None = None,
        local: Local | None = None,
    ) -> None:
        self.host = host
        self.store = store
        self._task: asyncio.Task[None] | None = None
        self._watch_images = watch_images
        self._watch_work = watch_work
        self._is_told_of_work = False
        self._local = local
        self._wake = asyncio.Event()
        self._is_open = False
        self._lost: asyncio.Future[Failure] | None = None
        self._lists = Lists(host, store, None if local is None else local.space, self._on_crash)
        self.has_asked = self._lists.has_asked
        """Set once the host was asked for the first lists, or could not be reached."""
        self.has_looked = self._lists.has_looked
        """Set once the first machines are in the store, or it is known why there are none."""
        self.image_details = self._lists.image_details

    def _on_crash(self, error: BaseException) -> None:
        """End `run` with an error of the program, wherever it happened."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_exception(error)

    @property
    def local(self) -> Local | None:
        """What looks at the host's own files; None where it is another host, or a made-up one."""
        return self._local

    @property
    def usage(self) -> UsageSource:
        """What counts what machines use.

        Raises:
            Failure: The host is not open.
        """
        return self.host.usage if self._local is None else self._local.usage

    def start(self) -> asyncio.Task[None]:
        """Follow in a task of the running event loop; the same one each time this is called."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self.run(), name="follow")
        return self._task

    def hold_details(self) -> None:
        """Read no more than the list of machines until `release_details` is called."""
        self._lists.details.may_look.clear()

    def release_details(self) -> None:
        """Read what was held back."""
        self._lists.details.may_look.set()
        if self._is_open:
            self._lists.ask()

    def retry(self) -> None:
        """Try to connect, or list everything anew, now instead of after the pause."""
        self._wake.set()

    def look_again(self, subject: Machine | Image | Pool) -> None:
        """Read anew what something was done to: nothing tells of a limit that was set."""
        if self._is_open and not isinstance(subject, Machine):
            self._lists.ask_images()

    async def run(self) -> None:
        """Follow for ever."""
        tries = 0
        try:
            while True:
                self._lost = asyncio.get_running_loop().create_future()
                try:
                    await self.host.open(self._on_event)
                    tries = 0
                    failure = await self._stay(self._lost)
                except Failure as refused:
                    failure = refused
                self._lists.on_down(failure)
                await self._pause(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1
        finally:
            await self.host.close()

    async def _stay(self, lost: asyncio.Future[Failure]) -> Failure:
        """Follow an open host until it is lost; the reason."""
        self._is_open = True
        self._lists.ask()
        watches = [
            asyncio.create_task(self._watch(), name="watch images"),
            asyncio.create_task(self._watch_long_work(), name="watch long work"),
            asyncio.create_task(self._sample(), name="sample usage"),
        ]
        for watch in watches:
            watch.add_done_callback(self._on_watch_ended)
        try:
            while True:
                await self._pause(POLL_SECONDS, lost)
                if lost.done():
                    return lost.result()
                self._lists.ask()
        finally:
            self._is_open = False
            for watch in watches:
                watch.cancel()
            self._lists.cancel()

    def _on_watch_ended(self, watch: asyncio.Task[None]) -> None:
        """An error of the program in there is told as any other: nobody waits for the end of a watch."""
        if not watch.cancelled() and (error := watch.exception()) is not None:
            self._on_crash(error)

    async def _watch(self) -> None:
        await self._lists.details.may_look.wait()  # what it needs is imported then
        if self._watch_images is not None:
            await self._watch_images(self._lists.ask_images)

    async def _watch_long_work(self) -> None:
        await self._lists.details.may_look.wait()
        if self._watch_work is not None:
            await self._watch_work(self.store, self._on_event)

    async def _sample(self) -> None:
        """Count what machines use while the host is open."""
        await self._lists.details.may_look.wait()
        try:
            seen = self.image_details.seen
            await Sampler(self.store, self.usage, seen=lambda: seen(Part.MACHINES)).run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is passed on
            self._on_crash(error)

    async def _pause(self, seconds: float, until: asyncio.Future[Failure] | None = None) -> None:
        """Wait that long, or until `retry` is called or `until` is done."""
        self._wake.clear()
        waited: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if until is not None:
            waited.append(until)
        try:
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waited[0].cancel()

    def _on_event(self, event: Event) -> None:
        match event:
            case MachineAppeared(name):
                self._on_appeared(name)
            case MachineGone(name):
                self._lists.details.drop(name)
                self.store.remove_machine(name)
                self._lists.ask_machines()
                self._lists.ask_failed()
                self.image_details.ask()
            case UnitBusy(unit):
                self._on_unit_busy(unit)
            case ServiceMoved(is_there):
                self.store.drop_operations()
                self._is_told_of_work = False
                self._lists.on_service_moved(is_there)
            case OperationMoved(operation):
                self._on_operation(operation)
            case OperationEnded(number):
                self.store.drop_operations(number)
                self._lists.ask_images()
            case Lost(failure):
                if self._lost is not None and not self._lost.done():
                    self._lost.set_result(failure)

    def _on_operation(self, operation: Operation) -> None:
        """Take how far it is; what the service tells counts more than what was measured."""
        if operation.is_estimated and self._is_told_of_work:
            return
        if not operation.is_estimated and not self._is_told_of_work:
            self._is_told_of_work = True
            self.store.drop_operations()
        self.store.set_operation(operation)

    def _on_appeared(self, name: str) -> None:
        if Part.MACHINES in self.store.read and name != HOST_MACHINE:
            self.store.add_machine(Machine(name, path=machine_path(name)))
            self._lists.details.look(name)
        self._lists.ask_machines()

    def _on_unit_busy(self, unit: str) -> None:
        if nspawn_machine(unit) is not None:
            self._lists.ask_failed()
        for name in self.store.of_unit(unit):
            self._lists.details.look(name)
