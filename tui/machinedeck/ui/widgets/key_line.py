"""Keys and what they do, as dialogs show them at their end; a click on one is as good as the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import App
from textual.content import Content
from textual.keys import Keys, _character_to_key
from textual.widgets import Static

NAMED = {
    "Enter": ("enter", "\r"),
    "Esc": ("escape", "\x1b"),
    "Tab": ("tab", "\t"),
    "Space": ("space", " "),
    "Delete": ("delete", None),
}
"""Keys that are shown by a name, as Textual calls them, with their characters."""

GAP = "    "

_PARTS = re.compile(r"((?:(?:Ctrl|Alt|Shift)-)*)(.+)")
_KEYS = frozenset(key.value for key in Keys)


def press(app: App[Any], shown: str) -> None:
    """Have the key that stands on the screen arrive, as if it were typed; nothing where it is none."""
    if (key := pressed(shown)) is not None:
        # A message goes up to its sender and no further: a key has none but the application
        app.post_message(key.set_sender(app))


def pressed(shown: str) -> events.Key | None:
    """The key that stands on the screen, as if it were typed; None where what stands there is none.

    Of two keys that belong together it is the one that leads on; of other lists the first.
    """
    keys = shown.split()
    name = keys[-1] if keys in (["<", ">"], ["[", "]"]) else keys[0] if keys else ""
    if (parts := _PARTS.fullmatch(name)) is None:
        return None
    held, last = parts.groups()
    if last in NAMED:
        key, character = NAMED[last]
    elif len(last) == 1 and last.isascii():
        key, character = _character_to_key(last.lower() if held else last), last
    elif last.lower() in _KEYS:
        key, character = last.lower(), None
    else:
        return None
    return events.Key(held.lower().replace("-", "+") + key, None) if held else events.Key(key, character)


class KeyLine(Static):
    """Keys, each with what it does.

    Args:
        pairs: The keys as they are shown, and what each does.
        id: The widget's id.
    """

    def __init__(self, *pairs: tuple[str, str], id: str | None = None) -> None:
        super().__init__(id=id)
        self.show(*pairs)

    def show(self, *pairs: tuple[str, str], gaps: Sequence[str] = ()) -> None:
        """Show other keys; `gaps` are what stands behind each, where that is not always the same."""
        # Words, not places: a line that has no room for all is broken between them
        self._words = [key for key, what in pairs for _ in [key, *what.split()]]
        ends = [*[*gaps, *[GAP] * len(pairs)][: len(pairs) - 1], ""]
        parts: list[tuple[str, str] | str] = []
        for (key, what), end in zip(pairs, ends, strict=False):
            parts += [(key, "bold"), f" {what}{end}"]
        self.update(Content.assemble(*parts))

    def on_click(self, event: events.Click) -> None:
        """Do what the key would that stands there, or what stands there of: nothing beside the words."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = f" {self.render_line(offset.y).text}  "
        around = line[offset.x : offset.x + 3]
        if around[1:2].isspace() and "  " in around:
            return
        above = "\n".join(self.render_line(y).text for y in range(offset.y))
        words = f"{above}\n{line[: offset.x + 2]}".split()
        if 0 < len(words) <= len(self._words):
            event.stop()
            press(self.app, self._words[len(words) - 1])
