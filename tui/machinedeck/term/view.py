"""What a terminal shows, in values that do not change: cells, runs of equal cells, cursor, changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from machinedeck.term.styles import Colour, Style

Shape = Literal["block", "underline", "bar"]
"""How the cursor is drawn."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `text` is empty in the right half of a wide character."""

    text: str
    style: Style

    @property
    def fg(self) -> Colour:
        """The foreground: None the default, 0 to 255 of the palette, or red, green, blue."""
        return self.style.fg

    @property
    def bg(self) -> Colour:
        """The background, as `fg`."""
        return self.style.bg

    @property
    def bold(self) -> bool:
        """SGR 1."""
        return self.style.bold

    @property
    def dim(self) -> bool:
        """SGR 2."""
        return self.style.dim

    @property
    def italic(self) -> bool:
        """SGR 3."""
        return self.style.italic

    @property
    def underline(self) -> bool:
        """SGR 4 or 21, of any kind; `style.underline` says which."""
        return self.style.underline > 0

    @property
    def blink(self) -> bool:
        """SGR 5 or 6."""
        return self.style.blink

    @property
    def reverse(self) -> bool:
        """SGR 7."""
        return self.style.reverse

    @property
    def conceal(self) -> bool:
        """SGR 8."""
        return self.style.conceal

    @property
    def strike(self) -> bool:
        """SGR 9."""
        return self.style.strike

    @property
    def overline(self) -> bool:
        """SGR 53."""
        return self.style.overline


class Run(NamedTuple):
    """Neighbouring cells of one style: their text, how many cells they are, and the style."""

    text: str
    width: int
    style: Style


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor: its cell (0-based, always on the screen), whether and how it is drawn."""

    x: int
    y: int
    is_visible: bool
    shape: Shape
    is_blinking: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since changes were taken last.

    `lines` are rows of the screen, `scrolled` counts lines that went to the scrollback, `bells` the bells
    that rang. With `everything` no picture of before is of use: another size, another screen, a reset, a
    cleared scrollback.
    """

    lines: frozenset[int]
    scrolled: int
    cursor: bool
    title: bool
    bells: int
    everything: bool
