"""Every key as operators' terminals send it, its name, and what a machine gets of it.

Sources: xterm's ctlseqs ("PC-Style Function Keys", "XTMODKEYS"), terminfo's xterm-256color, linux and rxvt,
kitty's keyboard protocol. A row without a fourth column goes on as it came.
"""

from __future__ import annotations

_MODIFIERS = {
    2: "shift",
    3: "alt",
    4: "alt+shift",
    5: "ctrl",
    6: "ctrl+shift",
    7: "alt+ctrl",
    8: "alt+ctrl+shift",
}
_LETTERS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_FUNCTION = {"P": "f1", "Q": "f2", "R": "f3", "S": "f4"}
_TILDES = {
    2: "insert", 3: "delete", 5: "pageup", 6: "pagedown", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9",
    21: "f10", 23: "f11", 24: "f12",
}  # fmt: skip
_PUNCTUATION = {
    " ": "space", "!": "exclamation_mark", '"': "quotation_mark", "#": "number_sign", "$": "dollar_sign",
    "%": "percent_sign", "&": "ampersand", "'": "apostrophe", "(": "left_parenthesis",
    ")": "right_parenthesis", "*": "asterisk", "+": "plus", ",": "comma", "-": "minus", ".": "full_stop",
    "/": "slash", ":": "colon", ";": "semicolon", "<": "less_than_sign", "=": "equals_sign",
    ">": "greater_than_sign", "?": "question_mark", "@": "at", "\\": "backslash", "]": "right_square_bracket",
    "^": "circumflex_accent", "_": "underscore", "`": "grave_accent", "{": "left_curly_bracket",
    "|": "vertical_line", "}": "right_curly_bracket", "~": "tilde",
}  # fmt: skip

Row = tuple[str, str, str]
"""What the operator's terminal sends, the key's name, what the machine gets."""

