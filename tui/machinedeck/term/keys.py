"""Keys as bytes: from the names that Textual gives them to what xterm sends.

Sources: xterm's ctlseqs ("PC-Style Function Keys", "VT220-Style Function Keys"), terminfo's `xterm-256color`.
Names are Textual 8.2's: modifiers and a key joined by "+", characters that are no letter or digit by their
Unicode names.
"""

from __future__ import annotations

import unicodedata

from machinedeck.term.key_protocols import (
    ALT,
    SHIFT,
    kitty_function_key,
    kitty_key,
    modified_key,
)
from machinedeck.term.modes import Modes

RAW = "<raw>"
"""The name of a key that none of the tables knows; its character is what the operator's terminal sent."""

_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4, "meta": 8}

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H", "kp_begin": "E"}
_NUMBERED = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6, "menu": 29}
_F_LETTERS = {1: "P", 2: "Q", 3: "R", 4: "S"}
_F_NUMBERS = {5: 15, 6: 17, 7: 18, 8: 19, 9: 20, 10: 21, 11: 23, 12: 24}
_F_MODIFIERS = (0, 1, 4, 5, 2)
"""F13 and up are F1 to F12 with modifiers (terminfo kf13 …): shift, control, both, alt."""

_KEYPAD = {
    "multiply": "*",
    "add": "+",
    "separator": ",",
    "subtract": "-",
    "decimal": ".",
    "divide": "/",
    "equal": "=",
}
"""Keypad keys that Textual names; in application mode they send `ESC O` and the character 64 further on."""

_PLAIN = {"escape": "\x1b", "enter": "\r", "return": "\r", "tab": "\t", "backspace": "\x7f", "space": " "}
_CONTROL = {
    " ": 0, "@": 0, "2": 0, "`": 0, "[": 27, "3": 27, "\\": 28, "4": 28, "]": 29, "5": 29, "^": 30, "6": 30,
    "~": 30, "_": 31, "7": 31, "/": 31, "-": 31, "?": 127, "8": 127,
}  # fmt: skip
"""What the control key makes of characters that are no letters."""

_NAMES = {
    "at": "@",
    "backslash": "\\",
    "hyphen_minus": "-",
    "left_square_brace": "[",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "underscore": "_",
}
"""Textual's own names for characters that Unicode calls otherwise."""


def encode_key(key: str, character: str | None, modes: Modes) -> bytes:
    """The bytes that a key sends.

    Args:
        key: The key as Textual names it, such as "a", "ctrl+c", "shift+tab", "alt+x", "ctrl+up", "f5".
        character: The character that Textual gives with it, if any.
        modes: The guest's modes: `application_cursor`, `application_keypad`, `newline`, `modify_other_keys`,
            `disambiguates`, `backspace` and `is_vt52` decide.

    Returns:
        The bytes; none for a key that sends nothing, such as a modifier by itself.
    """
    if key == RAW:
        return (character or "").encode("utf-8", "replace")
    base, modifiers = _parse(key)
    if not base:
        return b""
    encoded = _vt52_key(base, modes) if modes.is_vt52 else _protocol_key(base, character, modifiers, modes)
    if encoded is None:
        encoded = _function_key(base, modifiers, modes)
    if encoded is None:
        encoded = _character_key(base, character, modifiers, modes)
    return encoded.encode("utf-8", "replace")


def _vt52_key(base: str, modes: Modes) -> str | None:
    """What a key sends to who takes us for a VT52; None where it is the same. Modifiers are not told."""
    number = _function_number(base)
    if base in _CURSOR:
        return f"\x1b{_CURSOR[base]}"
    if number in _F_LETTERS:
        return f"\x1b{_F_LETTERS[number]}"
    if base in _KEYPAD and modes.application_keypad:
        return f"\x1b?{_application(base)}"
    return None


def _protocol_key(base: str, character: str | None, modifiers: int, modes: Modes) -> str | None:
    """What a key sends where the guest asked to have them all told apart; None for what stays as ever."""
    is_kitty = modes.disambiguates
    if not is_kitty and not modes.modify_other_keys:
        return None
    held = modifiers & 7 | (ALT if modifiers & 8 else 0)
    if _is_function_key(base):
        number = int(base[1:]) if base[0] == "f" and base[1:].isdecimal() else 0
        return kitty_function_key(number) if is_kitty and not held else None
    text = "" if base in _PLAIN else _character(base, character, modifiers)
    if is_kitty:
        return kitty_key(base, text, held)
    if text.isupper() and text.isascii():
        held |= SHIFT
    has_control = text.isascii() and (text.isalpha() or text in _CONTROL)
    return modified_key(base, text, held, modes.modify_other_keys, has_control=has_control)


