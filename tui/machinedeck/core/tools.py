"""What the console can do beside actions: the one table that keys, palette and help are made from."""

from __future__ import annotations

from typing import NamedTuple


class Tool(NamedTuple):
    """One thing that changes nothing by itself, and works in every pane."""

    id: str
    key: str
    """The key, as Textual names it, unless another is set."""
    label: str
    """In a word."""
    help: str
    """In a sentence."""


TOOLS = (
    Tool("work", "W", "work", "Show the long work that goes on, and cancel it."),
    Tool("copy-value", "Y", "copy value", "Copy a name, an address or any other value to your clipboard."),
    Tool("binds", "B", "binds", "Show what was bound into machines from here, and undo it."),
    Tool("jump", "apostrophe", "jump", "Put a letter at each row that is seen, and go to the one you type."),
)
