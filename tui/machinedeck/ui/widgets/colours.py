"""The looks of a machine's terminal in the terms of the library that draws."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rich.color import Color
from rich.style import Style as RichStyle

from machinedeck.term import Style
from machinedeck.term.colours import RGB, Colours
from machinedeck.term.styles import Colour
from machinedeck.term.view import Cursor

BAR_SHADE = Color.from_rgb(0x5A, 0x5A, 0x5A)
"""What is behind a character that a cursor in the shape of a bar stands at."""

_DOUBLE = 2
"""`Style.underline` of two lines."""

_STYLES: dict[tuple[Style, bool], RichStyle] = {}
_STYLES_MOST = 4096
"""How many looked-up styles are kept: a picture in true colour may have thousands."""


def rich_style(
    style: Style, is_swapped: bool = False, changed: Mapping[int, RGB] = MappingProxyType({})
) -> RichStyle:
    """The look of a run as Textual draws it.

    Args:
        style: The look, as the machine asked for it.
        is_swapped: Whether the whole screen is in reverse video.
        changed: The colours of the palette that the machine changed, by their numbers.
    """
    if changed and (style.fg in changed or style.bg in changed):
        now = style._replace(fg=_now(style.fg, changed), bg=_now(style.bg, changed))
        return _rich_style(now, is_swapped)
    known = _STYLES.get((style, is_swapped))
    if known is None:
        if len(_STYLES) >= _STYLES_MOST:
            _STYLES.clear()
        known = _STYLES[style, is_swapped] = _rich_style(style, is_swapped)
    return known


def base_style(base: RichStyle, colours: Colours) -> RichStyle:
    """What is below the looks of runs: the console's colours, or what the machine chose (OSC 10, 11)."""
    text, background = colours.dynamic.get(10), colours.dynamic.get(11)
    return base + RichStyle(color=_color(text), bgcolor=_color(background))


def cursor_style(cursor: Cursor, colours: Colours, *, is_blinking: bool) -> RichStyle:
    """The look that the cursor gives to its cell.

    A terminal has no half cells: a bar before a character is shown as a shade behind it.

    Args:
        cursor: The cursor.
        colours: The machine's colours; OSC 12 is the cursor's.
        is_blinking: Whether it may blink: the operator's terminal does it, and nothing is written for it.
    """
    own = _color(colours.dynamic.get(12))
    blinks = (cursor.is_blinking and is_blinking) or None
    if cursor.shape == "underline":
        return RichStyle(underline=True, color=own, blink=blinks)
    if cursor.shape == "bar":
        return RichStyle(bgcolor=own or BAR_SHADE, reverse=False, blink=blinks)
    if own is None:
        return RichStyle(reverse=True, blink=blinks)
    return RichStyle(
        bgcolor=own, color=Color.from_rgb(*_opposite(colours.dynamic[12])), reverse=False, blink=blinks
    )


def _opposite(colour: RGB) -> RGB:
    """Black on what is light, white on what is dark (ITU-R BT.601)."""
    red, green, blue = colour
    return (0, 0, 0) if 299 * red + 587 * green + 114 * blue > 127_500 else (255, 255, 255)


def _now(colour: Colour, changed: Mapping[int, RGB]) -> Colour:
    return changed.get(colour, colour) if isinstance(colour, int) else colour


def _rich_style(style: Style, is_swapped: bool) -> RichStyle:
    is_double = style.underline == _DOUBLE
    return RichStyle(
        color=_color(style.fg),
        bgcolor=_color(style.bg),
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=(bool(style.underline) and not is_double) or bool(style.link),
        underline2=is_double,
        blink=style.blink,
        reverse=style.reverse != is_swapped,
        conceal=style.conceal,
        strike=style.strike,
        overline=style.overline,
    )


def _color(colour: int | tuple[int, int, int] | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)