def _is_function_key(base: str) -> bool:
    """Whether a key has a sequence of its own, whoever asks."""
    return base in _CURSOR or base in _NUMBERED or _function_number(base) > 0


def _function_number(base: str) -> int:
    """The number of F1 to F60; 0 for all that is none of them."""
    if base[0] != "f" or not base[1:].isdecimal() or not base.isascii() or len(base) > 3:
        return 0
    number = int(base[1:])
    return number if number <= 12 * len(_F_MODIFIERS) else 0


def _parse(key: str) -> tuple[str, int]:
    """A key's name without modifiers, and those as xterm counts them; no name for what is no key."""
    if key.startswith("<") and key.endswith(">"):
        return "", 0  # how Textual names what it ignores
    head, _, base = key.removesuffix("+").rpartition("+")
    if key.endswith("+"):
        head, base = key[:-1], "+"
    modifiers = 0
    for word in head.split("+"):
        modifiers |= _MODIFIERS.get(word, 0)
    return base, modifiers


def _function_key(base: str, modifiers: int, modes: Modes) -> str | None:
    """What cursor, editing, function and keypad keys send; None for all others."""
    if base in _CURSOR:
        is_application = modes.application_cursor and not modes.disambiguates
        return _lettered(_CURSOR[base], modifiers, is_application=is_application)
    if base in _NUMBERED:
        return _numbered(_NUMBERED[base], modifiers)
    if base in _KEYPAD:
        return _keypad(base, modifiers, modes)
    if function := _function_number(base):
        row, number = divmod(function - 1, 12)
        modifiers |= _F_MODIFIERS[row]
        if number + 1 in _F_LETTERS:
            return _lettered(_F_LETTERS[number + 1], modifiers, is_application=True)
        return _numbered(_F_NUMBERS[number + 1], modifiers)
    return None


def _keypad(base: str, modifiers: int, modes: Modes) -> str:
    """A key of the keypad."""
    if modes.application_keypad:
        return f"\x1bO{_application(base)}"
    return _with_alt(_KEYPAD[base], modifiers)


def _application(base: str) -> str:
    """The letter by which the application mode calls a key of the keypad."""
    return chr(ord(_KEYPAD[base]) + 64)


def _lettered(letter: str, modifiers: int, *, is_application: bool) -> str:
    """A key whose sequence ends in a letter."""
    if modifiers:
        return f"\x1b[1;{modifiers + 1}{letter}"
    return f"\x1bO{letter}" if is_application else f"\x1b[{letter}"


def _numbered(number: int, modifiers: int) -> str:
    """A key whose sequence is a number and a tilde."""
    return f"\x1b[{number};{modifiers + 1}~" if modifiers else f"\x1b[{number}~"


def _with_alt(text: str, modifiers: int) -> str:
    """The text with ESC before it if alt or meta is held."""
    return "\x1b" + text if modifiers & 10 else text


def _character_key(base: str, character: str | None, modifiers: int, modes: Modes) -> str:
    """What a key sends that stands for a character."""
    if base in _PLAIN:
        return _with_alt(_plain(base, character, modifiers, modes), modifiers)
    text = _character(base, character, modifiers)
    if modifiers & 4 and len(text) == 1:
        text = _control(text)
    return _with_alt(text, modifiers) if text else ""


def _plain(base: str, character: str | None, modifiers: int, modes: Modes) -> str:
    """Enter, tab, escape, backspace and space."""
    if base == "tab" and modifiers & 1:
        return "\x1b[Z"
    if base == "space" and modifiers & 4:
        return "\x00"
    if base == "backspace" and character == "\b":
        return "\b"  # Textual calls ctrl+h backspace too, and tells them apart by the character
    if base == "backspace":
        return "\b" if modes.backspace != bool(modifiers & 4) else "\x7f"  # ctrl: the other one
    if base in {"enter", "return"} and modes.newline:
        return "\r\n"
    return _PLAIN[base]


def _control(character: str) -> str:
    """What a character becomes with the control key; itself if there is no such control."""
    if character.isascii() and character.isalpha():
        return chr(ord(character.upper()) - 64)
    return chr(_CONTROL[character]) if character in _CONTROL else character


def _character(base: str, character: str | None, modifiers: int) -> str:
    """The character a key stands for, as Textual gives it or else by its name; empty for none."""
    if character and character.isprintable():
        return character
    if len(base) == 1:
        return base.upper() if modifiers & 1 else base
    if base in _NAMES:
        return _NAMES[base]
    try:
        found = unicodedata.lookup(base.replace("_", " "))
    except KeyError:
        return character if character and len(character) == 1 else ""
    return found
