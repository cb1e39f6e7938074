"""What a case is, and how looks are written in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from machinedeck.term import Style
from machinedeck.term.styles import Colour

FIVE = "1\r\n2\r\n3\r\n4\r\n5"
"""A digit in each of five rows."""

GRID = "abcdefghij\r\nklmnopqrst\r\nuvwxyzABCD\r\nEFGHIJKLMN\r\nOPQRSTUVWX\x1b[H"
"""A letter in every cell, and the cursor home."""

SIDES = "\x1b[?69h\x1b[3;7s"
"""Margins at the columns 3 and 7."""

ENDS = "\x1b[2;4r"
"""Margins at the lines 2 and 4."""

FLAGS = ("bold", "dim", "italic", "blink", "reverse", "conceal", "strike", "overline")


@dataclass(frozen=True)
class Case:
    """A case.

    `rows` are the screen's rows joined by `|`, without blanks at the right and blank rows at the bottom;
    `cursor` is column and row from 0; `answers` is all that was answered; `looks` are cells as `describe` has
    them; `modes` are fields of `Modes`; `notes` are attributes of the screen.
    """

    name: str
    data: str
    rows: str
    cursor: tuple[int, int]
    source: str
    answers: str = ""
    looks: dict[tuple[int, int], str] = field(default_factory=dict)
    modes: dict[str, object] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    size: tuple[int, int] = (10, 5)
    is_pending: bool = False
    allows_resize: bool = False


def describe(style: Style) -> str:
    """A style in words: flags, underlining by its kind, colours by number or as hexadecimal digits."""
    words = [name for name in FLAGS if getattr(style, name)]
    if style.underline:
        words.append(f"underline={style.underline}")
    words += [
        f"{name}={_colour(value)}"
        for name, value in (("fg", style.fg), ("bg", style.bg), ("line", style.underline_color))
        if value is not None
    ]
    if style.is_protected:
        words.append("protected")
    if style.link:
        words.append(f"link={style.link}")
    return " ".join(words)


def _colour(value: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*value) if isinstance(value, tuple) else str(value)
