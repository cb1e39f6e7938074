"""What the console needs of a host, whichever way it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from machinedeck.core.acting import ImageActing, MachineActing
from machinedeck.model.event import Listener
from machinedeck.model.image import Image, ImageSizes, Pool
from machinedeck.model.machine import Machine, OperatingSystem
from machinedeck.model.wish import Wish

if TYPE_CHECKING:
    from machinedeck.core.usage import UsageSource

SYSTEM_BUS = "system bus"
"""The mode of a host that is this one."""


class Host(Protocol):
    """A host that can be asked and followed. Every method raises `Failure`."""

    @property
    def name(self) -> str:
        """The host's name, as the header shows it."""
        ...

    @property
    def mode(self) -> str:
        """How it is reached, as the header shows it: `system bus` or the address of another one."""
        ...

    @property
    def is_demo(self) -> bool:
        """Whether it is made up: every screen says so, and nothing of the real host is looked at."""
        ...

    @property
    def is_read_only(self) -> bool:
        """Whether it is only looked at: nothing is changed, and no shell opened."""
        ...

    @property
    def machine_acting(self) -> MachineActing:
        """What can be done to its machines.

        Raises:
            Failure: It is not open, or only to be looked at.
        """
        ...

    @property
    def image_acting(self) -> ImageActing:
        """What can be done to its images; raises as `machine_acting`."""
        ...

    async def open(self, listener: Listener) -> None:
        """Connect, and tell `listener` of everything that happens until `close` or `Lost`."""
        ...

    async def close(self) -> None:
        """Let go of the connection; may be called at any time, also twice."""
        ...

    async def machines(self) -> list[Machine]:
        """The registered machines, with what a list tells of them."""
        ...

    async def properties(self, machine: Machine) -> Machine:
        """The same machine with its properties."""
        ...

    async def os(self, name: str) -> OperatingSystem | None:
        """The operating system of a running machine."""
        ...

    async def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a running machine."""
        ...

    async def images(self) -> list[Image]:
        """All images."""
        ...

    async def image_os(self, name: str) -> OperatingSystem | None:
        """The operating system of an image that does not run."""
        ...

    async def every_property(self, subject: Machine | Image | Pool) -> dict[str, Any]:
        """All that the service says of one of its objects, by the names it has for it."""
        ...

    async def image_sizes(self, image: Image) -> ImageSizes:
        """The sizes and limits of an image."""
        ...

    async def failed(self) -> frozenset[str]:
        """The names of machines whose unit failed."""
        ...

    @property
    def usage(self) -> UsageSource:
        """What tells of what its machines use, where its files are not ours to read.

        Raises:
            Failure: It is not open.
        """
        ...

    async def pool(self) -> Pool:
        """The pool of images."""
        ...

    async def open_root(self, name: str) -> int:
        """The root of a running machine: a descriptor, the caller's to close. No password is asked for."""
        ...

    async def open_terminal(self, wish: Wish) -> int:
        """A shell or login prompt of a machine; the descriptor of its terminal, the caller's to close."""
        ...
