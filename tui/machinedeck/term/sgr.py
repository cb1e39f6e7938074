"""Select Graphic Rendition: from the parameters of `CSI … m` to a look.

Sources: ECMA-48 8.3.117; xterm's ctlseqs ("Character Attributes (SGR)"); ISO 8613-6 for colours with colons;
kitty's "Colored and styled underlines" for `4:x` and 58.
"""

from __future__ import annotations

import re
from typing import Any

from machinedeck.term.styles import DEFAULT, Colour, Style

SIMPLE: dict[int, dict[str, Any]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": 1},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    8: {"conceal": True},
    9: {"strike": True},
    21: {"underline": 2},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": 0},
    25: {"blink": False},
    27: {"reverse": False},
    28: {"conceal": False},
    29: {"strike": False},
    39: {"fg": None},
    49: {"bg": None},
    53: {"overline": True},
    55: {"overline": False},
    59: {"underline_color": None},
    **{30 + number: {"fg": number} for number in range(8)},
    **{40 + number: {"bg": number} for number in range(8)},
    **{90 + number: {"fg": 8 + number} for number in range(8)},
    **{100 + number: {"bg": 8 + number} for number in range(8)},
}
"""What the parameters that stand alone change."""

COLOURS = {38: "fg", 48: "bg", 58: "underline_color"}
"""The parameters that a colour follows."""

_CHANNELS = {str(level): level for level in range(256)}
_TRUE_COLOUR = re.compile(r"([34])8;2;([0-9]{1,3});([0-9]{1,3});([0-9]{1,3})(?:;|\Z)")


def render(style: Style, parameters: str) -> Style:
    """The look after `CSI parameters m` when `style` was in force before.

    What is unknown, out of range or cut off changes nothing and never reaches over to the next parameter.

    Args:
        style: The look so far.
        parameters: The parameters as sent: digits, `;` and `:`.
    """
    while match := _TRUE_COLOUR.match(parameters):
        # What pictures are made of, on a short way.
        ground, red, green, blue = match.groups()
        channels = _CHANNELS.get(red), _CHANNELS.get(green), _CHANNELS.get(blue)
        if None in channels:
            break
        colours = (channels, style[1]) if ground == "3" else (style[0], channels)
        style = tuple.__new__(Style, (*colours, *style[2:]))
        if match.end() == len(parameters) and parameters[-1] != ";":
            return style
        parameters = parameters[match.end() :]
    parts = parameters.split(";")
    changes: dict[str, Any] = {}
    position = 0
    while position < len(parts):
        part = parts[position]
        position += 1
        if ":" in part:
            _with_colons(part, changes)
            continue
        code = number(part)
        if code == 0:
            style, changes = DEFAULT._replace(is_protected=style.is_protected, link=style.link), {}
        elif code in COLOURS:
            colour, used = _with_semicolons(parts[position : position + 4])
            position += used
            if colour is not None:
                changes[COLOURS[code]] = colour
        else:
            changes.update(SIMPLE.get(code, {}))
    return style._replace(**changes) if changes else style


def number(text: str) -> int:
    """A parameter as a number; nothing counts as 0, and a size no terminal knows as 65535 (xterm's bound)."""
    digits = text.lstrip("0")
    return min(int(digits[:6]), 0xFFFF) if digits else 0


def _with_colons(part: str, changes: dict[str, Any]) -> None:
    """One parameter with sub-parameters, such as `4:3`, `38:5:9`, `38:2::1:2:3` or `58:2:1:2:3`."""
    code, *rest = part.split(":")
    if number(code) == 4:
        kind = number(rest[0])
        if kind <= 5:
            changes["underline"] = kind
    elif number(code) in COLOURS:
        colour = _colour(rest)
        if colour is not None:
            changes[COLOURS[number(code)]] = colour


def _colour(rest: list[str]) -> Colour:
    """A colour with colons, after its 38, 48 or 58; None where it makes none."""
    kind = number(rest[0])
    values = [number(value) for value in rest[1:]]
    if kind == 5 and values and values[0] < 256:
        return values[0]
    # ISO 8613-6 puts the number of a colour space before red; most programs leave that place out altogether.
    channels = values[1:4] if len(values) >= 4 else values
    if kind == 2 and len(channels) == 3 and max(channels) < 256:
        return channels[0], channels[1], channels[2]
    return None


def _with_semicolons(rest: list[str]) -> tuple[Colour, int]:
    """A colour in the parameters after 38, 48 or 58, and how many of them it took."""
    if not rest or ":" in rest[0]:
        return None, 0
    kind = number(rest[0])
    count = {5: 2, 2: 4}.get(kind, 1)
    values = rest[1:count]
    if count == 1 or len(values) < count - 1 or any(":" in value for value in values):
        return None, min(count, len(rest))
    return _colour([str(kind), *values]), count
