"""What a list does not tell of images, asked only of those that are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from machinedeck.core.host import Host
from machinedeck.core.repeat import Repeat
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Image, ImageSizes

ALL = 100
"""Images up to which all are asked for their operating system; of more, those that are seen."""

_AGAIN = {Kind.NO_BUS, Kind.NO_SERVICE, Kind.TIMED_OUT}
"""Why an image is asked again with the next list."""


class ImageDetails:
    """Reads the details of images into the store.

    Args:
        host: What to ask.
        store: Where to write.
        on_crash: Told of errors in the program.
    """

    def __init__(self, host: Host, store: Store, on_crash: Callable[[BaseException], None]) -> None:
        self._host = host
        self._store = store
        self._os = Repeat("read image OS", self._read_os, on_crash)
        self._sizes = Repeat("read image sizes", self._read_sizes, on_crash)
        self._wanted: dict[Part, tuple[str, ...]] = {}
        self._stale: set[str] = set()

    def ask(self) -> None:
        """Ask what is not known yet."""
        self._os.ask()
        self._sizes.ask()

    def renew(self) -> None:
        """Ask what is not known yet, and the sizes anew: no list and no signal tells that a limit was set."""
        self._stale = set(self._store.image_sizes)
        self.ask()

    def cancel(self) -> None:
        """Ask no more until the next `ask`."""
        self._os.cancel()
        self._sizes.cancel()

    def want(self, part: Part, names: Sequence[str]) -> None:
        """Say what is seen now of the list of machines, or of images."""
        self._wanted[part] = tuple(names)
        if any(self._has_unknown_os(name) for name in names):
            self._os.ask()
        if part is Part.IMAGES and any(self._has_unknown_sizes(name) for name in names):
            self._sizes.ask()

    def seen(self, part: Part) -> tuple[str, ...]:
        """The names that were said to be seen of a list."""
        return self._wanted.get(part, ())

    def _has_unknown_os(self, name: str) -> bool:
        """Whether it can be asked and was not: only folders, whose files lie open, and none that runs."""
        image = self._store.images.get(name)
        return (
            image is not None
            and name not in self._store.image_os
            and name not in self._store.registered
            and image.is_startable
            and image.is_folder
        )

    def _has_unknown_sizes(self, name: str) -> bool:
        is_known = name in self._store.image_sizes and name not in self._stale
        return name in self._store.images and not is_known

    async def _read_os(self) -> None:
        seen = (*self._wanted.get(Part.MACHINES, ()), *self._wanted.get(Part.IMAGES, ()))
        for name in seen if len(self._store.images) > ALL else tuple(self._store.images):
            if not self._has_unknown_os(name):
                continue
            try:
                self._store.set_image_os(name, await self._host.image_os(name))
            except Failure as failure:
                if failure.kind in _AGAIN:
                    return
                self._store.set_image_os(name, None)

    async def _read_sizes(self) -> None:
        for name in self._wanted.get(Part.IMAGES, ()):
            image = self._store.images.get(name)
            if image is None or not self._has_unknown_sizes(name):
                continue
            self._stale.discard(name)  # before it is asked: they may change while the answer is on its way
            sizes = await self._sizes_of(image)
            if sizes is None:
                self._stale.add(name)
                return
            self._store.set_image_sizes(name, sizes)

    async def _sizes_of(self, image: Image) -> ImageSizes | None:
        try:
            return await self._host.image_sizes(image)
        except Failure as failure:
            return None if failure.kind in _AGAIN else ImageSizes(None, None, None)
