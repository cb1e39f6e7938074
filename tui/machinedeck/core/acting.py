"""What the console can do to a host. Looking at it is in `core.host`."""

from __future__ import annotations

from typing import Protocol

from machinedeck.model.image import ImageIdentity
from machinedeck.model.limits import Limits
from machinedeck.model.machine import Identity
from machinedeck.model.operation import Operation


class MachineActing(Protocol):
    """What can be done to machines. Every method raises `Failure`.

    What is meant is told by its identity. Where that is another's by now nothing is done, and the failure is
    of the kind `NOT_THERE`.
    """

    async def start(self, name: str) -> None:
        """Start the image `name` as a container and wait until it is up."""
        ...

    async def start_ephemeral(self, name: str) -> None:
        """Start a copy of the image `name` that is gone when it ends, and wait until it is up."""
        ...

    async def stop(self, identity: Identity) -> None:
        """Stop the machine's unit and wait until both are gone."""
        ...

    async def poweroff(self, identity: Identity) -> None:
        """Tell the machine's init to shut down."""
        ...

    async def reboot(self, identity: Identity) -> None:
        """Tell the machine's init to restart."""
        ...

    async def restart(self, identity: Identity) -> None:
        """Stop the machine's unit, wait until both are really gone, start it again, wait until it is up."""
        ...

    async def terminate(self, identity: Identity) -> None:
        """End the machine at once."""
        ...

    async def kill(self, identity: Identity, whom: str, signal: int) -> None:
        """Send a signal to the `leader` of a machine or to `all` of its processes."""
        ...

    async def enable(self, name: str) -> None:
        """Have the image `name` started at boot."""
        ...

    async def disable(self, name: str) -> None:
        """Have the image `name` no longer started at boot."""
        ...

    async def set_limits(self, identity: Identity, limits: Limits) -> None:
        """Limit what a running machine may use, until it ends or the host is started anew."""
        ...

    async def login(self, identity: Identity) -> int:
        """A login prompt of a machine; the descriptor of its terminal now belongs to the caller."""
        ...

    async def copy_to(self, identity: Identity, source: str, destination: str, *, replaces: bool) -> None:
        """Copy a file or folder of the host into a machine."""
        ...

    async def copy_from(self, identity: Identity, source: str, destination: str, *, replaces: bool) -> None:
        """Copy a file or folder of a machine to the host."""
        ...

    async def bind(self, identity: Identity, source: str, destination: str, *, is_read_only: bool) -> None:
        """Show a file or folder of the host in a machine."""
        ...

    async def unbind(self, identity: Identity, destination: str) -> None:
        """Show it no more: machine1 has no call for that, so umount(8) is run in the machine."""
        ...


class ImageActing(Protocol):
    """What can be done to images and their pool. Every method raises `Failure`, as for machines."""

    async def clone(self, image: ImageIdentity, name: str, *, is_read_only: bool) -> None:
        """Make a copy of an image under another name."""
        ...

    async def rename(self, image: ImageIdentity, name: str) -> None:
        """Give an image another name."""
        ...

    async def remove(self, image: ImageIdentity) -> None:
        """Delete an image with all that belongs to it."""
        ...

    async def mark_read_only(self, image: ImageIdentity, is_read_only: bool) -> None:
        """Forbid or allow changes of an image."""
        ...

    async def limit_image(self, image: ImageIdentity, size: int | None) -> None:
        """Limit an image's size in bytes; None for no limit."""
        ...

    async def limit_pool(self, size: int | None) -> None:
        """Limit the size of all images together in bytes; None for no limit."""
        ...

    async def clean(self, mode: str) -> tuple[tuple[str, int | None], ...]:
        """Delete `hidden` images or `all`; what went, each with its size in bytes where that is known."""
        ...

    async def cancel(self, operation: Operation) -> None:
        """End long work of the service before its time, and wait until it has ended; copies of files too.

        Whoever waits for that work gets a failure. Of systemd's own service it cannot be asked (`REFUSED`).
        """
        ...
