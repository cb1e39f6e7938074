"""What a list does not tell of images, asked only of those that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from machinedeck.core.host import Host
from machinedeck.core.repeat import Repeat
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import ImageSizes

ALL = 100
"""Images up to which all are asked for their operating system; of more, those that are seen."""

_AWAY = {Kind.NO_BUS, Kind.NO_SERVICE}
"""Why nobody need be asked before the next list."""


class _Turns:
    """The order in which images are asked: those that gave no answer come last, in turn.

    One whose files lie on a dead mount would keep all that come after it from being asked.
    """

    def __init__(self) -> None:
        self._silent: dict[str, None] = {}

    def order(self, names: Iterable[str]) -> list[str]:
        """The names in the order to ask."""
        wanted = dict.fromkeys(names)
        return [
            *(name for name in wanted if name not in self._silent),
            *(name for name in self._silent if name in wanted),
        ]

    def note(self, name: str, *, is_silent: bool) -> bool:
        """Note whether an answer came; whether to go on to the next, for it was not known to be silent."""
        was_silent = name in self._silent
        self._silent.pop(name, None)
        if is_silent:
            self._silent[name] = None
        return not (is_silent and was_silent)


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
        self._os_turns, self._size_turns = _Turns(), _Turns()

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
        for name in self._os_turns.order(seen if len(self._store.images) > ALL else self._store.images):
            if not self._has_unknown_os(name):
                continue
            system, is_silent = None, False
            try:
                system = await self._host.image_os(name)
            except Failure as failure:
                if failure.kind in _AWAY:
                    return
                is_silent = failure.kind is Kind.TIMED_OUT
            if not is_silent:
                self._store.set_image_os(name, system)
            if not self._os_turns.note(name, is_silent=is_silent):
                return

    async def _read_sizes(self) -> None:
        for name in self._size_turns.order(self._wanted.get(Part.IMAGES, ())):
            image = self._store.images.get(name)
            if image is None or not self._has_unknown_sizes(name):
                continue
            self._stale.discard(name)  # before it is asked: they may change while the answer is on its way
            sizes, is_silent = ImageSizes(None, None, None), False
            try:
                sizes = await self._host.image_sizes(image)
            except Failure as failure:
                is_silent = failure.kind is Kind.TIMED_OUT
                if failure.kind in _AWAY or is_silent:
                    self._stale.add(name)
                if failure.kind in _AWAY:
                    return
            if not is_silent:
                self._store.set_image_sizes(name, sizes)
            if not self._size_turns.note(name, is_silent=is_silent):
                return
