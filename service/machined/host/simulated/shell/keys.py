"""Keys out of the bytes that a terminal sends, xterm's way (ctlseqs, "PC-Style Function Keys")."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Key(NamedTuple):
    """A key that was pressed."""

    name: str
    """Such as `left`, `ctrl-a`, `alt-b`, `enter`; "" for text."""
    text: str = ""
    """What is typed with it; only with an empty name."""


_CSI = re.compile(rb"\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])")
_PARTIAL = re.compile(rb"\x1b(\[[0-9;:<=>?]*[ -/]*)?|\x1bO")
_STRING = re.compile(rb"\x1b[\]P^_X][^\x07\x1b]*(\x07|\x1b\\)")
_STRING_PARTIAL = re.compile(rb"\x1b[\]P^_X][^\x07\x1b]*\x1b?")
_TEXT = re.compile(rb"[^\x00-\x1f\x7f]+")

_LETTERS = {"A": "up", "B": "down", "C": "right", "D": "left", "F": "end", "H": "home", "Z": "backtab"}
_NUMBERS = {
    1: "home",
    2: "insert",
    3: "delete",
    4: "end",
    5: "pageup",
    6: "pagedown",
    7: "home",
    8: "end",
    200: "paste-begin",
    201: "paste-end",
}
_CONTROLS = {0x09: "tab", 0x0A: "enter", 0x0D: "enter", 0x08: "backspace", 0x7F: "backspace", 0x1B: "escape"}
_OTHER = Key("other")
"""A key nobody here knows, or an answer of the terminal that nobody asked for."""


def take_key(buffer: bytearray, *, is_final: bool = False, takes_runs: bool = False) -> Key | None:
    """Take the first key off `buffer`; None, with nothing taken, while more bytes may belong to it.

    Args:
        buffer: What came from the terminal, cut anywhere.
        is_final: Nothing more comes soon: what is begun is taken for what it is, so a lone escape is the key.
        takes_runs: Whether characters that came together make one key.
    """
    if not buffer:
        return None
    if buffer[0] == 0x1B:
        return _take_escape(buffer, is_final)
    if match := _TEXT.match(buffer):
        return _take_text(buffer, bytes(match[0]), is_final, takes_runs)
    byte = buffer[0]
    del buffer[0]
    if byte in _CONTROLS:
        return Key(_CONTROLS[byte])
    return Key(f"ctrl-{chr(byte + 64).lower()}")


def _take_text(buffer: bytearray, run: bytes, is_final: bool, takes_runs: bool) -> Key | None:
    """Take characters; bytes that are no UTF-8 become U+FFFD."""
    is_whole = is_final or len(run) < len(buffer)
    if takes_runs:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(run, final=is_whole)
        taken = len(run) - len(decoder.getstate()[0])
    else:
        length = _length(run[0])
        if len(run) < length and not is_whole:
            return None
        text = run[:length].decode("utf-8", "replace")
        taken = min(length, len(run)) if len(text) == 1 else 1
        text = text[0]
    del buffer[:taken]
    return Key("", text) if text else None


def _length(lead: int) -> int:
    """How many bytes a character has by its first (utf-8(7)); 1 where none begins so."""
    if 0xC2 <= lead <= 0xDF:
        return 2
    if 0xE0 <= lead <= 0xEF:
        return 3
    return 4 if 0xF0 <= lead <= 0xF4 else 1


def _take_escape(buffer: bytearray, is_final: bool) -> Key | None:
    """Take what begins with an escape."""
    if match := _CSI.match(buffer) or _STRING.match(buffer):
        sequence = bytes(match[0])
        del buffer[: match.end()]
        return _csi(sequence) if sequence[1:2] == b"[" else _OTHER
    is_partial = _PARTIAL.fullmatch(buffer) or _STRING_PARTIAL.fullmatch(buffer)
    if is_partial and not is_final:
        return None
    if buffer[1:2] == b"O" and len(buffer) > 2:
        letter = chr(buffer[2])
        del buffer[:3]
        return Key(_LETTERS[letter]) if letter in _LETTERS else Key("enter") if letter == "M" else _OTHER
    del buffer[0]
    if not buffer or buffer[0] == 0x1B:
        return Key("escape")
    rest = take_key(buffer, is_final=True)
    return Key(f"alt-{rest.name or rest.text}") if rest else Key("escape")


def _csi(sequence: bytes) -> Key:
    """The key that a control sequence stands for."""
    match = _CSI.match(sequence)
    numbers = [int(part[:4]) for part in re.findall(rb"\d+", match[1])] if match else []
    final = chr(sequence[-1])
    name = _NUMBERS.get(numbers[0] if numbers else 0) if final == "~" else _LETTERS.get(final)
    if name is None:
        return _OTHER
    modifier = numbers[1] - 1 if len(numbers) > 1 else 0
    if modifier & 4:
        return Key(f"ctrl-{name}")
    return Key(f"alt-{name}" if modifier & 2 else name)
