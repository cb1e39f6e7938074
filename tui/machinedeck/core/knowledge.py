"""What is known of the host, for whoever shows it or asks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from machined.contract import HOST_MACHINE
from machinedeck.core.status import Part, Status
from machinedeck.model.failure import Failure
from machinedeck.model.image import Image, ImageSizes, Pool, Space
from machinedeck.model.machine import Machine, OperatingSystem, State, nspawn_service
from machinedeck.model.operation import Operation
from machinedeck.model.usage import Usage


class Knowledge:
    """Machines, images and the pool as they were last told, and the rows that lists make of them.

    What is worked out from it is kept until `Store`, which alone writes, says that it is another.
    """

    def __init__(self) -> None:
        self.status = Status()
        self.registered: dict[str, Machine] = {}
        """Machines the service knows, by name, the host itself left out."""
        self.images: dict[str, Image] = {}
        """Every image by name, hidden ones too."""
        self.pool: Pool | None = None
        self.image_os: dict[str, OperatingSystem | None] = {}
        """The operating system of images that were asked."""
        self.operations: dict[int, Operation] = {}
        """Long work that is going on, by number."""
        self.usage: dict[str, Usage] = {}
        """What machines use now, by name."""
        self.doing: dict[str, str] = {}
        """What is done to machines from here through several states of theirs, in a word, by name."""
        self.host: Machine | None = None
        """The host itself, where the service lists it."""
        self.failed: frozenset[str] = frozenset()
        """Names of machines whose unit failed."""
        self.image_sizes: dict[str, ImageSizes] = {}
        """Sizes and limits of images that were looked at."""
        self.space: Space | None = None
        """The file system of the pool, where it is one of this very host."""
        self.pool_usage: tuple[int, ...] = ()
        """What the pool used, each time it was something else, the oldest first."""
        self._rows: dict[str, Machine] | None = None
        self._runners: dict[str, str] | None = None
        self._units: dict[str, list[str]] | None = None
        self._idle: dict[str, Machine] = {}
        self._idle_states: Counter[State] = Counter()
        self.failures: dict[Part, Failure] = {}
        """Parts that could not be read, and why."""
        self.read: set[Part] = set()
        """Parts that were read at least once: an empty one of these is truly empty."""

    def rows(self) -> list[Machine]:
        """Registered machines and images that could run but do not, by name; last the host itself."""
        return list(self.by_name().values())

    def row(self, name: str | None) -> Machine | None:
        """One of `rows`; None where there is none of that name."""
        return None if name is None else self.by_name().get(name)

    def running(self, name: str) -> Machine | None:
        """A machine that is registered, the host itself among them; None where there is none of that name."""
        machine = self.row(name)
        return machine if machine is not None and machine.state.is_registered else None

    def states(self) -> Counter[State]:
        """How many of `rows` are in each state, the host itself left out."""
        counts = self._idle_states.copy()
        counts.update(machine.state for machine in self.registered.values())
        counts.subtract(self._idle[name].state for name in self.registered if name in self._idle)
        return counts

    def runners(self) -> Mapping[str, str]:
        """The machines that run from images, by these: by their folder's name, else by their own.

        As long as it says the same it is the same mapping.
        """
        if self._runners is None:
            self._runners = {one.image or one.name: one.name for one in self.registered.values()}
        return self._runners

    def of_unit(self, unit: str) -> Sequence[str]:
        """The names of the machines that a unit runs."""
        if self._units is None:
            self._units = {}
            for machine in self.registered.values():
                self._units.setdefault(machine.unit, []).append(machine.name)
        return self._units.get(unit, ())

    def by_name(self) -> Mapping[str, Machine]:
        """`rows` by their names.

        As long as it has the same names it is the same mapping, in which what is known of them changes.
        """
        if self._rows is None:
            meanwhile = {name: Machine(name, State.STOPPED, "container") for name in self.doing}
            rows = meanwhile | self._idle | self.registered
            self._rows = {name: rows[name] for name in sorted(rows)}
            if self.host is not None:
                self._rows[HOST_MACHINE] = self.host
        return self._rows

    def visible_images(self) -> list[Image]:
        """The images pane: all but the hidden ones, by name."""
        return [image for image in self.listed_images() if not image.is_hidden]

    def listed_images(self) -> list[Image]:
        """Every image, by name."""
        return [self.images[name] for name in sorted(self.images)]

    def _forget_rows(self) -> None:
        """Have all that is worked out from the registered machines worked out anew: they are others."""
        self._rows = self._runners = self._units = None

    def _find_idle(self) -> None:
        """Note which machines could run, kept until images, or units that failed, are others."""
        startable = {name for name, image in self.images.items() if image.is_startable}
        self._idle = {
            name: Machine(
                name=name,
                state=State.FAILED if name in self.failed else State.STOPPED,
                kind="container",
                unit=nspawn_service(name) if name in self.failed else "",
                os=self.image_os.get(name),
            )
            for name in startable | self.failed
        }
        self._idle_states = Counter(machine.state for machine in self._idle.values())
        self._rows = None
