"""The pool pane: where images are kept, how full it is, and what could go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from machinedeck.core.actions import would_go
from machinedeck.core.status import Part
from machinedeck.core.store import Change, Store
from machinedeck.model import format as written
from machinedeck.model.image import Image, Pool
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.rows import Cell, Row, rows_of

COLUMNS = (Column("what", "POOL", 7, 9), Column("value", "", 6, 60))

BIGGEST = 3
"""How many of the biggest images are named."""

FOLLOWED = 200
"""Images below which what could go is worked out anew for each machine that comes or goes."""

GAUGE = 8
"""Characters of the gauge."""

_HEIGHTS = "▁▂▃▄▅▆▇█"


class PoolPane(Pane):
    """The pool's path, usage and limit, its file system, its biggest images and what `clean` would free."""

    PART = Part.POOL
    TITLE = "Pool"

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)
        self._shown_images: Mapping[str, Image] | None = None
        self._registered_count = 0

    def is_concerned(self, change: Change, store: Store) -> bool:
        """See `Pane`: how large images are, and how many could go, is shown here too."""
        is_other_count = self._registered_count != len(store.registered) and len(store.images) < FOLLOWED
        return is_other_count or self._shown_images is not store.images or super().is_concerned(change, store)

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        self.show_title(store, "")
        pool, self._shown_images, self._registered_count = store.pool, store.images, len(store.registered)
        pairs = [] if pool is None else [*_size(pool, store), *_images(store)]
        rows = [Row(f"{at} {what}", (Cell(what, "faint"), cell)) for at, (what, cell) in enumerate(pairs)]
        self.show_rows(rows_of(rows), "" if rows else self.reason(store))


def _size(pool: Pool, store: Store) -> Iterator[tuple[str, Cell]]:
    yield "path", Cell(pool.path)
    yield "usage", _usage(pool)
    yield "limit", Cell(written.size_or(pool.limit, UNKNOWN if pool.usage is None else "none"))
    if len(store.pool_usage) > 1:
        yield "history", Cell(_history(store.pool_usage), "good")
    if (space := store.space) is not None:
        free, size = written.size(space.free), written.size(space.size)
        is_short = space.free * 10 < space.size
        yield "free", Cell(f"{free} of {size} on {clean(space.type)}", "warn" if is_short else "")


def _usage(pool: Pool) -> Cell:
    if pool.usage is None:
        return Cell("not counted", "faint")
    if not pool.limit:
        return Cell(written.size(pool.usage))
    share = pool.usage / pool.limit
    full = min(GAUGE, round(share * GAUGE))
    tone = "bad" if share >= 0.95 else "warn" if share >= 0.8 else ""
    gauge = "█" * full + "─" * (GAUGE - full)
    return Cell(f"{written.size(pool.usage)} {share:.0%} {gauge}", tone)


def _history(usages: Sequence[int]) -> str:
    """What the pool used, from its least to its most, as a line of bars."""
    least, most = min(usages), max(usages)
    top = len(_HEIGHTS) - 1
    return "".join(_HEIGHTS[(usage - least) * top // max(1, most - least)] for usage in usages)


def _images(store: Store) -> Iterator[tuple[str, Cell]]:
    if Part.IMAGES not in store.read:
        return
    for what, label in (("hidden", "clean"), ("all", "clean all")):
        yield label, Cell(_freed(would_go(store, what)))
    sized = [image for image in store.images.values() if image.usage is not None]
    for image in sorted(sized, key=lambda image: -(image.usage or 0))[:BIGGEST]:
        yield "biggest", Cell(f"{written.size(image.usage)} {clean(image.name)}")


def _freed(images: Sequence[Image]) -> str:
    """What deleting images would free, as far as their sizes are known."""
    if not images:
        return "nothing to free"
    sizes = [image.usage for image in images if image.usage is not None]
    count = "1 image" if len(images) == 1 else f"{len(images)} images"
    if not sizes:
        return f"{count}, sizes unknown"
    least = "" if len(sizes) == len(images) else "at least "
    return f"{count}, {least}{written.size(sum(sizes))}"
