"""The images pane: what machines can be started from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from machined.contract import HOST_MACHINE
from machinedeck.core.settings import IMAGE_COLUMNS
from machinedeck.core.status import Part
from machinedeck.core.store import Change, Store
from machinedeck.model import format as written
from machinedeck.model.image import Image, ImageSizes
from machinedeck.model.machine import OperatingSystem
from machinedeck.model.operation import going_on
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.panes.list_pane import NO_GROUP, ListPane, Order
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.rows import Cell

COLUMNS = (
    Column("name", "NAME", 16, 64),
    Column("type", "TYPE", 9, 10),
    Column("ro", "RO", 3, 4),
    Column("size", "SIZE", 6, 8, is_right=True),
    Column("exclusive", "OWN", 6, 8, is_right=True),
    Column("limit", "LIMIT", 6, 8, is_right=True),
    Column("created", "CREATED", 16, 16),
    Column("modified", "MODIFIED", 16, 16),
    Column("os", "OS", 16, 40),
    Column("machine", "MACHINE", 12, 32),
)

UNREAD = ImageSizes(None, None, None)


class Listed(NamedTuple):
    """An image with what is known of it from elsewhere."""

    image: Image
    os: OperatingSystem | None
    machine: str
    """What runs from it, "" for nothing."""
    sizes: ImageSizes | None


class ImagesPane(ListPane[Listed]):
    """Every image, one line each; hidden ones where wanted."""

    PART = Part.IMAGES
    TITLE = "Images"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("full_stop", "hidden", show=False)]
    LARGEST_FIRST: ClassVar[frozenset[str]] = frozenset({"size", "exclusive", "limit", "created", "modified"})
    FIELDS: ClassVar[frozenset[str]] = frozenset({"name", "type", "ro", "os", "machine"})
    GROUPS: ClassVar[tuple[str, ...]] = (NO_GROUP, "type", "os")

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)
        self.shows_hidden = False
        """Whether hidden ones are listed too."""
        self._listed: dict[str, Listed] = {}
        self._runners: Mapping[str, str] = {}
        self.configure(IMAGE_COLUMNS, "name")

    @property
    def nothing(self) -> str:
        """See `Pane`."""
        return "No images."

    def things(self, store: Store) -> Mapping[str, Listed]:
        """See `ListPane`."""
        self._runners = runners = store.runners()
        images = store.listed_images() if self.shows_hidden else store.visible_images()
        listed: dict[str, Listed] = {}
        for image in images:
            name = image.name
            runner = HOST_MACHINE if name == HOST_MACHINE else runners.get(name, "")
            machine = store.registered.get(name)
            system = store.image_os.get(name) if machine is None else machine.os
            new = Listed(image, system, runner, store.image_sizes.get(name))
            known = self._listed.get(name)
            listed[name] = known if known == new else new  # the same object where it is the same
        self._listed = listed
        return listed

    def is_concerned(self, change: Change, store: Store) -> bool:
        """See `Pane`: which machines run from images is shown here too."""
        now = store.runners()
        is_other = now is not self._runners and now != self._runners
        return is_other or super().is_concerned(change, store)

    def fields(self, thing: Listed) -> Mapping[str, str]:
        """See `ListPane`."""
        return {
            "name": thing.image.name,
            "type": thing.image.type,
            "ro": "yes" if thing.image.is_read_only else "no",
            "os": "" if thing.os is None else thing.os.name,
            "machine": thing.machine,
        }

    def order(self, thing: Listed, column: str) -> Order | None:
        """See `ListPane`."""
        sizes = thing.sizes or UNREAD
        numbers = {
            "size": thing.image.usage,
            "exclusive": sizes.exclusive,
            "limit": sizes.limit,
            "created": thing.image.created,
            "modified": thing.image.modified,
        }
        return numbers[column] if column in numbers else self.fields(thing)[column].casefold() or None

    def count(self, store: Store) -> str:
        """How many there are, and how many are hidden."""
        visible = sum(not one.image.is_hidden for one in self._things.values())
        hidden = len(self._things) - visible
        return f"{visible}, {hidden} hidden" if self.shows_hidden else str(visible)

    def note(self, store: Store) -> str:
        """See `ListPane`: long work that goes on."""
        return going_on([one for one in store.operations.values() if not one.is_copy])

    def action_hidden(self) -> None:
        """List hidden images too, or no more."""
        self.shows_hidden = not self.shows_hidden
        self._again()

    def cells(self, thing: Listed) -> Mapping[str, Cell]:
        """See `ListPane`."""
        image, sizes = thing.image, thing.sizes or UNREAD
        return {
            "name": Cell(clean(image.name), "faint" if image.is_hidden else "strong"),
            "type": Cell(image.type),
            "ro": Cell("yes" if image.is_read_only else "no", "warn" if image.is_read_only else "faint"),
            "size": Cell(written.size(image.usage)),
            "exclusive": Cell(written.size(sizes.exclusive)),
            "limit": Cell(written.size(sizes.limit)),
            "created": Cell(written.moment(image.created)),
            "modified": Cell(written.moment(image.modified)),
            "os": Cell(written.os_name(thing.os)),
            "machine": Cell(clean(thing.machine) or UNKNOWN, "good" if thing.machine else "faint"),
        }
