"""What the header, the banner and the line of keys say."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from machinedeck.core.actions import Action, Subject
from machinedeck.core.status import Link, Status
from machinedeck.core.store import Store
from machinedeck.model.failure import Kind
from machinedeck.model.text import clean
from machinedeck.ui.commands import command
from machinedeck.ui.shells import Shells
from machinedeck.ui.widgets.frame import DEMO
from machinedeck.ui.widgets.line import Piece

if TYPE_CHECKING:
    from machinedeck.term.marking import Marking
    from machinedeck.ui.widgets.terminal import TerminalView

_LINKS = {
    Link.CONNECTING: ("connecting …", "faint"),
    Link.UP: ("● live", "good"),
    Link.AWAY: ("◐ service restarting", "warn"),
    Link.LOST: ("✗ lost", "bad"),
    Link.MISSING: ("✗ no service", "bad"),
}

_NO_ANSWER = ("◐ no answer", "warn")

OFFERED = (
    "shell", "start", "restart", "stop", "terminate",
    "start-image", "clone", "rename", "remove",
    "limit-pool", "clean",
)  # fmt: skip
"""The actions that the line of keys has room for, by id, the most used first; the menu has all."""

_LOOKING = ("select", "search", "beside", "save", "new")
"""The commands that the line of keys has for a terminal that is looked at."""


class Title(NamedTuple):
    """What the header says of a host."""

    host: str
    mode: str
    """How it is reached."""
    is_demo: bool
    """Whether it is made up."""
    is_read_only: bool = False
    """Whether it is only looked at."""


class Choice(NamedTuple):
    """What is chosen in the pane that has the keys."""

    table: Sequence[Action[Any]]
    """What can be done there."""
    subjects: Sequence[Subject]
    key_of: Callable[[str], str]
    """The key of an action, by its id."""


def header(store: Store, title: Title) -> tuple[list[Piece], list[Piece]]:
    """Host and mode from the left, the state of the connection from the right."""
    word, tone = _NO_ANSWER if is_silent(store.status) else _LINKS[store.status.link]
    badge = [Piece(f" {DEMO} ", "demo")] if title.is_demo else []
    only = [Piece(" · "), Piece("read-only", "warn")] if title.is_read_only else []
    return (
        [*badge, Piece(" "), Piece(clean(title.host), "strong"), Piece(f" · {title.mode}", "faint"), *only],
        [Piece(word, tone), Piece(" ")],
    )


def small(title: Title, least: tuple[int, int]) -> str:
    """What is said where there is no room for more than a sentence."""
    columns, lines = least
    demo = f"{DEMO}. " if title.is_demo else ""
    return f"{demo}Too small: make it at least {columns} columns by {lines} lines."


def is_silent(status: Status) -> bool:
    """Whether the service is there, but does not answer; one that goes in the middle of a call restarts."""
    failure = status.failure
    is_waiting = failure is not None and failure.kind is Kind.TIMED_OUT and not failure.name
    return status.link is Link.AWAY and is_waiting


def banner(status: Status) -> str:
    """What is wrong with the connection, "" when nothing is."""
    if status.link is Link.LOST:
        why = f" {status.failure}" if status.failure else ""
        return f"Connection lost; below is what was last known. Trying again …{why}"
    if is_silent(status):
        return (
            "The service of machines does not answer; below is what was last known. Waiting for it …"
            " See: systemctl status systemd-machined"
        )
    if status.link is Link.AWAY:
        return "The service of machines is restarting; below is what was last known. Asking again …"
    return ""


def key_name(key: str) -> str:
    """A key as it stands on keyboards: `F12`, `Ctrl-G`."""
    parts = key.split("+")
    last = _KEY_NAMES.get(parts[-1]) or _character(parts[-1])
    if len(parts) == 1 and len(last) == 1:
        return last
    return "-".join(part.capitalize() for part in [*parts[:-1], last])


_KEY_NAMES = {
    "slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_",
    "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip
"""What Textual calls by other names than Unicode does."""


def _character(name: str) -> str:
    """The character that Textual calls by its name in Unicode; the name where it is none that is printed."""
    try:
        found = unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name.replace("_", " ")
    return found if found.isprintable() and not found.isspace() else name


FIRST = 2
"""How many actions come before the ways out and the help, which a new operator needs more than the rest."""


def leave_hint(shells: Shells, leave_key: str) -> list[Piece]:
    """The way out of, or back to, the terminals; always on screen while there are any."""
    if not shells.views:
        return []
    what = "leave" if shells.current else "back to the shell"
    return [Piece(key_name(leave_key), "key", "leave"), Piece(f" {what} ")]


def keys(shells: Shells, leave_key: str, choice: Choice, store: Store, *, room: int) -> list[Piece]:
    """The keys that do something now.

    Args:
        shells: The terminals.
        leave_key: The key that leaves one.
        choice: What is chosen in the panes.
        store: What is known of the host.
        room: How many columns there are.
    """
    view = shells.current
    if view is None:
        return _pieces(_pane_keys(shells, choice, store), room)
    marking = view.marking
    if marking.is_typing:
        return _search_line(marking)
    if link := view.link_at(marking.caret) or view.link:
        return [
            Piece(" Leads to "),
            Piece(link, "strong"),
            Piece(" "),
            Piece("(it is never opened)", "faint"),
        ]
    if marking.caret is not None:
        pairs = [("arrows w b", "move"), ("v V Ctrl-V", "text, lines, block"), ("y", "copy"), ("s", "save"),
                 ("/ n N", "search"), ("q", "back")]  # fmt: skip
    elif view.session.has_ended:
        ended = f"Ended: {view.session.ending}." if view.session.ending else "Ended."
        pairs = [(ended, ""), ("Enter", "close"), ("r", "open again"), *_looking(view), ("1", "panes")]
    elif view.is_captive:
        leave = key_name(leave_key)
        what = f"leave; all other keys go to {shells.label(view)}"
        if view.is_raw_next:
            leave, what = "", f"The next key goes to {shells.label(view)}, {key_name(leave_key)} too"
        pairs = [(leave, what)]
    else:
        pairs = [("Enter", "type here"), *_looking(view), ("[ ]", "tabs"), ("1", "panes")]
    return _pieces(pairs, room)


def _looking(view: TerminalView) -> list[tuple[str, str]]:
    """The commands for a terminal that is looked at."""
    pairs = [("y", "its clipboard")] if view.session.clipboard else []
    if view.marking.pattern:
        pairs.append(("n N", _found(view.marking)))
    pairs += [(key_name(one.key), one.label) for one in map(command, _LOOKING)]
    pairs.insert(-2, ("?", "help"))
    return pairs


def _search_line(marking: Marking) -> list[Piece]:
    """The pattern that is being typed, and what was found."""
    found = marking.trouble or (_found(marking) if marking.pattern else "type what to find")
    kind = "expression" if marking.is_regex else "text"
    other = "as text" if marking.is_regex else "as expression"
    return [
        Piece(f" Search {kind}: "), Piece(clean(marking.pattern), "strong"), Piece("▏"),
        Piece(f" {found} ", "bad" if marking.trouble else "faint"),
        Piece(" Enter", "key"), Piece(" stay "), Piece(" Ctrl-R", "key"), Piece(f" {other} "),
        Piece(" Esc", "key"), Piece(" cancel"),
    ]  # fmt: skip


def _found(marking: Marking) -> str:
    if marking.search is None:
        return "…"
    count = len(marking.search.matches)
    if not count:
        return "not found"
    more = "+" if marking.search.is_cut else ""
    return f"{count - (marking.current if marking.current is not None else count - 1)} of {count}{more}"


def detail_keys(copy_key: str, room: int, *, has_processes: bool) -> list[Piece]:
    """The keys that do something in the details."""
    signal = [("K", "signal to the process")] if has_processes else []
    return _pieces([*signal, (copy_key, "copy"), ("i", "back"), ("?", "help"), ("q", "quit")], room)


def _pane_keys(shells: Shells, choice: Choice, store: Store) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    more: list[tuple[str, str]] = []
    if choice.subjects:
        offered = [action for id in OFFERED for action in choice.table if action.id == id]
        pairs = [
            (key_name(choice.key_of(action.id)), action.label.lower())
            for action in offered
            if any(action.refusal(subject, store) is None for subject in choice.subjects)
        ]
        looking = [("i", "details"), ("< >", "sort")]
        pairs, more = [*pairs[:1], ("a", "actions"), *looking, *pairs[1:FIRST]], pairs[FIRST:]
        more.insert(0, ("/", "filter"))
    if store.operations:
        pairs.insert(0, (key_name(choice.key_of("work")), "work"))
    if any(view.session.clipboard for view in shells.views):
        pairs.insert(0, ("y", "clipboard"))
    pairs += [("?", "help"), *more[:1], ("Tab", "panes")]
    if shells.views:
        pairs += [("[ ]", "tabs")]
    return [*pairs, (":", "find"), *more[1:], ("q", "quit")]


def _pieces(pairs: list[tuple[str, str]], room: int) -> list[Piece]:
    """Keys and what they do; the last one leads out and stays, of the others those before it go first."""
    texts = [(key, f" {what} " if what else " ") for key, what in pairs]
    while len(texts) > 1 and sum(1 + cell_len(key) + cell_len(what) for key, what in texts) > room:
        del texts[-2]
    pieces = []
    for key, what in texts:
        click = f"key:{key}" if key else ""
        pieces += [Piece(" "), Piece(key, "key", click), Piece(what, "", click)]
    return pieces
