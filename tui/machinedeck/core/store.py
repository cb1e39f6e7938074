"""The store: news of the host are taken into what is known of it, and told to who wants to hear of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from machined.contract import HOST_MACHINE
from machinedeck.core.knowledge import Knowledge
from machinedeck.core.status import EVERYTHING, Change, Part, Status
from machinedeck.model.failure import Failure
from machinedeck.model.image import Image, ImageSizes, Pool, Space
from machinedeck.model.machine import Machine, OperatingSystem, State
from machinedeck.model.operation import Operation
from machinedeck.model.usage import Usage

__all__ = ["EVERYTHING", "POOL_HISTORY", "Change", "Store"]

POOL_HISTORY = 20
"""How many sizes of the pool are kept: as many as there is room for on the smallest screen with all panes."""


class Store(Knowledge):
    """The one place where what is known of the host stands.

    Only the follower writes; listeners are told once per turn of the event loop, however many writes
    that turn had, and read what they need.
    """

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[Change], None]] = []
        self._parts: set[Part] = set()
        self._is_status = self._is_usage = False
        self._is_due = False

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` after every change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def set_status(self, status: Status) -> None:
        """Say how the link stands."""
        if status != self.status:
            self.status = status
            self._is_status = True
            self._tell()

    def set_machines(self, listed: Collection[Machine]) -> None:
        """Take a new list: keep what is known of machines that stay, drop those that are gone."""
        fresh = {machine.name: machine for machine in listed if machine.name != HOST_MACHINE}
        merged = {name: self._merged(machine) for name, machine in fresh.items()}
        host = next((machine for machine in listed if machine.name == HOST_MACHINE), None)
        if host is None or self.host is None or host.path != self.host.path:
            self.host = None if host is None else host._replace(state=State.RUNNING)
            self._rows = None
            self._changed(Part.MACHINES)
        self._set(Part.MACHINES, "registered", merged)

    def _merged(self, machine: Machine) -> Machine:
        known = self.registered.get(machine.name)
        if known is None:
            return machine
        return known._replace(kind=machine.kind, service=machine.service, path=machine.path)

    def add_machine(self, machine: Machine) -> None:
        """Take one that was told of and is not listed yet."""
        if machine.name not in self.registered:
            self.registered = {**self.registered, machine.name: machine}
            self._forget_rows()
            self._changed(Part.MACHINES)

    def update_host(self, machine: Machine) -> None:
        """Take news of the host itself."""
        if self.host is not None and machine != self.host:
            self.host = machine
            self._put(machine)

    def set_doing(self, name: str, word: str) -> None:
        """Say what is done to a machine from here; "" when that is over."""
        if word:
            self.doing[name] = word
        else:
            self.doing.pop(name, None)
        self._rows = None
        self._changed(Part.MACHINES)

    def set_failed(self, names: frozenset[str]) -> None:
        """Take which machines' units failed."""
        if names != self.failed:
            self.failed = names
            self._find_idle()
            self._changed(Part.MACHINES)

    def update_machine(self, machine: Machine) -> None:
        """Take news of one machine, unless it is gone meanwhile: an answer may come late."""
        if machine.name in self.registered and self.registered[machine.name] != machine:
            known = self.registered[machine.name]
            if machine.image != known.image or machine.unit != known.unit:
                self._runners = self._units = None
            self.registered[machine.name] = machine
            self._put(machine)

    def _put(self, machine: Machine) -> None:
        """Show other news of a machine that has a row already: the order of a thousand others stays."""
        if self._rows is not None:
            self._rows[machine.name] = machine
        self._changed(Part.MACHINES)

    def remove_machine(self, name: str) -> None:
        """Drop a machine that ended."""
        machine = self.registered.get(name)
        if machine is not None:
            if name in self.images and machine.os is not None:
                self._keep_os(name, machine.os)
            self.registered = self.registered.copy()  # a tenth of the time of a comprehension
            del self.registered[name]
            self._forget_rows()
            self._changed(Part.MACHINES)

    def set_images(self, images: Iterable[Image]) -> None:
        """Take a new list of images; it also tells which machines could be started."""
        fresh = {image.name: image for image in images}
        if self.images != fresh:
            self.image_os = {
                name: os for name, os in self.image_os.items() if fresh.get(name) == self.images.get(name)
            }
            self.image_sizes = {
                name: sizes
                for name, sizes in self.image_sizes.items()
                if fresh.get(name) == self.images.get(name)
            }
            self.images = fresh
            self._find_idle()
            self._changed(Part.MACHINES)
            self._changed(Part.IMAGES)
        self._set(Part.IMAGES, "images", fresh)

    def set_image_os(self, name: str, os: OperatingSystem | None) -> None:
        """Take the operating system of an image."""
        if self.image_os.get(name, self) != os:
            self._keep_os(name, os)
            self._changed(Part.MACHINES)
            self._changed(Part.IMAGES)

    def _keep_os(self, name: str, os: OperatingSystem | None) -> None:
        self.image_os[name] = os
        if name in self._idle:
            self._idle[name] = self._idle[name]._replace(os=os)
            if self._rows is not None and name not in self.registered:
                self._rows[name] = self._idle[name]

    def set_image_sizes(self, name: str, sizes: ImageSizes) -> None:
        """Take the sizes and limits of an image."""
        if name in self.images and self.image_sizes.get(name) != sizes:
            self.image_sizes[name] = sizes
            self._changed(Part.IMAGES)

    def set_pool(self, pool: Pool, space: Space | None = None) -> None:
        """Take what is known of the pool, and of the file system it is on."""
        if pool.usage is not None and self.pool_usage[-1:] != (pool.usage,):
            self.pool_usage = (*self.pool_usage, pool.usage)[-POOL_HISTORY:]
        if space != self.space:
            self.space = space
            self._changed(Part.POOL)
        self._set(Part.POOL, "pool", pool)

    def set_operation(self, operation: Operation) -> None:
        """Take how far an operation is."""
        self.operations[operation.id] = operation
        self._work_changed()

    def drop_operations(self, *numbers: int) -> None:
        """Forget operations that ended; without a number all, for nobody tells of them any more."""
        for number in numbers or tuple(self.operations):
            if self.operations.pop(number, None) is not None:
                self._work_changed()

    def _work_changed(self) -> None:
        """Images are made or go; of machines nothing but what is shown beside them is another."""
        self._is_usage = True
        self._changed(Part.IMAGES)

    def set_usage(self, usage: dict[str, Usage]) -> None:
        """Take what machines use now."""
        if usage != self.usage:
            self.usage = usage
            self._is_usage = True
            self._tell()

    def set_failure(self, part: Part, failure: Failure) -> None:
        """Say why a part could not be read; what was known of it stays."""
        if str(self.failures.get(part)) != str(failure):
            self.failures[part] = failure
            self._changed(part)

    def _set(self, part: Part, attribute: str, value: object) -> None:
        is_news = part in self.failures or part not in self.read or getattr(self, attribute) != value
        self.failures.pop(part, None)
        self.read.add(part)
        if is_news:  # else what there is stays, with the order that others are worked out from
            setattr(self, attribute, value)
            if part is Part.MACHINES:
                self._forget_rows()
            self._changed(part)

    def _changed(self, part: Part) -> None:
        self._parts.add(part)
        self._tell()

    def _tell(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        change = Change(frozenset(self._parts), self._is_status, self._is_usage)
        self._parts.clear()
        self._is_due = self._is_status = self._is_usage = False
        for listener in tuple(self._listeners):
            listener(change)
