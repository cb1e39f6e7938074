"""The images pane: what machines can be started from."""

from __future__ import annotations

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.model.image import Image
from machinedeck.model.operation import going_on
from machinedeck.model.text import clean
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.table import Cell, Row

COLUMNS = (
    Column("name", "NAME", 16, 64),
    Column("type", "TYPE", 9, 10, rank=1),
    Column("ro", "RO", 3, 3, rank=2),
    Column("size", "SIZE", 6, 8, rank=3, is_right=True),
    Column("created", "CREATED", 16, 16, rank=4),
)


class ImagesPane(Pane):
    """Every image that is not hidden, one line each."""

    PART = Part.IMAGES
    TITLE = "Images"

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)

    @property
    def nothing(self) -> str:
        """See `Pane`."""
        return "No images."

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        images = store.visible_images()
        count = str(len(images)) if Part.IMAGES in store.read else ""
        self.show_title(store, count, going_on(list(store.operations.values())))
        self.show_rows([_row(image) for image in images], self.reason(store))


def _row(image: Image) -> Row:
    return Row(
        image.name,
        (
            Cell(clean(image.name), "strong"),
            Cell(image.type),
            Cell("yes" if image.is_read_only else "no", "warn" if image.is_read_only else "faint"),
            Cell(written.size(image.usage)),
            Cell(written.moment(image.created)),
        ),
    )
