"""The machines pane: what runs on the host, and what could."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from machined.contract import HOST_MACHINE
from machinedeck.core.settings import MACHINE_COLUMNS
from machinedeck.core.status import Part
from machinedeck.core.store import Change, Store
from machinedeck.model import format as written
from machinedeck.model.machine import Machine, State
from machinedeck.model.operation import Operation, going_on, how_far
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.model.usage import Usage
from machinedeck.ui.panes.list_pane import NO_GROUP, ListPane, Order
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.rows import Cell

COLUMNS = (
    Column("name", "NAME", 20, 64),
    Column("state", "STATE", 9, 12),
    Column("cpu", "CPU", 5, 7, is_right=True),
    Column("memory", "MEMORY", 7, 7, is_right=True),
    Column("tasks", "TASKS", 6, 6, is_right=True),
    Column("addresses", "ADDRESSES", 18, 44),
    Column("since", "SINCE", 6, 8, is_right=True),
    Column("os", "OS", 20, 40),
    Column("class", "CLASS", 9, 10),
    Column("service", "SERVICE", 14, 20),
    Column("image", "IMAGE", 12, 40),
)

LEASTS = {column.key: column.least for column in COLUMNS}
"""How narrow columns may be drawn."""

DOING_LEASTS = {**LEASTS, "name": 19, "state": 12}
"""The same while the row of a machine says what is done to it, which is longer than any state."""

_LOOKS = {
    State.RUNNING: ("●", "good"),
    State.OPENING: ("◐", "warn"),
    State.CLOSING: ("◑", "warn"),
    State.STOPPED: ("○", "faint"),
    State.FAILED: ("✗", "bad"),
    State.UNKNOWN: ("·", "faint"),
}


class MachinesPane(ListPane[Machine]):
    """Every machine, running or not, one line each."""

    PART = Part.MACHINES
    TITLE = "Machines"
    LARGEST_FIRST: ClassVar[frozenset[str]] = frozenset({"cpu", "memory", "tasks"})
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"name", "class", "state", "os", "addresses", "service", "image"}
    )
    GROUPS: ClassVar[tuple[str, ...]] = (NO_GROUP, "class", "state", "os")

    def __init__(self, *, id: str) -> None:
        super().__init__(COLUMNS, id=id)
        self.configure(MACHINE_COLUMNS, "name")

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        leasts = DOING_LEASTS if store.doing else LEASTS
        self.set_columns([column._replace(least=leasts[column.key]) for column in self.columns])
        super().show(store, now)

    def is_concerned(self, change: Change, store: Store) -> bool:
        """See `Pane`: what machines use is shown here too."""
        return change.is_usage or super().is_concerned(change, store)

    @property
    def nothing(self) -> str:
        """See `Pane`."""
        return "No machine runs here, and there is no image to start one from."

    def things(self, store: Store) -> Mapping[str, Machine]:
        """See `ListPane`."""
        machines = store.by_name()
        if not store.doing:
            return machines
        # New objects where something is done to them: the word for the state was worked out for the old ones
        done_to = {name: machines[name] for name in store.doing if name in machines}
        return {**machines, **{name: one._replace(state=one.state) for name, one in done_to.items()}}

    def fields(self, thing: Machine) -> Mapping[str, str]:
        """See `ListPane`."""
        return {
            "name": thing.name,
            "class": thing.kind,
            "state": self._doing(thing) or str(thing.state),
            "os": "" if thing.os is None else thing.os.name,
            "addresses": " ".join(thing.addresses or ()),
            "service": thing.service,
            "image": thing.image,
        }

    def _usage(self, thing: Machine) -> Usage | None:
        """What it uses; of what has just ended there may be a last look, which is no news any more."""
        if self._store is None or not thing.state.is_registered:
            return None
        return self._store.usage.get(thing.name)

    def order(self, thing: Machine, column: str) -> Order | None:
        """See `ListPane`."""
        if column in self.LARGEST_FIRST:
            usage = self._usage(thing)
            return None if usage is None else getattr(usage, column)
        if column == "since":
            return -thing.timestamp if thing.timestamp else None
        return self.fields(thing)[column].casefold() or None

    def can_mark(self, key: str) -> bool:
        """See `MarkingTable`: what is done to many is never meant for the host itself."""
        return key != HOST_MACHINE and super().can_mark(key)

    def _keys(self) -> list[str]:
        """The host itself comes last, however the others are sorted."""
        keys = super()._keys()
        is_listed = self.group == NO_GROUP and HOST_MACHINE in self._things and keys[-1:] != [HOST_MACHINE]
        if is_listed and HOST_MACHINE in keys:
            return [*(key for key in keys if key != HOST_MACHINE), HOST_MACHINE]
        return keys

    def _notice(self, store: Store, keys: Sequence[str]) -> str:
        """The host alone is not what is looked for here."""
        notice = super()._notice(store, keys)
        return self.reason(store) if not notice and self._things.keys() == {HOST_MACHINE} else notice

    def count(self, store: Store) -> str:
        """How many there are of each state; one whose state was not read yet was listed, so it runs."""
        states = store.states()
        states[State.RUNNING] += states[State.UNKNOWN]
        always = {State.RUNNING, State.STOPPED}
        return ", ".join(f"{states[one]} {one}" for one in _LOOKS if one and (states[one] or one in always))

    def made_of(self, thing: Machine) -> object:
        """See `ListPane`: what it uses, how long it runs and what is done to it are shown too."""
        usage = self._usage(thing)
        return thing, usage, written.since(thing.timestamp, self._now), self._state(thing)

    def note(self, store: Store) -> str:
        """See `ListPane`: copies that go on."""
        return going_on([one for one in store.operations.values() if one.is_copy])

    def _doing(self, thing: Machine) -> str:
        """What is done to it from here, in a word that its row says all the while; "" for nothing."""
        return "" if self._store is None else self._store.doing.get(thing.name, "")

    def _state(self, thing: Machine) -> Cell:
        """The state, or what is done to it just now."""
        if self._store is not None and (copy := _copy_of(self._store, thing.name)) is not None:
            return Cell(f"⇄ {how_far(copy) or 'copy'}", "warn")
        if word := self._doing(thing):
            return Cell(f"↻ {word}", "warn")
        glyph, tone = _LOOKS[thing.state]
        return Cell(f"{glyph} {thing.state or UNKNOWN}", tone)

    def cells(self, thing: Machine) -> Mapping[str, Cell]:
        """See `ListPane`."""
        faint = "" if thing.state.is_registered else "faint"
        usage = self._usage(thing)
        about = "~" if usage is not None and usage.is_summed else ""
        cpu, memory, tasks = (None, None, None) if usage is None else usage[:3]
        return {
            "name": Cell(clean(thing.name), faint or "strong"),
            "state": self._state(thing),
            "cpu": Cell(about + written.per_cent(cpu) if cpu is not None else UNKNOWN, faint),
            "memory": Cell(about + written.amount(memory) if memory is not None else UNKNOWN, faint),
            "tasks": Cell(f"{about}{tasks}" if tasks is not None else UNKNOWN, faint),
            "os": Cell(written.os_name(thing.os), faint),
            "addresses": Cell(written.addresses(thing.addresses), faint),
            "since": Cell(written.since(thing.timestamp, self._now), faint),
            "class": Cell(thing.kind or UNKNOWN, faint),
            "service": Cell(thing.service or UNKNOWN, faint),
            "image": Cell(clean(thing.image) or UNKNOWN, faint),
        }


def _copy_of(store: Store, name: str) -> Operation | None:
    """The copy to or from a machine that began first; None where there is none."""
    return next((one for one in store.operations.values() if one.is_copy and one.subject == name), None)
