"""The looks of a machine's terminal in the terms of the library that draws."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style as RichStyle

from machinedeck.term import Style

_STYLES: dict[tuple[Style, bool], RichStyle] = {}
_STYLES_MOST = 4096
"""How many looked-up styles are kept: a picture in true colour may have thousands."""


def rich_style(style: Style, is_swapped: bool = False) -> RichStyle:
    """The look of a run as Textual draws it; `is_swapped` while the whole screen is in reverse video."""
    known = _STYLES.get((style, is_swapped))
    if known is None:
        if len(_STYLES) >= _STYLES_MOST:
            _STYLES.clear()
        known = _STYLES[style, is_swapped] = RichStyle(
            color=_color(style.fg),
            bgcolor=_color(style.bg),
            bold=style.bold,
            dim=style.dim,
            italic=style.italic,
            underline=bool(style.underline),
            blink=style.blink,
            reverse=style.reverse != is_swapped,
            conceal=style.conceal,
            strike=style.strike,
            overline=style.overline,
        )
    return known


def _color(colour: int | tuple[int, int, int] | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)
