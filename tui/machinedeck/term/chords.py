"""The one key that is not the machine's: how it is written, and which keys it cannot be."""

from __future__ import annotations

import re

LEAVE_KEY = "f12"
"""What leaves a terminal unless another key is asked for, as Textual names keys."""

_MODIFIERS = {
    "ctrl": "ctrl",
    "control": "ctrl",
    "c": "ctrl",
    "alt": "alt",
    "m": "alt",
    "meta": "alt",
    "shift": "shift",
}
_NAMES = {
    "@": "at", "\\": "backslash", "]": "right_square_bracket", "[": "left_square_bracket",
    "^": "circumflex_accent", "_": "underscore", "-": "minus", "esc": "escape", "return": "enter",
    "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
}  # fmt: skip
_NAMED = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "space"}

_TAKEN = {
    "ctrl+right_square_bracket": "machinectl leaves with it",
    "ctrl+circumflex_accent": "mosh begins its commands with it",
    "ctrl+a": "screen begins its commands with it",
    "ctrl+b": "tmux begins its commands with it",
    "escape": "programs need it, and it is slow to tell from other keys",
    "tilde": "ssh begins its commands with it",
    "ctrl+left_square_bracket": "it is the escape key",
    "ctrl+i": "it is the tab key",
    "ctrl+m": "it is the enter key",
    "ctrl+j": "it is a line feed",
    "ctrl+h": "it is the backspace key of many terminals",
    "ctrl+c": "it interrupts programs",
    "ctrl+d": "it ends input",
    "ctrl+z": "it suspends programs",
}
"""Keys that would be missed in a machine, or that somebody else on the way takes, and why."""

_FUNCTION = re.compile(r"f([1-9]|1[0-9]|2[0-4])")


def read_chord(text: str) -> str:
    """The name of the key that `text` means, such as `F12`, `Ctrl-G`, `alt+x`.

    Raises:
        ValueError: It is no key, or one that a terminal cannot do without; the sentence says which.
    """
    head, _, last = re.sub(r"[-+](?=.)", "+", text.strip()).rpartition("+")
    wanted = set()
    for word in head.split("+") if head else []:
        if word.lower() not in _MODIFIERS:
            raise ValueError(f"{text!r} is no key: {word!r} is none of Ctrl, Alt and Shift")
        wanted.add(_MODIFIERS[word.lower()])
    base = _NAMES.get(last.lower(), last.lower())
    is_function = _FUNCTION.fullmatch(base) is not None
    is_named = base in _NAMED or base in _NAMES.values()
    if not is_function and not is_named and not (len(base) == 1 and base.isascii() and base.isalnum()):
        raise ValueError(f"{text!r} is no key: say it as in F12, Ctrl-G or Alt-X")
    chord = "+".join([*sorted(wanted), base])
    if chord in _TAKEN:
        raise ValueError(f"{text!r} cannot be the key to leave with: {_TAKEN[chord]}")
    if not is_function and not wanted & {"ctrl", "alt"}:
        raise ValueError(f"{text!r} cannot be the key to leave with: it is needed for typing")
    return chord
