"""Cells as pyte shows them, lines to columns to `pyte.screens.Char`; each is made when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyte.graphics import FG_AIXTERM, FG_ANSI
from pyte.screens import Char

from machinedeck.term.colours import palette
from machinedeck.term.rows import RIGHT
from machinedeck.term.state import ScreenState
from machinedeck.term.styles import Colour


class Line(Mapping[int, Char]):
    """One row of a screen by columns."""

    def __init__(self, screen: ScreenState, y: int) -> None:
        self._screen = screen
        self._y = y

    def __getitem__(self, x: int) -> Char:
        text, styles, _ = self._screen.rows[self._y]
        style = self._screen.style_of(styles[x])
        return Char(
            data="" if text[x] == RIGHT else self._screen.clusters.text(text[x]),
            fg=colour_name(style.fg),
            bg=colour_name(style.bg),
            bold=style.bold,
            italics=style.italic,
            underscore=bool(style.underline),
            strikethrough=style.strike,
            reverse=style.reverse,
            blink=style.blink,
        )

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._screen.columns))

    def __len__(self) -> int:
        return self._screen.columns


class Cells(Mapping[int, Line]):
    """A screen by lines."""

    def __init__(self, screen: ScreenState) -> None:
        self._screen = screen

    def __getitem__(self, y: int) -> Line:
        return Line(self._screen, y)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._screen.lines))

    def __len__(self) -> int:
        return self._screen.lines


def colour_name(colour: Colour) -> str:
    """A colour as pyte writes it: a name, or six hexadecimal digits."""
    if colour is None:
        return "default"
    if isinstance(colour, int) and colour < 16:
        return FG_ANSI[30 + colour] if colour < 8 else FG_AIXTERM[82 + colour]
    red, green, blue = palette(colour) if isinstance(colour, int) else colour
    return f"{red:02x}{green:02x}{blue:02x}"
