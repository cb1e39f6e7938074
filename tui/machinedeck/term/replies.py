"""What the terminal answers when a guest asks.

Answers are made of our own text and of numbers that we format; nothing a guest sent is ever given back, since
what a terminal answers arrives as if the operator had typed it. For that reason the title is never reported
either.

Sources: xterm's ctlseqs (DA, DSR, DECRQM, DECRQSS, XTGETTCAP, XTVERSION, XTWINOPS, OSC 4 and 10 to 12); DEC
STD 070.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from machinedeck.term.styles import DEFAULT, Colour, Style

NAME = "machinedeck"
"""What XTVERSION says."""

PRIMARY = "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c"
"""DA1: a VT420, with the extensions that xterm names."""

VT52 = "\x1b/Z"
"""What a VT52 is asked with `ESC Z`."""

SECONDARY = "\x1b[>41;390;0c"
"""DA2: VT420, and an xterm version: vim and others decide by it what they use."""

TERTIARY = "\x1bP!|00000000\x1b\\"
"""DA3: no site, no serial number."""

SUPPLEMENTAL = "\x1bP0!u%5\x1b\\"
"""DECRQUPSS: the user's preferred supplemental set, which is DEC's, as it is in a VT420."""

VERSION = f"\x1bP>|{NAME}\x1b\\"
"""XTVERSION."""

READY = "\x1b[0n"
"""DSR: ready."""


class Status(NamedTuple):
    """An answer to DSR with `?`, and the conformance level from which on it is given."""

    answer: str
    level: int = 1


PRIVATE_STATUS = {
    5: Status("\x1b[?0n"),
    15: Status("\x1b[?13n", 2),
    25: Status("\x1b[?20n", 2),
    53: Status("\x1b[?53n", 3),
    55: Status("\x1b[?53n", 3),
    56: Status("\x1b[?57;0n", 3),
    62: Status("\x1b[0000*{", 4),
    75: Status("\x1b[?70n", 4),
    85: Status("\x1b[?83n", 4),
    996: Status("\x1b[?997;1n"),
}
"""DSR with ?: ready, no printer, user keys unlocked, no locator, of no kind, no room
for macros, no errors, no sessions, dark colours."""

KEYBOARD = {2: "\x1b[?27;1n", 3: "\x1b[?27;1;0n", 4: "\x1b[?27;1;0;0n", 5: "\x1b[?27;1;0;0n"}
"""DSR 26, by the conformance level: a North American keyboard; ready; of the first kind."""

CAPABILITIES = {"TN": "xterm-256color", "Co": "256", "colors": "256", "RGB": "8/8/8"}
"""What XTGETTCAP knows: terminfo's name, number of colours, bits of each channel."""

NOT_A_CAPABILITY = "\x1bP0+r\x1b\\"
"""XTGETTCAP: not known."""

NOT_A_SETTING = "\x1bP0$r\x1b\\"
"""DECRQSS: not known."""


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


def checksum(identifier: int, value: int) -> str:
    """DECCKSR: a checksum of 16 bits, with the number that the guest gave its question."""
    return f"\x1bP{identifier}!~{value:04X}\x1b\\"


def presentation(which: str, value: str) -> str:
    """DECPSR: the answer to DECRQPSR."""
    return f"\x1bP{which}$u{value}\x1b\\"


def bits(flags: Iterable[object]) -> str:
    """Flags as DECCIR writes them: a character from 0x40 on, the first flag in the lowest bit."""
    return chr(0x40 + sum(1 << number for number, flag in enumerate(flags) if flag))


def eight_bit(answer: str) -> str:
    """An answer with its C1 controls as single characters (S8C1T)."""
    return re.sub("\x1b([@-_])", lambda match: chr(ord(match[1]) + 0x40), answer)


def shared(styles: Iterable[Style]) -> Style:
    """The looks that all styles have; the default where they differ, or where there are none."""
    known = list(styles) or [DEFAULT]
    same = {
        name: value for name in Style._fields if len({value := getattr(style, name) for style in known}) == 1
    }
    return DEFAULT._replace(**same)


def rendition(style: Style) -> str:
    """A style as the parameters of SGR that make it, from a reset on."""
    flags = {
        "1": style.bold,
        "2": style.dim,
        "3": style.italic,
        "4": style.underline == 1,
        "21": style.underline == 2,
        f"4:{style.underline}": style.underline > 2,
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
    if value < 16 and ground < 5:
        return [f"{ground + 6}{value - 8}"]
    return [f"{ground}8:5:{value}"]
