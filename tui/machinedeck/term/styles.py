"""How a cell looks, and the table that gives each look a number."""

from __future__ import annotations

from bisect import bisect
from functools import lru_cache
from typing import NamedTuple

from machinedeck.term.interning import Table

Colour = int | tuple[int, int, int] | None
"""A colour: None is the default, a number 0 to 255 of the palette, a tuple red, green and blue."""


class Style(NamedTuple):
    """The look of a cell (ECMA-48 8.3.117 SGR, and xterm's and kitty's additions to it).

    `underline` is 0 for none, 1 for a single line, 2 double, 3 curly, 4 dotted, 5 dashed: true where there is
    any. `is_protected` and `link` are no look, but belong to a cell like one; SGR does not touch them.
    """

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: int = 0
    underline_color: Colour = None
    blink: bool = False
    reverse: bool = False
    conceal: bool = False
    strike: bool = False
    overline: bool = False
    is_protected: bool = False
    """DECSCA: selective erasing leaves the cell alone."""
    link: str = ""
    """OSC 8: where the cell leads to; an address without control characters, or nothing."""


DEFAULT = Style()
"""The look of a cell that nothing was said about."""

STYLE_LIMIT = 1 << 16
"""How many different looks may be alive at once; the numbers stay code points of a string with that."""


_BLUES = [bisect((47, 114, 154, 194, 234), channel) for channel in range(256)]
"""For each level of a channel the nearest of the palette's cube: 0, 95, 135, 175, 215, 255."""

_GREENS, _REDS = [6 * step for step in _BLUES], [16 + 36 * step for step in _BLUES]


def coarse(style: Style) -> Style:
    """The look with each true colour replaced by the nearest of the palette's cube."""
    line = style[6]
    if isinstance(line, tuple):
        style = style._replace(underline_color=_in_cube(line))
    return tuple.__new__(Style, (_in_cube(style[0]), _in_cube(style[1]), *style[2:]))


def _in_cube(colour: Colour) -> Colour:
    if isinstance(colour, tuple):
        red, green, blue = colour
        return _REDS[red] + _GREENS[green] + _BLUES[blue]
    return colour


@lru_cache(maxsize=1024)
def eraser(style: Style) -> Style:
    """The look of a cell erased while `style` is in force: its background alone (terminfo `bce`)."""
    return Style(bg=style.bg)


def style_table() -> Table[Style]:
    """An empty table of looks: number 0 is the default."""
    return Table(STYLE_LIMIT, DEFAULT)
