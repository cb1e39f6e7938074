"""What can be done to images and their pool over a message bus."""

from __future__ import annotations

from functools import partial

from machined.contract import IMAGE_INTERFACE, MACHINE1, image_path
from machined.wire import Connection
from machinedeck.bus import operations1
from machinedeck.bus.errors import asked
from machinedeck.bus.machine1 import act
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import ImageIdentity
from machinedeck.model.limits import UNLIMITED
from machinedeck.model.operation import Operation
from machinedeck.model.text import clean


class BusImageActing:
    """Implements `core.acting.ImageActing` on one open connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._call = partial(act, connection)

    async def _same(self, image: ImageIdentity) -> None:
        """See that an image is still the one that is meant.

        Raises:
            Failure: NOT_THERE, it is gone, or another one has its name.
        """
        now = None
        try:
            with asked(f"look at the image {clean(image.name)}"):
                values = await self._connection.get_all(MACHINE1, image_path(image.name), IMAGE_INTERFACE)
            created = values.get("CreationTimestamp", 0) or None
            now = ImageIdentity(image.name, clean(values.get("Type", "")), created)
        except Failure as failure:
            if failure.kind is not Kind.NOT_THERE:
                raise
        if now != image:
            raise Failure(
                Kind.NOT_THERE,
                f"The image {clean(image.name)} is not the one it was: it is gone, or was made anew.",
                "Nothing was done. Look at it again first.",
            )

    async def clone(self, image: ImageIdentity, name: str, *, is_read_only: bool) -> None:
        """See `core.acting.ImageActing`."""
        await self._same(image)
        with asked(f"clone {clean(image.name)} to {clean(name)}"):
            await self._call("CloneImage", "ssb", image.name, name, is_read_only)

    async def rename(self, image: ImageIdentity, name: str) -> None:
        """See `core.acting.ImageActing`."""
        await self._same(image)
        with asked(f"rename {clean(image.name)} to {clean(name)}"):
            await self._call("RenameImage", "ss", image.name, name)

    async def remove(self, image: ImageIdentity) -> None:
        """See `core.acting.ImageActing`."""
        await self._same(image)
        with asked(f"remove the image {clean(image.name)}"):
            await self._call("RemoveImage", "s", image.name)

    async def mark_read_only(self, image: ImageIdentity, is_read_only: bool) -> None:
        """See `core.acting.ImageActing`."""
        await self._same(image)
        with asked(f"mark {clean(image.name)} {'read-only' if is_read_only else 'writable'}"):
            await self._call("MarkImageReadOnly", "sb", image.name, is_read_only)

    async def limit_image(self, image: ImageIdentity, size: int | None) -> None:
        """See `core.acting.ImageActing`."""
        await self._same(image)
        with asked(f"limit the size of {clean(image.name)}"):
            await self._call("SetImageLimit", "st", image.name, UNLIMITED if size is None else size)

    async def limit_pool(self, size: int | None) -> None:
        """See `core.acting.ImageActing`."""
        with asked("limit the size of the pool"):
            await self._call("SetPoolLimit", "t", UNLIMITED if size is None else size)

    async def clean(self, mode: str) -> tuple[tuple[str, int | None], ...]:
        """See `core.acting.ImageActing`."""
        with asked(f"clean the pool of {'hidden' if mode == 'hidden' else 'all'} images"):
            (rows,) = await self._call("CleanPool", "s", mode)
        return tuple((clean(name), None if size == UNLIMITED else int(size)) for name, size in rows)

    async def cancel(self, operation: Operation) -> None:
        """See `core.acting.ImageActing`."""
        await operations1.cancel(self._connection, operation)
