"""The machines pane: what runs on the host, and what could."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.model.machine import Machine, State
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.table import Cell, Row

COLUMNS = (
    Column("name", "NAME", 16, 64),
    Column("state", "STATE", 9, 9),
    Column("os", "OS", 20, 40, rank=3),
    Column("addresses", "ADDRESSES", 18, 44, rank=2),
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
        self.show_title(store, _count(machines) if Part.MACHINES in store.read else "")
        self.show_rows([_row(machine, now) for machine in machines], self.reason(store))


def _count(machines: Sequence[Machine]) -> str:
    """How many there are of each kind; one whose state was not read yet was listed, so it runs."""
    states: Counter[State] = Counter(
        State.RUNNING if one.state is State.UNKNOWN else one.state for one in machines
    )
    always = {State.RUNNING, State.STOPPED}
    return ", ".join(f"{states[one]} {one}" for one in _LOOKS if one and (states[one] or one in always))


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
