"""What the help page and the palette say: made from the tables of actions and commands."""

from __future__ import annotations

from machinedeck.ui.commands import COMMANDS
from machinedeck.ui.dialogs.palette import Choice
from machinedeck.ui.lines import OFFERED, key_name

_PANES = [
    ("Enter", "open a shell in the machine"),
    ("1 2 3, Tab", "go to a pane"),
    ("[ ], Alt-1 … 9", "go to a tab"),
    (": ?", "find a command; this page"),
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
]


def help_parts(leave_key: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The help page: headings, keys, sentences."""
    leave = key_name(leave_key)
    first = ("Terminals: all keys but one are the machine's", [(leave, "leave the terminal, and back to it")])
    commands = [
        (
            f"{leave} {key_name(one.key)}"
            if one.is_everywhere and one.needs == "shell"
            else key_name(one.key),
            one.help,
        )
        for one in COMMANDS
    ]
    actions = [(action.key, action.help) for action in OFFERED]
    return [
        (first[0], [*first[1], *commands]),
        ("With the caret", _CARET),
        ("Mouse", _MOUSE),
        ("Machines", [*_PANES, *actions]),
    ]


def choices(*, has_machine: bool, has_shell: bool) -> list[Choice]:
    """What the palette offers now."""
    there = {"machine": has_machine or has_shell, "shell": has_shell, "": True}
    listed = [
        Choice(f"terminal('{one.id}')", one.label, key_name(one.key), one.help)
        for one in COMMANDS
        if there[one.needs]
    ]
    if has_machine:
        listed += [Choice(f"act('{one.id}')", one.label, one.key, one.help) for one in OFFERED]
    return [
        *listed,
        Choice("cycle(1)", "next tab", "]", "Show the next tab."),
        Choice("cycle(-1)", "previous tab", "[", "Show the previous tab."),
        Choice("help", "help", "?", "Show every key."),
        Choice("app.leave_program", "quit", "q", "End the console."),
    ]
