"""The keys of actions: each is a key of the pane that shows what it is done to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.binding import Binding
from textual.widget import Widget

from machinedeck.core.actions import Action

CHOOSE = "enter"
"""The key that a table keeps for itself: it tells which row was meant when it was pressed."""


def bind_actions(pane: Widget, table: Sequence[Action[Any]], key_of: Callable[[str], str]) -> None:
    """Give a pane the keys of its actions; they come before those that it has of its own.

    Args:
        pane: The pane.
        table: Its actions.
        key_of: The key of an action, by its id.
    """
    for action in table:
        key = key_of(action.id)
        if key != CHOOSE:
            binding = Binding(key, f"screen.act('{action.id}')", action.label, show=False)
            pane._bindings.key_to_bindings.setdefault(key, []).insert(0, binding)
