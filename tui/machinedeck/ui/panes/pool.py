"""The pool pane: where images are kept, and how full it is."""

from __future__ import annotations

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.table import Cell, Row

COLUMNS = (Column("what", "POOL", 5, 5), Column("value", "", 6, 60))


class PoolPane(Pane):
    """The pool's path, usage and limit."""

    PART = Part.POOL
    TITLE = "Pool"

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        self.show_title(store, "")
        pool = store.pool
        rows = []
        if pool is not None:
            limit = "unknown" if pool.usage is None else "none"
            for what, value in (
                ("path", pool.path),
                ("usage", written.size_or(pool.usage, "unknown")),
                ("limit", written.size_or(pool.limit, limit)),
            ):
                rows.append(Row(what, (Cell(what, "faint"), Cell(value))))
        self.show_rows(rows, self.reason(store))
