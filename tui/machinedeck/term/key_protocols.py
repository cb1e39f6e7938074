"""Keys in the two ways that tell all of them apart: xterm's modifyOtherKeys and the first level of kitty's.

Sources: xterm's ctlseqs ("XTMODKEYS") and its modified-keys page; kitty's "Comprehensive keyboard handling in
terminals", progressive enhancement 1 ("disambiguate escape codes").
"""

from __future__ import annotations

SHIFT, ALT, CTRL = 1, 2, 4
"""Modifiers as both count them; what is sent is their sum plus one."""

_CODES = {"escape": 27, "enter": 13, "return": 13, "tab": 9, "backspace": 127, "space": 32}
"""Keys that stand for a control character, and the code that both protocols give them."""

_KITTY_KEYPAD = {
    "decimal": 57409,
    "divide": 57410,
    "multiply": 57411,
    "subtract": 57412,
    "add": 57413,
    "equal": 57415,
    "separator": 57416,
}


def kitty_key(base: str, text: str, modifiers: int) -> str | None:
    """What a key sends under kitty's first level; None where it sends what it always does.

    Args:
        base: The key's name.
        text: The character it stands for, "" if it stands for none.
        modifiers: Those that are held.
    """
    if base in _KITTY_KEYPAD:
        return _kitty(_KITTY_KEYPAD[base], modifiers)
    if base == "escape" or (base in _CODES and base != "space" and modifiers):
        return _kitty(_CODES[base], modifiers)
    if base == "space":
        return _kitty(32, modifiers) if modifiers & ~SHIFT else None
    if len(text) == 1 and modifiers & ~SHIFT:
        return _kitty(ord(text.lower()), modifiers | (SHIFT if text != text.lower() else 0))
    return None


def kitty_function_key(number: int) -> str | None:
    """What F1 to F4 send under kitty's protocol by themselves; None for the others."""
    return {1: "\x1b[P", 2: "\x1b[Q", 3: "\x1b[13~", 4: "\x1b[S"}.get(number)


def modified_key(base: str, text: str, modifiers: int, level: int, *, has_control: bool) -> str | None:
    """What a key sends under modifyOtherKeys; None where it sends what it always does.

    Level 1 changes keys that could not be told apart otherwise, level 2 all that are held with a modifier,
    save a character with shift.

    Args:
        base: The key's name.
        text: The character it stands for, "" if it stands for none.
        modifiers: Those that are held.
        level: 1 or 2.
        has_control: Whether the control key makes a control character of it.
    """
    code = _CODES.get(base) or (ord(text) if len(text) == 1 else 0)
    if not code or not modifiers or (base == "tab" and modifiers == SHIFT):
        return None
    if level == 1:
        if base in {"backspace", "escape", "space"} or not modifiers & (CTRL | SHIFT):
            return None
        is_plain = modifiers & CTRL and has_control and not modifiers & SHIFT
        if base not in _CODES and (is_plain or not modifiers & CTRL):
            return None
    elif modifiers == SHIFT and base not in _CODES:
        return None
    return f"\x1b[27;{modifiers + 1};{code}~"


def _kitty(code: int, modifiers: int) -> str:
    return f"\x1b[{code};{modifiers + 1}u" if modifiers else f"\x1b[{code}u"
