"""What the console has no use for and Textual would bring along: its command palette.

`textual.app` imports the palette at once, and with it a dozen widgets from trees to selections: 10 ms of
each start, for something that stays closed, because the console has a palette of its own
(`ui/dialogs/palette.py`).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

PALETTE = "textual.command"

STAND_INS = (
    "CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "Provider", "SimpleProvider",
)  # fmt: skip
"""The names that Textual takes from it while it is imported: for base classes and annotations."""


class SparedPalette(ModuleType):
    """Stands for Textual's palette; whatever else is asked of it, the palette itself is imported for."""

    def __init__(self) -> None:
        super().__init__(PALETTE, "Stands for Textual's command palette, which is not used here.")
        for name in STAND_INS:
            setattr(self, name, type(name, (), {"__module__": PALETTE}))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {PALETTE!r} has no attribute {name!r}")
        if sys.modules.get(PALETTE) is self:
            del sys.modules[PALETTE]
        import textual.command  # noqa: PLC0415 - what this class puts off

        return getattr(textual.command, name)


def spare_palette() -> None:
    """Have Textual imported without its palette, unless it was imported with it before."""
    if PALETTE not in sys.modules:
        sys.modules[PALETTE] = SparedPalette()
