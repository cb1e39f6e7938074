"""Pictures in plain ASCII, for terminals whose locale knows no UTF-8."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from machinedeck.model.text import to_ascii


class AsciiFilter(LineFilter):
    """Writes every character of a line as ASCII of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, their text in ASCII."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
