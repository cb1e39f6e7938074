"""What the header, the banner and the line of keys say."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len

from machinedeck.core.actions import find
from machinedeck.core.status import Link, Status
from machinedeck.core.store import Store
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.ui.shells import Shells
from machinedeck.ui.widgets.frame import DEMO
from machinedeck.ui.widgets.line import Piece

_LINKS = {
    Link.CONNECTING: ("connecting …", "faint"),
    Link.UP: ("● live", "good"),
    Link.AWAY: ("◐ service restarting", "warn"),
    Link.LOST: ("✗ lost", "bad"),
    Link.MISSING: ("✗ no service", "bad"),
}

SHELL = find("shell")

OFFERED = tuple(map(find, ("start", "terminate")))
"""What has a key in the machines pane, besides the shell."""

_LOOKING = [("PgUp/PgDn", "scroll"), ("[ ]", "tabs"), ("1", "panes")]


class Title(NamedTuple):
    """What the header says of a host."""

    host: str
    mode: str
    """How it is reached."""
    is_demo: bool
    """Whether it is made up."""


def header(store: Store, title: Title) -> tuple[list[Piece], list[Piece]]:
    """Host and mode from the left, the state of the connection from the right."""
    word, tone = _LINKS[store.status.link]
    badge = [Piece(f" {DEMO} ", "demo")] if title.is_demo else []
    return (
        [*badge, Piece(" "), Piece(clean(title.host), "strong"), Piece(f" · {title.mode}", "faint")],
        [Piece(word, tone), Piece(" ")],
    )


def small(title: Title, least: tuple[int, int]) -> str:
    """What is said where there is no room for more than a sentence."""
    columns, lines = least
    demo = f"{DEMO}. " if title.is_demo else ""
    return f"{demo}Too small: make it at least {columns} columns by {lines} lines."


def banner(status: Status) -> str:
    """What is wrong with the connection, "" when nothing is."""
    if status.link is Link.LOST:
        why = f" {status.failure}" if status.failure else ""
        return f"Connection lost; below is what was last known. Trying again …{why}"
    if status.link is Link.AWAY:
        return "The service of machines is restarting; below is what was last known. Asking again …"
    return ""


def key_name(key: str) -> str:
    """A key as it stands on keyboards: `F12`, `Ctrl-G`."""
    return "-".join(part.capitalize() for part in key.replace("_", " ").split("+"))


def leave_hint(shells: Shells, leave_key: str) -> list[Piece]:
    """The way out of, or back to, the terminals; always on screen while there are any."""
    if not shells.views:
        return []
    what = "leave" if shells.current else "back to the shell"
    return [Piece(key_name(leave_key), "key", "leave"), Piece(f" {what} ")]


def keys(
    shells: Shells, leave_key: str, machine: Machine | None, store: Store, *, has_rows: bool, room: int
) -> list[Piece]:
    """The keys that do something now.

    Args:
        shells: The terminals.
        leave_key: The key that leaves one.
        machine: The machine under the cursor, `None` if there is none.
        store: What is known of the host.
        has_rows: Whether the pane has rows.
        room: How many columns there are.
    """
    view = shells.current
    if view is None:
        return _pieces(_pane_keys(shells, machine, store, has_rows=has_rows), room)
    if view.session.has_ended:
        pairs = [("Ended.", ""), ("Enter", "close"), ("r", "open again"), *_LOOKING]
    elif view.is_captive:
        pairs = [(key_name(leave_key), f"leave; all other keys go to {shells.label(view)}")]
    else:
        pairs = [("Enter", "type here"), ("x", "close"), *_LOOKING]
    return _pieces(pairs, room)


def _pane_keys(
    shells: Shells, machine: Machine | None, store: Store, *, has_rows: bool
) -> list[tuple[str, str]]:
    pairs = []
    if machine is not None and has_rows:
        if SHELL.refusal(machine, store) is None:
            pairs.append(("Enter", "shell"))
        pairs += [(one.key, one.label.lower()) for one in OFFERED if not one.refusal(machine, store)]
    pairs += [("Tab", "panes")]
    if shells.views:
        pairs += [("[ ]", "tabs")]
    return [*pairs, ("q", "quit")]


def _pieces(pairs: list[tuple[str, str]], room: int) -> list[Piece]:
    """Keys and what they do; the last one leads out and stays, of the others those before it go first."""
    texts = [(key, f" {what} " if what else " ") for key, what in pairs]
    while len(texts) > 1 and sum(1 + cell_len(key) + cell_len(what) for key, what in texts) > room:
        del texts[-2]
    pieces = []
    for key, what in texts:
        pieces += [Piece(" "), Piece(key, "key"), Piece(what)]
    return pieces
