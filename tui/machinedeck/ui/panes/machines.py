"""The machines pane: what runs on the host, and what could."""

from __future__ import annotations

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.model.machine import Machine, State
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.table import Cell, Row

COLUMNS = (
    Column("name", "NAME", 8, 40),
    Column("state", "STATE", 9, 9),
    Column("os", "OS", 18, 40, rank=3),
    Column("addresses", "ADDRESSES", 11, 44, rank=2),
    Column("since", "SINCE", 6, 8, rank=1, is_right=True),
    Column("class", "CLASS", 9, 10, rank=4),
    Column("service", "SERVICE", 14, 20, rank=5),
)

_LOOKS = {
    State.RUNNING: ("●", "good"),
    State.OPENING: ("◐", "warn"),
    State.CLOSING: ("◑", "warn"),
    State.STOPPED: ("○", "faint"),
    State.UNKNOWN: ("·", "faint"),
}


class MachinesPane(Pane):
    """Every machine, running or not, one line each."""

    PART = Part.MACHINES
    TITLE = "Machines"

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)

    @property
    def nothing(self) -> str:
        """See `Pane`."""
        return "No machine runs here, and there is no image to start one from."

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        machines = store.rows()
        running = sum(machine.state.is_registered for machine in machines)
        is_known = Part.MACHINES in store.read
        self.show_title(store, f"{running} running, {len(machines) - running} stopped" if is_known else "")
        self.show_rows([_row(machine, now) for machine in machines], self.reason(store))


def _row(machine: Machine, now: float) -> Row:
    glyph, tone = _LOOKS[machine.state]
    faint = "faint" if machine.state is State.STOPPED else ""
    return Row(
        machine.name,
        (
            Cell(clean(machine.name), faint or "strong"),
            Cell(f"{glyph} {machine.state or UNKNOWN}", tone),
            Cell(written.os_name(machine.os), faint),
            Cell(written.addresses(machine.addresses), faint),
            Cell(written.since(machine.timestamp, now), faint),
            Cell(machine.kind or UNKNOWN, faint),
            Cell(machine.service or UNKNOWN, faint),
        ),
    )
