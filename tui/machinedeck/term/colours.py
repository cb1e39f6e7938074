"""The colours that a guest changes and asks for: palette, special colours, and those of text and pointer.

Sources: xterm's ctlseqs (OSC 4, 5, 10 to 19, 104, 105, 110 to 119); XParseColor(3) for how a colour is
written.
"""

from __future__ import annotations

import re

RGB = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

SPECIAL = range(256, 261)
"""Palette numbers of the colours for bold, underlined, blinking, reversed and italic text (OSC 5)."""

DYNAMIC = range(10, 20)
"""OSC numbers of the colours of text, cursor, pointer, Tektronix window and selection."""

TEXT, BACKGROUND = (0xE5, 0xE5, 0xE5), (0, 0, 0)
"""What programs that ask for default colours are told: a dark background."""

_DARK = frozenset({11, 14, 16})

# fmt: off
_BASE = (
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
    0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
)
# fmt: on

_NAMES = {
    "black": 0x000000, "white": 0xFFFFFF, "red": 0xFF0000, "green": 0x00FF00, "blue": 0x0000FF,
    "yellow": 0xFFFF00, "cyan": 0x00FFFF, "magenta": 0xFF00FF, "gray": 0xBEBEBE, "grey": 0xBEBEBE,
    "orange": 0xFFA500,
    "brown": 0xA52A2A, "purple": 0xA020F0, "pink": 0xFFC0CB, "navy": 0x000080, "maroon": 0xB03060,
    "darkgray": 0xA9A9A9, "lightgray": 0xD3D3D3, "darkred": 0x8B0000, "darkgreen": 0x006400,
    "darkblue": 0x00008B,
    "gold": 0xFFD700, "turquoise": 0x40E0D0, "violet": 0xEE82EE, "beige": 0xF5F5DC, "tan": 0xD2B48C,
}  # fmt: skip
"""Names of X11's rgb.txt that programs use."""

_SHARP = re.compile(r"#((?:[0-9A-Fa-f]{3}){1,4})")
_CHANNELS = re.compile(r"rgb:([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})")
_INTENSITIES = re.compile(r"rgbi:(\d?\.?\d{1,9})/(\d?\.?\d{1,9})/(\d?\.?\d{1,9})")


def palette(number: int) -> RGB:
    """Red, green and blue of a palette colour, 0 to 255, as xterm has them at the start."""
    if number < 16:
        return _split(_BASE[number])
    if number < 232:
        cube = number - 16
        red, green, blue = (level and 55 + 40 * level for level in (cube // 36, cube // 6 % 6, cube % 6))
        return red, green, blue
    grey = 8 + 10 * (number - 232)
    return grey, grey, grey


def parse(text: str) -> RGB | None:
    """The colour that `text` is: `#rgb` with one to four digits each, `rgb:r/g/b`, `rgbi:…`, or a name."""
    if match := _SHARP.fullmatch(text):
        size = len(match[1]) // 3
        # The digits of this old form are the highest ones: #fff is #f0f0f0.
        values = [int(match[1][at : at + size].ljust(2, "0")[:2], 16) for at in range(0, 3 * size, size)]
    elif match := _CHANNELS.fullmatch(text):
        values = [round(int(part, 16) * 0xFF / (16 ** len(part) - 1)) for part in match.groups()]
    elif match := _INTENSITIES.fullmatch(text):
        values = [round(min(float(part), 1.0) * 0xFF) for part in match.groups()]
    else:
        name = text.replace(" ", "").lower()
        return _split(_NAMES[name]) if name in _NAMES else None
    return values[0], values[1], values[2]


def _split(value: int) -> RGB:
    return value >> 16, value >> 8 & 0xFF, value & 0xFF


class Colours:
    """The colours of one terminal: those that the guest changed, and the defaults of all others."""

    def __init__(self) -> None:
        self.changed: dict[int, RGB] = {}
        """Palette numbers 0 to 255 and special ones, as far as they are not the default."""
        self.dynamic: dict[int, RGB] = {}
        """The same for colours that have an OSC of their own, by its number."""

    def copy(self) -> Colours:
        """The same colours, which go their own way from here on."""
        other = Colours()
        other.changed, other.dynamic = dict(self.changed), dict(self.dynamic)
        return other

    def get(self, number: int) -> RGB:
        """A colour of the palette or a special one."""
        found = self.changed.get(number)
        if found is None:
            found = palette(number) if number < 256 else self.get_dynamic(10)
        return found

    def get_dynamic(self, number: int) -> RGB:
        """A colour by its OSC number, 10 to 19."""
        return self.dynamic.get(number, BACKGROUND if number in _DARK else TEXT)

    def reset(self, numbers: range) -> None:
        """Forget changes of palette numbers."""
        for number in [number for number in self.changed if number in numbers]:
            del self.changed[number]
