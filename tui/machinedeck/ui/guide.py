"""What the help page and the palette say: made from the tables of actions and commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from machinedeck.core.actions import IMAGE_ACTIONS, MACHINE_ACTIONS, POOL_ACTIONS, Action, Subject
from machinedeck.core.store import Store
from machinedeck.core.tools import TOOLS
from machinedeck.model.text import clean
from machinedeck.ui.commands import COMMANDS
from machinedeck.ui.dialogs.palette import Choice
from machinedeck.ui.lines import key_name

_PANES = [
    ("Enter", "open a shell in the machine; elsewhere show the actions"),
    ("a", "show all that can be done to what is chosen"),
    ("i", "show the details: what it uses, its processes, all that is known"),
    ("/", "filter: text, key:value, !not, /expression/"),
    ("< > u", "sort by another column; turn it round"),
    ("f .", "group machines; show hidden images"),
    ("Space *", "mark one, mark all: actions are done to all that are marked"),
    ("Esc", "take away notices, then the filter, then the marks"),
    ("1 2 3, Tab", "go to a pane"),
    ("[ ], Alt-1 … 9", "go to a tab"),
    (": ?", "find an action, a machine or an image; this page"),
    ("J", "show what was done from here"),
    ("Ctrl-L q", "draw anew; quit"),
]
_CARET = [
    ("arrows, h j k l", "move the caret"),
    ("w b, 0 $, g G", "by words, to the ends of line and lines"),
    ("v V Ctrl-V", "select text, lines, a block"),
    ("o", "go to the selection's other end"),
    ("y", "copy to your clipboard"),
    ("/ n N", "search; upwards, downwards"),
    ("q", "back to the machine"),
]
_MOUSE = [
    ("drag", "select and copy; with Alt or Ctrl a block"),
    ("click 2, 3 times", "a word, a line"),
    ("Shift", "the same where a program has the mouse"),
    ("wheel", "scroll back and forth"),
    ("click a label", "sort by that column; again, the other way round"),
    ("click a key", "on the screen: do what the key does"),
]


def help_parts(leave_key: str, key_of: Callable[[str], str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The help page: headings, keys, sentences.

    Args:
        leave_key: The key that leaves a terminal.
        key_of: The key of an action, by its id.
    """
    leave = key_name(leave_key)
    commands = [
        (
            f"{leave} {key_name(one.key)}"
            if one.is_everywhere and one.needs == "shell"
            else key_name(one.key),
            one.help,
        )
        for one in COMMANDS
    ]
    tables = (("Machines", MACHINE_ACTIONS), ("Images", IMAGE_ACTIONS), ("The pool", POOL_ACTIONS))
    return [
        ("Everywhere", [*_PANES, (leave, "leave the terminal, and back to it")]),
        ("In the lists", [(key_name(key_of(one.id)), one.help) for one in TOOLS]),
        *((title, [(key_name(key_of(one.id)), one.help) for one in table]) for title, table in tables),
        (f"Terminals: all keys but {leave} are the machine's", commands),
        ("With the caret", _CARET),
        ("Mouse", _MOUSE),
    ]


class Offer(NamedTuple):
    """An action, and what it would be done to."""

    action: Action[Any]
    subjects: Sequence[Subject]
    title: str
    """What these are called together."""
    refusal: str
    """Why it cannot be done to any of them; "" where it can."""


def choices(
    offers: Sequence[Offer],
    store: Store,
    key_of: Callable[[str], str],
    *,
    has_machine: bool,
    has_shell: bool,
) -> list[Choice]:
    """What the palette offers now: actions, commands on terminals, and the way to any object.

    Args:
        offers: What is done to what is chosen; what cannot be done comes last, with the reason.
        store: What is known of the host.
        key_of: The key of an action, by its id.
        has_machine: Whether a machine is chosen.
        has_shell: Whether a terminal is open.
    """
    there = {"machine": has_machine or has_shell, "shell": has_shell, "": True}
    listed = [_done_to(one, key_of, one.action.help) for one in offers if not one.refusal]
    refused = [_done_to(one, key_of, one.refusal)._replace(is_off=True) for one in offers if one.refusal]
    listed += [
        Choice(f"terminal('{one.id}')", one.label, key_name(one.key), one.help)
        for one in COMMANDS
        if there[one.needs]
    ]
    return [
        *listed,
        *(Choice(f"tool('{one.id}')", one.label, key_name(key_of(one.id)), one.help) for one in TOOLS),
        Choice("menu", "actions", "a", "Show all that can be done to what is chosen."),
        Choice("app.journal", "journal", "J", "Show what was done from here."),
        Choice("cycle(1)", "next tab", "]", "Show the next tab."),
        Choice("cycle(-1)", "previous tab", "[", "Show the previous tab."),
        Choice("app.help", "help", "?", "Show every key."),
        Choice("app.leave_program", "quit", "q", "End the console."),
        *refused,
        *(_way(0, "machine", one.name) for one in store.rows()),
        *(_way(1, "image", one.name) for one in store.visible_images()),
    ]


def _done_to(offer: Offer, key_of: Callable[[str], str], what: str) -> Choice:
    action = offer.action
    text = f"{action.label}: {offer.title}. {what}"
    return Choice(act_of(action), action.label, key_name(key_of(action.id)), text)


def act_of(action: Action[Any]) -> str:
    """What the palette calls an action that is done to what is chosen."""
    return f"act('{action.id}')"


def _way(pane: int, what: str, name: str) -> Choice:
    return Choice(f"go({pane}, {name!r})", what, "", f"Go to the {what} {clean(name)}")
