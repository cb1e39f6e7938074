"""The part of the main screen that has to do with what is chosen in its lists, and what is wanted of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.message import Message

from machinedeck.core.actions import (
    IMAGE_ACTIONS,
    MACHINE_ACTIONS,
    POOL_ACTIONS,
    SHELL,
    Action,
    Subject,
)
from machinedeck.core.status import Part
from machinedeck.core.tools import TOOLS
from machinedeck.ui.keys import bind_actions
from machinedeck.ui.panes.pane import Pane
from machinedeck.ui.screens.terminals import TerminalScreen
from machinedeck.ui.widgets.marking import MarkingTable
from machinedeck.ui.widgets.table import Table

TABLES: tuple[Sequence[Action[Any]], ...] = (MACHINE_ACTIONS, IMAGE_ACTIONS, POOL_ACTIONS)
"""What can be done in each of the panes."""


class ChoosingScreen(TerminalScreen):
    """A screen with lists in which things are chosen, the machines in the first."""

    panes: tuple[Pane, ...]
    """The lists, in the order of `TABLES`."""
    _pane: int
    """Which of them was used last."""

    class Wanted(Message):
        """The user wants something done to what is chosen."""

        def __init__(self, action: Action[Any], subjects: Sequence[Subject]) -> None:
            super().__init__()
            self.action = action
            self.subjects = subjects

    class WantedMenu(Message):
        """The user wants to see what can be done to what is chosen."""

        def __init__(self, table: Sequence[Action[Any]], subjects: Sequence[Subject]) -> None:
            super().__init__()
            self.table = table
            self.subjects = subjects

    class ToolWanted(Message):
        """The user wants one of the tools, by its id."""

        def __init__(self, tool: str) -> None:
            super().__init__()
            self.tool = tool

    def bind_keys(self, key_of: Callable[[str], str]) -> None:
        """Give panes the keys of their actions, and the screen those of the tools."""
        for pane, table in zip(self.panes, TABLES, strict=True):
            bind_actions(pane, table, key_of)
        for tool in TOOLS:
            self._bindings.bind(key_of(tool.id), f"tool('{tool.id}')", show=False)

    @property
    def subjects(self) -> list[Subject]:
        """What an action is done to: all that is marked in the pane that has the keys, else its row."""
        return self._subjects_of(self.panes[self._pane])

    @property
    def everything(self) -> list[tuple[Sequence[Action[Any]], list[Subject]]]:
        """What can be done in each of the panes, and to what; the one that has the keys comes first."""
        ats = sorted(range(len(self.panes)), key=lambda at: at != self._pane)
        return [(TABLES[at], self._subjects_of(self.panes[at])) for at in ats]

    def _subjects_of(self, pane: Pane) -> list[Subject]:
        marked = pane.marked if isinstance(pane, MarkingTable) else ()
        keys = marked or (pane.current or "",)
        if pane.PART is Part.POOL:
            return [] if self.store.pool is None else [self.store.pool]
        find: Callable[[str], Subject | None] = self.store.images.get
        if pane.PART is Part.MACHINES:
            find = self.store.row
        return [subject for key in keys if (subject := find(key)) is not None]

    @property
    def table(self) -> Sequence[Action[Any]]:
        """What can be done in the pane that has the keys."""
        return TABLES[self._pane]

    def action_act(self, id: str) -> None:
        """Ask for an action on what is chosen."""
        action = next((one for one in self.table if one.id == id), None)
        if action is not None and self.shells.current is None and (subjects := self.subjects):
            self.post_message(self.Wanted(action, subjects))

    def action_menu(self) -> None:
        """Ask for all that can be done to what is chosen."""
        if self.shells.current is None and (subjects := self.subjects):
            self.post_message(self.WantedMenu(self.table, subjects))

    def action_tool(self, id: str) -> None:
        """Ask for a tool; what they are for stands in the lists, but for what goes on."""
        if self.shells.current is None or id == "work":
            self.post_message(self.ToolWanted(id))

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Enter on a machine opens a shell in it, wherever the cursor has gone since; elsewhere the menu."""
        if event.table is not self.panes[0]:
            self.action_menu()
            return
        machine = self.store.row(event.key)
        if machine is not None:
            self.post_message(self.Wanted(SHELL, [machine]))
