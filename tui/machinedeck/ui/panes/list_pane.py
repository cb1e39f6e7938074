"""Panes that list many things: those that fit the filter, sorted and grouped as the operator likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from machinedeck.core.store import Store
from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.panes.filtering import FilteringTable
from machinedeck.ui.panes.heads import head_row, under_heads
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.widgets.columns import Column
from machinedeck.ui.widgets.rows import HEAD_MARK, Cell, MadeRows, Row, Rows

NO_GROUP = "none"

BY_NAME = "name"
"""The column in whose order `ListPane.things` has them already, wherever it stands."""

T = TypeVar("T")

Order = str | float
"""What things are sorted by."""


class Kept(NamedTuple, Generic[T]):
    """A thing with its fields, which are worked out once for as long as it stays the same."""

    thing: T
    fields: Mapping[str, str]


class ListPane(FilteringTable, Pane, Generic[T]):
    """A list of things that have names.

    Args:
        columns: All columns there can be, in order; `configure` chooses from them.
        id: The widget's id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("less_than_sign", "sort(-1)", show=False),
        Binding("greater_than_sign", "sort(1)", show=False),
        Binding("u", "turn", show=False),
        Binding("f", "group", show=False),
        Binding("escape", "clear", show=False),
    ]
    LARGEST_FIRST: ClassVar[frozenset[str]] = frozenset()
    """Columns that are sorted with the largest first, unless turned round."""
    GROUPS: ClassVar[tuple[str, ...]] = (NO_GROUP,)

    class Seen(Message):
        """Other things are seen than before."""

        def __init__(self, pane: Pane, names: Sequence[str]) -> None:
            super().__init__()
            self.pane = pane
            self.names = tuple(names)

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:
        super().__init__(columns, id=id)
        self._all_columns = {column.key: column for column in columns}
        self.sorted_by = columns[0].key
        self.group = NO_GROUP
        self._store: Store | None = None
        self._now = 0.0
        self._things: Mapping[str, T] = {}
        self._in_order: list[str] | None = None
        self._made = MadeRows()
        self._kept: dict[str, Kept[T]] = {}
        self._told: tuple[str, ...] = ()

    # What the panes differ in

    def things(self, store: Store) -> Mapping[str, T]:
        """All of them by their names, in order of these; the same mapping while the names are the same."""
        raise NotImplementedError

    def fields(self, thing: T) -> Mapping[str, str]:
        """What a filter looks at."""
        raise NotImplementedError

    def order(self, thing: T, column: str) -> Order | None:
        """What a thing is sorted by; None where it is not known, which comes last."""
        raise NotImplementedError

    def cells(self, thing: T) -> Mapping[str, Cell]:
        """The texts of all columns."""
        raise NotImplementedError

    def made_of(self, thing: T) -> object:
        """All that the texts of a thing are made of: as long as it is the same, they are not made anew."""
        return thing

    def group_of(self, thing: T) -> str:
        """The group a thing stands in."""
        return self.fields(thing).get(self.group, "") or UNKNOWN

    def count(self, store: Store) -> str:
        """What the title counts."""
        raise NotImplementedError

    # Showing

    def configure(self, columns: Sequence[str], sort: str, group: str = NO_GROUP) -> None:
        """Choose columns, what is sorted by, and what things stand together by."""
        # Those at the right go first where there is no room.
        self.set_columns([self._all_columns[key]._replace(rank=at) for at, key in enumerate(columns)])
        self._made.clear()
        self.group = group
        self._sort_by(sort)
        self._again()

    def show(self, store: Store, now: float) -> None:
        """See `Pane`."""
        self._store, self._now = store, now
        things = self.things(store)
        if things is not self._things:
            self._things, self._in_order = things, None
            self.marks &= things.keys()
        keys = self._keys()
        self.show_rows(Rows(keys, self._make_row), self._notice(store, keys))
        self._show_titles(store)
        self._tell_seen()

    def _again(self) -> None:
        if self._store is not None:
            self.show(self._store, self._now)

    def _notice(self, store: Store, keys: Sequence[str]) -> str:
        if keys:
            return ""
        if self._things:
            return f"Nothing fits /{clean(self.filter.text)}. Esc shows all."
        return self.reason(store)

    def _fields_of(self, name: str) -> Mapping[str, str]:
        thing, kept = self._things[name], self._kept.get(name)
        if kept is None or kept.thing is not thing:
            kept = self._kept[name] = Kept(thing, self.fields(thing))
        return kept.fields

    def _keys(self) -> list[str]:
        if len(self._kept) > 2 * len(self._things) + 100:
            self._kept.clear()
        if self._in_order is None:
            self._in_order = list(self._things)
        names = self._in_order  # the very same list while nothing comes or goes
        if self.filter.terms:
            self.filter, names = self.filter.apply({name: self._fields_of(name) for name in names})
        names = self._sorted(names)
        if self.group == NO_GROUP:
            return names
        return under_heads(names, lambda name: self.group_of(self._things[name]))

    def _sorted(self, names: list[str]) -> list[str]:
        if self.sorted_by == BY_NAME:
            return names[::-1] if self.is_upside_down else names
        orders = {name: self.order(self._things[name], self.sorted_by) for name in names}
        known = [name for name in names if orders[name] is not None]
        known.sort(key=orders.__getitem__, reverse=self.is_upside_down)  # type: ignore[arg-type]
        return known + [name for name in names if orders[name] is None]

    def _make_row(self, key: str) -> Row:
        if key.startswith(HEAD_MARK):
            return head_row(key)
        thing = self._things[key]
        return self._made.row(key, self.made_of(thing), lambda: self._cells_of(thing))

    def _cells_of(self, thing: T) -> tuple[Cell, ...]:
        cells = self.cells(thing)
        return tuple(cells[column.key] for column in self.columns)

    def _show_titles(self, store: Store) -> None:
        parts = []  # what the operator did comes first: a long title is cut at its end
        if words := self.filter_words():
            parts.append(words)
        if self.marks:
            parts.append(f"{len(self.marked)} marked")
        if self.group != NO_GROUP:
            parts.append(f"by {self.group}")
        if self.PART in store.read:
            parts.append(self.count(store))
        self.show_title(store, " · ".join(parts), self.filter.problem or self.note(store))

    def note(self, store: Store) -> str:
        """What stands below the list, "" for nothing."""
        return ""

    # What is seen

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell what is seen now."""
        super().watch_scroll_y(old_value, new_value)
        self._tell_seen()

    def on_resize(self, event: events.Resize) -> None:
        """See `Table`; more is seen now, or less."""
        super().on_resize(event)
        self._tell_seen()

    def _tell_seen(self) -> None:
        top = self.scroll_offset.y
        seen = tuple(self.rows.keys[top : top + max(self.size.height, 1)])
        if seen != self._told:
            self._told = seen
            self.post_message(self.Seen(self, seen))

    # Keys

    def action_sort(self, by: int) -> None:
        """Sort by the next or previous column."""
        keys = [column.key for column in self.columns]
        at = keys.index(self.sorted_by) if self.sorted_by in keys else 0
        self._sort_by(keys[(at + by) % len(keys)])
        self._again()

    def sort_by(self, column: str) -> None:
        """See `Table`: a second click turns the order round."""
        if column == self.sorted_by:
            self.action_turn()
            return
        self._sort_by(column)
        self._again()

    def _sort_by(self, column: str) -> None:
        self.sorted_by, self.is_upside_down = column, column in self.LARGEST_FIRST
        self.redraw()

    def action_turn(self) -> None:
        """Turn the order round."""
        self.is_upside_down = not self.is_upside_down
        self.redraw()
        self._again()

    def action_group(self) -> None:
        """Have things stand together by something else."""
        self.group = self.GROUPS[(self.GROUPS.index(self.group) + 1) % len(self.GROUPS)]
        self._again()

    def action_clear(self) -> None:
        """Take notices away; if there are none, show all again; if all is shown, take the marks away."""
        from machinedeck.ui.notices import take_away  # noqa: PLC0415 - not needed at start

        if take_away(self.app, younger_too=True):
            return
        if self.filter.text:
            self.show_all()
        else:
            self._set_marks(set())
            self._again()

    def action_mark(self) -> None:
        """See `MarkingTable`."""
        super().action_mark()
        self._again()

    def action_mark_all(self) -> None:
        """See `MarkingTable`."""
        super().action_mark_all()
        self._again()
