"""What can be set in `config.toml`: the table that checks, defaults and documentation are made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from machinedeck.core.actions import ACTIONS
from machinedeck.core.tools import TOOLS
from machinedeck.term.chords import read_chord

Check = Callable[[Any], str | None]
"""What was expected instead of a value; None where the value will do."""


class Setting(NamedTuple):
    """One thing that can be set."""

    table: str
    key: str
    default: Any
    help: str
    check: Check

    @property
    def name(self) -> str:
        """As it is called in messages: `terminal.scrollback`."""
        return f"{self.table}.{self.key}"


def _one_of(*words: str) -> Check:
    expected = f"one of {', '.join(words)}"
    return lambda value: None if value in words else expected


def _yes_or_no(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _whole(least: int, most: int) -> Check:
    expected = f"a whole number from {least:,} to {most:,}"

    def check(value: Any) -> str | None:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return None if is_whole and least <= value <= most else expected

    return check


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.isprintable() and value else "a text, not empty"


def _some_of(*words: str) -> Check:
    expected = f"a list of some of {', '.join(words)}, each once"

    def check(value: Any) -> str | None:
        is_list = isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
        return None if is_list and set(value) <= set(words) and len(set(value)) == len(value) else expected

    return check


def _leave_key(value: Any) -> str | None:
    try:
        read_chord(str(value))
    except ValueError:
        return "a key such as f12 or ctrl+g, and none that ssh, mosh, tmux, screen or vim need"
    return None if isinstance(value, str) else "a text"


CONSOLE_KEYS = frozenset(
    {"a", "J", "q", "1", "2", "3", "tab", "colon", "question_mark", "left_square_bracket", "escape"}
    | {"right_square_bracket", "up", "down", "space"}
)
"""Keys that the console needs in every pane: who gave one away might not find the way back."""


def _action_key(value: Any) -> str | None:
    expected = _key(value)
    if expected is None and value in CONSOLE_KEYS:
        return "another key: this one is the console's own in every pane"
    return expected


def _key(value: Any) -> str | None:
    is_key = isinstance(value, str) and value != "" and not any(letter.isspace() for letter in value)
    return None if is_key else "a key such as s, S, f5, ctrl+g or delete"


MACHINE_COLUMNS = (
    "name", "state", "cpu", "memory", "tasks", "addresses", "since", "os", "class", "service", "image",
)  # fmt: skip
IMAGE_COLUMNS = (
    "name", "type", "ro", "size", "exclusive", "limit", "machine", "os", "created", "modified",
)  # fmt: skip

SETTINGS: tuple[Setting, ...] = (
    Setting("console", "theme", "dark", "Colours for a dark or a light terminal.", _one_of("dark", "light")),
    Setting("console", "mouse", True, "Whether the mouse is listened to.", _yes_or_no),
    Setting("console", "ascii", False, "Whether nothing but ASCII is written.", _yes_or_no),
    Setting("console", "read_only", False, "Whether nothing can be changed from here.", _yes_or_no),
    Setting(
        "machines",
        "columns",
        list(MACHINE_COLUMNS),
        "The columns from left to right; those at the right go first where there is no room.",
        _some_of(*MACHINE_COLUMNS),
    ),
    Setting("machines", "sort", "name", "What machines are sorted by.", _one_of(*MACHINE_COLUMNS)),
    Setting(
        "machines",
        "group",
        "none",
        "What machines stand together by.",
        _one_of("none", "class", "state", "os"),
    ),
    Setting("images", "columns", list(IMAGE_COLUMNS), "As for machines.", _some_of(*IMAGE_COLUMNS)),
    Setting("images", "sort", "name", "What images are sorted by.", _one_of(*IMAGE_COLUMNS)),
    Setting("terminal", "leave_key", "f12", "The one key that is not the machine's.", _leave_key),
    Setting("terminal", "scrollback", 10_000, "Lines that are kept of each.", _whole(0, 1_000_000)),
    Setting("terminal", "term", "xterm-256color", "TERM in machines.", _text),
    Setting("terminal", "user", "root", "Whose shell is opened.", _text),
    *(Setting("keys", action.id, action.key, action.help, _action_key) for action in ACTIONS),
    *(Setting("keys", tool.id, tool.key, tool.help, _action_key) for tool in TOOLS),
)
"""All of it, in the order it is documented."""

TABLES = tuple(dict.fromkeys(setting.table for setting in SETTINGS))
"""The tables of the file."""
