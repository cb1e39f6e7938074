"""Mouse and focus events as the guest is told of them (xterm's ctlseqs, "Mouse Tracking")."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from machinedeck.term.modes import Modes

MouseKind = Literal["press", "release", "move", "scroll_up", "scroll_down", "scroll_left", "scroll_right"]
"""What the mouse did."""

_WHEEL = {"scroll_up": 64, "scroll_down": 65, "scroll_left": 66, "scroll_right": 67}
_MODIFIERS = {"shift": 4, "alt": 8, "meta": 8, "ctrl": 16}
_NO_BUTTON = 3
_MOVING = 32


def encode_mouse(
    kind: MouseKind, button: int, x: int, y: int, modifiers: Collection[str], modes: Modes
) -> bytes:
    """The bytes that report a mouse event; none if the guest did not ask or its encoding cannot say it.

    Args:
        kind: What happened; a drag is a "move" with a button.
        button: 1 left, 2 middle, 3 right, 4 to 7 as wheels are wired, 8 to 11 further ones, 0 none.
        x: The column, 0-based.
        y: The row, 0-based.
        modifiers: Of "shift", "alt", "meta" and "ctrl" those that are held.
        modes: The guest's modes: `mouse` and `mouse_encoding` decide.
    """
    if not _is_wanted(kind, button, modes.mouse) or x < 0 or y < 0:
        return b""
    code = _WHEEL.get(kind, _button(button))
    if modes.mouse != "press":
        code += sum({_MODIFIERS.get(modifier, 0) for modifier in modifiers})
    if kind == "move":
        code += _MOVING
    if modes.mouse_encoding == "sgr":
        return f"\x1b[<{code};{x + 1};{y + 1}{'m' if kind == 'release' else 'M'}".encode()
    if kind == "release":
        code |= _NO_BUTTON  # only the SGR encoding tells which button was released
    if modes.mouse_encoding == "urxvt":
        return f"\x1b[{code + 32};{x + 1};{y + 1}M".encode()
    return _in_characters(code, x, y, limit=2047 if modes.mouse_encoding == "utf8" else 255)


def encode_focus(has_focus: bool, modes: Modes) -> bytes:
    """The bytes that tell that the focus came or went, or none if the guest did not ask (mode 1004)."""
    if not modes.focus_events:
        return b""
    return b"\x1b[I" if has_focus else b"\x1b[O"


def _is_wanted(kind: str, button: int, mouse: str) -> bool:
    """Whether the mouse mode reports this kind of event."""
    if not mouse:
        return False
    if kind == "move":
        return mouse == "motion" or (mouse == "drag" and button > 0)
    return mouse != "press" or kind == "press"


def _button(button: int) -> int:
    """The code of a button."""
    if button <= 0:
        return _NO_BUTTON
    if button <= 3:
        return button - 1
    return 64 + button - 4 if button <= 7 else 128 + button - 8


def _in_characters(code: int, x: int, y: int, *, limit: int) -> bytes:
    """The oldest encoding: three characters, each a number plus 32; none beyond `limit`."""
    values = (code + 32, x + 33, y + 33)
    if max(values) > limit:
        return b""
    return b"\x1b[M" + (bytes(values) if limit == 255 else "".join(map(chr, values)).encode())
