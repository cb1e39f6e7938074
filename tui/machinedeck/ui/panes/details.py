"""The details of what is selected: its properties, processes and addresses, and what was done to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from machinedeck.core.actions import name_of
from machinedeck.core.inspector import Inspection, Running
from machinedeck.core.status import Part
from machinedeck.model import format as written
from machinedeck.model.deed import Deed
from machinedeck.model.image import Image, Pool
from machinedeck.model.machine import Machine, State
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.model.usage import Process, Usage
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.rows import HEAD_MARK, Cell, Row, Rows, rows_of

COLUMNS = (
    Column("what", "", 8, 24),
    Column("value", "", 20, 400),
    Column("cpu", "CPU", 5, 7, rank=2, is_right=True),
    Column("memory", "MEMORY", 6, 7, rank=1, is_right=True),
)

WITHOUT_PROCESSES = (*COLUMNS[:2], *(column._replace(label="", least=0, most=0) for column in COLUMNS[2:]))
"""The same where nothing has a number in them; the cursor keeps to its row when they come."""

LONGEST = 400
"""Characters of a value that are shown."""


class DetailsPane(Pane):
    """All that is known of one machine, image or the pool."""

    PART = Part.MACHINES
    TITLE = "Details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "signal", show=False),
        Binding("escape", "leave", show=False),
    ]

    class SignalWanted(Message):
        """The user wants to send a signal to a process of the machine."""

        def __init__(self, process: Process) -> None:
            super().__init__()
            self.process = process

    class Left(Message):
        """The user is done with the details."""

    def __init__(self, *, id: str) -> None:
        super().__init__(WITHOUT_PROCESSES, id=id)
        self._processes: dict[str, Process] = {}
        self._whole: dict[str, str] = {}
        self._shown: tuple[type, str] | None = None

    @property
    def value(self) -> tuple[str, str] | None:
        """What stands under the cursor: what it is, and all of it, however much of that is shown."""
        key = self.current
        if key is None:
            return None
        what, value = (cell.text for cell in self.rows[self.rows.keys.index(key)].cells[:2])
        if (process := self._processes.get(key)) is not None:
            return what, clean(process.command)
        return what, self._whole.get(key, value.strip())

    def show_reading(self, subject: Machine | Image | Pool | None) -> None:
        """Say of whom the details are, if of anyone, before anything is found."""
        self._show_words("" if subject is None else clean(name_of(subject)), "")
        self._processes, self._whole = {}, {}
        self.set_columns(WITHOUT_PROCESSES)
        self.show_rows(rows_of([]), "Nothing is chosen." if subject is None else "Reading …")

    def show_inspection(self, found: Inspection, usage: Usage | None, deeds: Iterable[Deed]) -> None:
        """Draw what was found of a subject, what it uses, and what was done to it from here."""
        name = clean(name_of(found.subject))
        shown = type(found.subject), name_of(found.subject)
        if shown != self._shown:
            self._shown = shown
            self.go(0)
            self.rows = rows_of([])  # the cursor stays on no row of another's
        self._show_words(name, clean(found.trouble, 200))
        processes = {_key(one): one for one in found.processes}
        self._processes = {key: one.branch.process for key, one in processes.items()}
        self.set_columns(COLUMNS if processes else WITHOUT_PROCESSES)
        self._whole = {f"property {name}": value for name, value in found.properties}
        above = list(_section("what it uses", _usage(usage) if isinstance(found.subject, Machine) else ()))
        if processes:
            above.append(_head("processes", len(processes)))
        below = [
            *_section("addresses", _addresses(found)),
            *_section("properties", _properties(found)),
            *_section("done from here", _deeds(deeds)),
        ]
        made = {row.key: row for row in (*above, *below)}
        keys = [*(row.key for row in above), *processes, *(row.key for row in below)]
        # Of processes there may be many thousands: those that are seen are made
        rows = Rows(keys, lambda key: made[key] if key in made else _process(processes[key]))
        self.show_rows(rows, "Nothing more is known." if not keys else "")

    def action_signal(self) -> None:
        """Ask for a signal to the process under the cursor."""
        process = self._processes.get(self.current or "")
        if process is not None:
            self.post_message(self.SignalWanted(process))

    def action_leave(self) -> None:
        """Go back to the lists."""
        self.post_message(self.Left())


def _section(title: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows below a head line, which is left out where there are none."""
    listed = list(rows)
    if listed:
        yield _head(title)
        yield from listed


def _head(title: str, count: int | None = None) -> Row:
    counted = "" if count is None else f" · {count}"
    return Row(f"{HEAD_MARK}{title}", (Cell(f"── {title}{counted}", "faint"),))


def _pair(key: str, what: str, value: str, tone: str = "") -> Row:
    return Row(key, (Cell(what, "faint"), Cell(value, tone), Cell(""), Cell("")))


def _usage(usage: Usage | None) -> Iterator[Row]:
    if usage is None:
        return
    about = "~" if usage.is_summed else ""
    cpu = "not counted yet" if usage.cpu is None else about + written.per_cent(usage.cpu)
    memory = "not counted" if usage.memory is None else about + written.amount(usage.memory)
    tasks = "not counted" if usage.tasks is None else f"{about}{usage.tasks}"
    for what, value in (("CPU", cpu), ("memory", memory), ("tasks", tasks)):
        yield _pair(f"usage {what}", what, value)


def _key(one: Running) -> str:
    return f"process {one.branch.process.pid} {one.branch.process.started}"


def _process(one: Running) -> Row:
    process = one.branch.process
    command = "  " * min(one.branch.depth, 20) + clean(process.command, LONGEST)
    return Row(
        _key(one),
        (
            Cell(str(process.pid), "faint"),
            Cell(command),
            Cell(UNKNOWN if one.cpu is None else written.per_cent(one.cpu)),
            Cell(UNKNOWN if process.memory is None else written.amount(process.memory)),
        ),
    )


def _addresses(found: Inspection) -> Iterator[Row]:
    if isinstance(found.subject, Machine):
        for at, address in enumerate(found.subject.addresses or ()):
            yield _pair(f"address {at}", "address", clean(address))
    for at, name in enumerate(found.interfaces):
        yield _pair(f"interface {at}", "host's end", clean(name))


def _properties(found: Inspection) -> Iterator[Row]:
    if isinstance(found.subject, Machine | Image) and not found.properties and not found.trouble:
        kind = "state" if isinstance(found.subject, Machine) else "type"
        value = found.subject.state if isinstance(found.subject, Machine) else found.subject.type
        yield _pair(kind, kind, str(value))
    if isinstance(found.subject, Machine) and found.subject.state is State.FAILED:
        yield _pair("unit", "unit", clean(found.subject.unit), "bad")
        yield _pair("why", "why", f"systemctl status {shlex.quote(clean(found.subject.unit))} tells", "faint")
    if isinstance(found.subject, Machine) and found.subject.os is not None:
        yield _pair("os", "OS", found.subject.os.name)
    for name, value in found.properties:
        yield _pair(f"property {name}", clean(name, 40), clean(value, LONGEST))


def _deeds(deeds: Iterable[Deed]) -> Iterator[Row]:
    for at, deed in enumerate(deeds):
        began = datetime.fromtimestamp(deed.began).strftime("%H:%M:%S")
        result = deed.result or "going on"
        yield _pair(f"deed {at}", began, f"{result}: {deed.command}", "" if deed.is_done else "warn")
