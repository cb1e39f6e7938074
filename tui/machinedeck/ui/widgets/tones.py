"""Colours by what they say. A screen carries them once, for all tables and lines on it.

Textual looks up every component class of every widget each time styles are worked out; carried by each
widget they were four fifths of that work.
"""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

TONES = ("good", "warn", "bad", "faint", "strong", "key", "current", "demo")
"""Running well, in between, failed or refused, less important, a name, a key, the one that is seen,
what is made up."""

TONE_CLASSES = {f"tone--{tone}" for tone in TONES}
"""Component classes of a screen whose widgets use tones."""


def tone_style(widget: Widget, tone: str) -> Style:
    """The colour and weight of a tone on the screen of a widget; the background stays the widget's own."""
    full = widget.screen.get_component_rich_style(f"tone--{tone}")
    return Style(color=full.color, bold=full.bold, reverse=full.reverse)
