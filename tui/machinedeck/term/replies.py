"""What the terminal answers when a guest asks.

Answers are made of our own text and of numbers that we format; nothing a guest sent is ever given back, since
what a terminal answers arrives as if the operator had typed it. For that reason the title is never reported
either.

Sources: xterm's ctlseqs (DA, DSR, DECRQM, DECRQSS, XTGETTCAP, XTVERSION, XTWINOPS, OSC 4 and 10 to 12); DEC
STD 070.
"""

from __future__ import annotations

from machinedeck.term.styles import Colour, Style

NAME = "machinedeck"
"""What XTVERSION says."""

PRIMARY = "\x1b[?62;22c"
"""DA1: a VT220 with colours."""

SECONDARY = "\x1b[>1;277;0c"
"""DA2: VT220, and the first xterm version with the SGR mouse, which vim decides by."""

TERTIARY = "\x1bP!|00000000\x1b\\"
"""DA3: no site, no serial number."""

VERSION = f"\x1bP>|{NAME}\x1b\\"
"""XTVERSION."""

READY = "\x1b[0n"
"""DSR: ready."""

PRIVATE_STATUS = {
    15: "\x1b[?13n",
    25: "\x1b[?21n",
    26: "\x1b[?27;1;0;0n",
    55: "\x1b[?50n",
    56: "\x1b[?57;0n",
    75: "\x1b[?70n",
}
"""DSR with ?: no printer, user keys locked, North American keyboard, no locator (twice), no errors."""

CAPABILITIES = {"TN": "xterm-256color", "Co": "256", "colors": "256", "RGB": "8/8/8"}
"""What XTGETTCAP knows: terminfo's name, number of colours, bits of each channel."""

NOT_A_CAPABILITY = "\x1bP0+r\x1b\\"
"""XTGETTCAP: not known."""

NOT_A_SETTING = "\x1bP0$r\x1b\\"
"""DECRQSS: not known."""

DEFAULT_COLOURS = {10: (0xE5, 0xE5, 0xE5), 11: (0, 0, 0), 12: (0xE5, 0xE5, 0xE5)}
"""Foreground, background and cursor, as OSC 10 to 12 report them: programs ask if it is dark."""

# fmt: off
_BASE = (
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
    0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
)
# fmt: on


def palette(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a palette colour, 0 to 255, as xterm has them."""
    if number < 16:
        value = _BASE[number]
        return value >> 16, value >> 8 & 0xFF, value & 0xFF
    if number < 232:
        cube = number - 16
        red, green, blue = (level and 55 + 40 * level for level in (cube // 36, cube // 6 % 6, cube % 6))
        return red, green, blue
    grey = 8 + 10 * (number - 232)
    return grey, grey, grey


def colour(prefix: str, value: tuple[int, int, int], terminator: str) -> str:
    """The answer to a colour query: `prefix` is the OSC's own number, such as `10` or `4;1`."""
    red, green, blue = (f"{channel:02x}{channel:02x}" for channel in value)
    return f"\x1b]{prefix};rgb:{red}/{green}/{blue}{terminator}"


def capability(name: str) -> str:
    """The answer to XTGETTCAP for one capability."""
    value = CAPABILITIES.get(name)
    if value is None:
        return NOT_A_CAPABILITY
    return f"\x1bP1+r{name.encode().hex().upper()}={value.encode().hex().upper()}\x1b\\"


def setting(value: str) -> str:
    """The answer to DECRQSS: a setting as the control function that would make it."""
    return f"\x1bP1$r{value}\x1b\\"


def rendition(style: Style) -> str:
    """A style as the parameters of SGR that make it, from a reset on."""
    flags = {
        "1": style.bold,
        "2": style.dim,
        "3": style.italic,
        "4": style.underline == 1,
        f"4:{style.underline}": style.underline > 1,
        "5": style.blink,
        "7": style.reverse,
        "8": style.conceal,
        "9": style.strike,
        "53": style.overline,
    }
    colours = _colour(3, style.fg) + _colour(4, style.bg) + _colour(5, style.underline_color)
    return ";".join(["0", *(code for code, is_set in flags.items() if is_set), *colours])


def _colour(ground: int, value: Colour) -> list[str]:
    """The parameter for a colour: ground 3 is foreground, 4 background, 5 the underline's."""
    if value is None:
        return []
    if isinstance(value, tuple):
        return [f"{ground}8:2::{value[0]}:{value[1]}:{value[2]}"]
    if value < 8 and ground < 5:
        return [f"{ground}{value}"]
    return [f"{ground}8:5:{value}"]
