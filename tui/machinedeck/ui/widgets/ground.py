"""What lies below other widgets: lines that are all alike, of which one is drawn."""

from __future__ import annotations

from textual.containers import Container, Horizontal
from textual.geometry import Region
from textual.strip import Strip


class Ground:
    """Comes before the class of a widget that has no border and no text of its own.

    Textual draws every line of it whenever it draws all of the screen, although others cover most of them.
    It is no widget itself: of a widget's bases Textual takes the style sheet of the first that is one.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of it: the same one over and over."""
        first = Region(crop.x, crop.y, crop.width, min(1, crop.height))
        lines: list[Strip] = super().render_lines(first)  # type: ignore[misc]  # the widget's own
        return lines * crop.height


class GroundContainer(Ground, Container):
    """A container that is nothing but the place of what is in it."""


class GroundRow(Ground, Horizontal):
    """A row that is nothing but the place of what is in it."""