CHARACTERS: list[Row] = [
    *((chr(code), chr(code), chr(code)) for code in range(33, 127) if chr(code).isalnum()),
    *((character, name, character) for character, name in _PUNCTUATION.items()),
    ("[", "left_square_bracket", "["),
    *((text, text, text) for text in "äßñжλ日é"),
    ("€", "euro_sign", "€"),
    ("😀", "grinning_face", "😀"),
]
CONTROLS: list[Row] = [
    ("\x00", "ctrl+@", "\x00"),
    *((chr(code), f"ctrl+{chr(code + 96)}", chr(code)) for code in range(1, 27) if code not in {8, 9, 13}),
    ("\x08", "backspace", "\x08"),
    ("\t", "tab", "\t"),
    ("\r", "enter", "\r"),
    ("\x1c", "ctrl+backslash", "\x1c"),
    ("\x1d", "ctrl+right_square_bracket", "\x1d"),
    ("\x1e", "ctrl+circumflex_accent", "\x1e"),
    ("\x1f", "ctrl+underscore", "\x1f"),
    ("\x7f", "backspace", "\x7f"),
]
ALT: list[Row] = [
    *(("\x1b" + text, f"alt+{text}", "\x1b" + text) for text in "abcxyz0189ä"),
    *(("\x1b" + text.upper(), f"alt+shift+{text}", "\x1b" + text.upper()) for text in "abxyz"),
    *((f"\x1b{text}", f"alt+{name}", f"\x1b{text}") for text, name in _PUNCTUATION.items()),
    ("\x1b\r", "alt+enter", "\x1b\r"),
    ("\x1b\t", "alt+tab", "\x1b\t"),
    ("\x1b\x7f", "alt+backspace", "\x1b\x7f"),
    ("\x1b\x08", "alt+backspace", "\x1b\x08"),
    ("\x1b\x01", "alt+ctrl+a", "\x1b\x01"),
    ("\x1b\x00", "alt+ctrl+@", "\x1b\x00"),
]
CURSOR: list[Row] = [
    *((f"\x1b[{letter}", name, f"\x1b[{letter}") for letter, name in _LETTERS.items()),
    *((f"\x1bO{letter}", name, f"\x1b[{letter}") for letter, name in _LETTERS.items()),
]
MODIFIED: list[Row] = [
    *(
        (f"\x1b[1;{number}{letter}", f"{held}+{name}", f"\x1b[1;{number}{letter}")
        for number, held in _MODIFIERS.items()
        for letter, name in {**_LETTERS, **_FUNCTION}.items()
    ),
    *(
        (f"\x1b[{code};{number}~", f"{held}+{name}", f"\x1b[{code};{number}~")
        for number, held in _MODIFIERS.items()
        for code, name in _TILDES.items()
    ),
    ("\x1b[1;9A", "meta+up", "\x1b[1;9A"),
    ("\x1b[Z", "shift+tab", "\x1b[Z"),
]
FUNCTION: list[Row] = [
    *((f"\x1bO{letter}", name, f"\x1bO{letter}") for letter, name in _FUNCTION.items()),
    *((f"\x1b[{code}~", name, f"\x1b[{code}~") for code, name in _TILDES.items()),
    *((f"\x1b[{10 + number}~", f"f{number}", f"\x1bO{'PQRS'[number - 1]}") for number in range(1, 5)),
    *((f"\x1b[[{'ABCDE'[number - 1]}", f"f{number}", f"\x1bO{'PQRS'[number - 1]}") for number in range(1, 5)),
    ("\x1b[[E", "f5", "\x1b[15~"),
    ("\x1b[25~", "f13", "\x1b[1;2P"),
    ("\x1b[34~", "f20", "\x1b[19;2~"),
    ("\x1b[29~", "menu", "\x1b[29~"),
    ("\x1b[1~", "home", "\x1b[H"),
    ("\x1b[4~", "end", "\x1b[F"),
    ("\x1b[7~", "home", "\x1b[H"),
    ("\x1b[8~", "end", "\x1b[F"),
]
RXVT: list[Row] = [
    ("\x1b[3$", "shift+delete", "\x1b[3;2~"),
    ("\x1b[3^", "ctrl+delete", "\x1b[3;5~"),
    ("\x1b[3@", "ctrl+shift+delete", "\x1b[3;6~"),
    ("\x1b[a", "shift+up", "\x1b[1;2A"),
    ("\x1b[d", "shift+left", "\x1b[1;2D"),
    ("\x1bOa", "ctrl+up", "\x1b[1;5A"),
    ("\x1bOd", "ctrl+left", "\x1b[1;5D"),
    ("\x1b[7^", "ctrl+home", "\x1b[1;5H"),
]
KEYPAD: list[Row] = [
    ("\x1bOM", "enter", "\r"),
    ("\x1bOj", "multiply", "*"),
    ("\x1bOk", "add", "+"),
    ("\x1bOm", "subtract", "-"),
    ("\x1bOn", "decimal", "."),
    ("\x1bOo", "divide", "/"),
    ("\x1bOX", "equal", "="),
    *((f"\x1bO{chr(ord('p') + digit)}", str(digit), str(digit)) for digit in range(10)),
]
KITTY: list[Row] = [
    ("\x1b[97;;97u", "a", "a"),
    ("\x1b[97;2;65u", "A", "A"),
    ("\x1b[49;2;33u", "exclamation_mark", "!"),
    ("\x1b[228;;228u", "ä", "ä"),
    ("\x1b[97;5u", "ctrl+a", "\x01"),
    ("\x1b[97;69u", "ctrl+a", "\x01"),  # with caps lock on
    ("\x1b[97;6u", "ctrl+shift+a", "\x01"),
    ("\x1b[97;3u", "alt+a", "\x1ba"),
    ("\x1b[58;3u", "alt+colon", "\x1b:"),
    ("\x1b[97;7u", "alt+ctrl+a", "\x1b\x01"),
    ("\x1b[105;5u", "ctrl+i", "\t"),
    ("\x1b[109;5u", "ctrl+m", "\r"),
    ("\x1b[32;5u", "ctrl+space", "\x00"),
    ("\x1b[93;5u", "ctrl+right_square_bracket", "\x1d"),
    ("\x1b[27u", "escape", "\x1b"),
    ("\x1b[27;3u", "alt+escape", "\x1b\x1b"),
    ("\x1b[13u", "enter", "\r"),
    ("\x1b[13;2u", "shift+enter", "\r"),
    ("\x1b[9u", "tab", "\t"),
    ("\x1b[9;2u", "shift+tab", "\x1b[Z"),
    ("\x1b[127u", "backspace", "\x7f"),
    ("\x1b[127;5u", "ctrl+backspace", "\x08"),
    ("\x1b[127;3u", "alt+backspace", "\x1b\x7f"),
    ("\x1b[57376u", "f13", "\x1b[1;2P"),
    ("\x1b[57400u", "1", "1"),
    ("\x1b[57414u", "enter", "\r"),
    ("\x1b[57441;2u", "shift+left_shift", ""),
    ("\x1b[27;5;105~", "ctrl+i", "\t"),
    ("\x1b[27;6;13~", "ctrl+shift+enter", "\r"),
    ("\x1b[1;129A", "up", "\x1b[A"),  # with num lock on
]
UNKNOWN: list[Row] = [
    ("\x1b[57~", "<raw>", "\x1b[57~"),
    ("\x1b[2;3;4z", "<raw>", "\x1b[2;3;4z"),
    ("\x1bOz", "<raw>", "\x1bOz"),
]

ROWS = [*CHARACTERS, *CONTROLS, *ALT, *CURSOR, *MODIFIED, *FUNCTION, *RXVT, *KEYPAD, *KITTY, *UNKNOWN]

IN_APPLICATION_MODE = {
    "\x1b[A": "\x1bOA", "\x1b[B": "\x1bOB", "\x1b[C": "\x1bOC", "\x1b[D": "\x1bOD", "\x1b[H": "\x1bOH",
    "\x1b[F": "\x1bOF", "\x1bOA": "\x1bOA", "\x1b[1;5A": "\x1b[1;5A", "\x1b[3~": "\x1b[3~", "a": "a",
    "\x1bOP": "\x1bOP", "\x1b[1~": "\x1bOH", "\x7f": "\x7f", "\r": "\r",
}  # fmt: skip
"""With DECCKM on."""

