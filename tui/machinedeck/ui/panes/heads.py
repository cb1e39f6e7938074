"""The head lines of a list whose things stand together by something."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from machinedeck.model.text import UNKNOWN, clean
from machinedeck.ui.widgets.rows import HEAD_MARK, Cell, Row


def under_heads(names: Sequence[str], group_of: Callable[[str], str]) -> list[str]:
    """Names with a head line above each group; groups by name, what has none last.

    Args:
        names: The names in order, which they keep within their group.
        group_of: The group of a name.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(group_of(name), []).append(name)
    keys = []
    for group in sorted(groups, key=lambda group: (group == UNKNOWN, group.casefold())):
        keys += [f"{HEAD_MARK}{len(groups[group])} {group}", *groups[group]]
    return keys


def head_row(key: str) -> Row:
    """The row of a head line."""
    count, _, group = key.removeprefix(HEAD_MARK).partition(" ")
    return Row(key, (Cell(f"── {clean(group)} · {count}", "faint"),))