UNDER_KITTY = {
    "a": "a", "A": "A", "!": "!", "\r": "\r", "\t": "\t", "\x7f": "\x7f", "\x1b[27u": "\x1b[27u",
    "\x01": "\x1b[97;5u", "\x1b[97;5u": "\x1b[97;5u", "\x1ba": "\x1b[97;3u", "\x1bA": "\x1b[97;4u",
    "\x1b[97;6u": "\x1b[97;6u", "\x1b[105;5u": "\x1b[105;5u", "\x1b[13;2u": "\x1b[13;2u",
    "\x1b\r": "\x1b[13;3u", "\x1b[Z": "\x1b[9;2u", "\x00": "\x1b[64;5u", "\x1b[32;5u": "\x1b[32;5u",
    "\x1b[A": "\x1b[A", "\x1b[1;5A": "\x1b[1;5A", "\x1bOP": "\x1b[P", "\x1bOR": "\x1b[13~",
    "\x1b[15~": "\x1b[15~", "\x1b[3~": "\x1b[3~", "\x1bOj": "\x1b[57411u", "\x1b:": "\x1b[58;3u", "ä": "ä",
}  # fmt: skip
"""Where the machine asked for kitty's first level (also with DECCKM on)."""

UNDER_MODIFY_1 = {
    "a": "a", "\x01": "\x01", "\x1b[97;5u": "\x01", "\x1b[97;6u": "\x1b[27;6;65~", "\x1ba": "\x1ba",
    "\x1b[13;5u": "\x1b[27;5;13~", "\x1b[13;2u": "\x1b[27;2;13~", "\x1b[9;5u": "\x1b[27;5;9~",
    "\x1b[Z": "\x1b[Z", "\x7f": "\x7f", "\x1b[127;5u": "\x08", "\x1b[57;5u": "\x1b[27;5;57~",
    "\x1b[44;5u": "\x1b[27;5;44~", "\x1b[1;5A": "\x1b[1;5A", "\x1b[32;5u": "\x00",
}  # fmt: skip
"""Under modifyOtherKeys 1."""

UNDER_MODIFY_2 = {
    "a": "a", "A": "A", "\x01": "\x1b[27;5;97~", "\x1ba": "\x1b[27;3;97~", "\x1b[97;6u": "\x1b[27;6;65~",
    "\x1b[13;2u": "\x1b[27;2;13~", "\x1b[127;5u": "\x1b[27;5;127~", "\x1b[Z": "\x1b[Z", "\t": "\t",
    "\x1b[32;5u": "\x1b[27;5;32~", "\x1b[1;5A": "\x1b[1;5A",
}  # fmt: skip
"""Under modifyOtherKeys 2."""

WITH_BACKSPACE = {
    "\x7f": "\x08", "\x08": "\x08", "\x1b\x7f": "\x1b\x08", "\x1b[127;5u": "\x7f", "\x1b[127u": "\x08",
    "\x1b[127;2u": "\x08", "\x1b[3~": "\x1b[3~", "a": "a", "\r": "\r",
}  # fmt: skip
"""With DECBKM on: the backspace key sends BS, with ctrl the other one (xterm's `backarrowKey`)."""

AS_VT52 = {
    "\x1b[A": "\x1bA", "\x1b[B": "\x1bB", "\x1b[C": "\x1bC", "\x1b[D": "\x1bD", "\x1b[H": "\x1bH",
    "\x1b[F": "\x1bF", "\x1bOA": "\x1bA", "\x1b[1;5A": "\x1bA", "\x1bOP": "\x1bP", "\x1bOS": "\x1bS",
    "\x1b[15~": "\x1b[15~", "\x1b[3~": "\x1b[3~", "\x1bOj": "*", "a": "a", "\x01": "\x01", "\x1ba": "\x1ba",
    "\r": "\r", "\x7f": "\x7f", "\x1b[97;6u": "\x01",
}  # fmt: skip
"""In the VT52 mode, whatever else is on; the numeric keypad."""

AS_VT52_APPLICATION = {
    "\x1bOj": "\x1b?j",
    "\x1bOk": "\x1b?k",
    "\x1bOo": "\x1b?o",
    "\x1b[A": "\x1bA",
    "\r": "\r",
}
"""The same with the keypad in its application mode."""

PLAIN = {
    "\x1b[A": "\x1b[A", "\x1b[H": "\x1b[H", "\x1bOP": "\x1bOP", "\x7f": "\x7f", "\x1b[127;5u": "\x08",
    "\x01": "\x01", "\x1b[97;6u": "\x01", "\x1b[13;2u": "\r", "\x1bOj": "*", "\x1b[3~": "\x1b[3~",
}  # fmt: skip
"""Where nothing was asked for."""
