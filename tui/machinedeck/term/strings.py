"""Control strings: the text of operating system and device control commands, up to what ends it."""

from __future__ import annotations

import re
from typing import Any

from machinedeck.term import sequences, sgr

STRING_LIMIT = 1 << 20
"""Characters of a string (OSC, DCS) that are kept; a longer one is swallowed to its end."""

PIECES_LIMIT = 1024
"""Pieces of a string that are kept apart."""

UNREAD = frozenset({"APC", "PM", "SOS"})
"""Strings whose text means nothing here."""

_ENDS = {
    "DCS": re.compile(r"[\x18\x1a\x1b\x9c]"),  # BEL does not end it: tmux and sixel put some inside
    "OSC": re.compile(r"[\x07\x18\x1a\x1b\x9c]"),
}


class Strings:
    """Takes the text of one string after the other, and calls an event for each that is complete.

    Args:
        listener: A screen. Strings it has no method for are swallowed.
    """

    def __init__(self, listener: Any) -> None:
        self._listener = listener
        self.kind = ""
        """Which string is under way, a value of `sequences.STRINGS`; "" for none."""
        self.rest = ""
        """What is not complete at the end of a call."""
        self._kept: list[str] = []
        self._length = 0

    def take(self, data: str, position: int) -> int:
        """Take a string's text up to its terminator; returns the position behind what was taken."""
        self.rest = ""
        match = _ENDS.get(self.kind, _ENDS["OSC"]).search(data, position)
        stop = match.start() if match else len(data)
        self._length += stop - position
        if self._length > STRING_LIMIT or self.kind in UNREAD:
            self._kept.clear()
        else:
            self._kept.append(data[position:stop])
            if len(self._kept) > PIECES_LIMIT:
                self._kept[:] = ["".join(self._kept)]
        if not match:
            return stop
        if match[0] != "\x1b":
            self._end("" if match[0] in "\x18\x1a" else match[0])
            return stop + 1
        if stop + 1 == len(data):
            self.rest = "\x1b"
            return stop + 1
        if data[stop + 1] == "\\":
            self._end("\x1b\\")
            return stop + 2
        self._end("")
        return stop

    def _end(self, terminator: str) -> None:
        """Act on a string that is complete; one that was broken off, or is too long, does nothing."""
        kind, text, length = self.kind, "".join(self._kept), self._length
        self.kind, self._kept, self._length = "", [], 0
        if not terminator or length > STRING_LIMIT:
            return
        if kind == "OSC":
            self._command(text, "\x07" if terminator == "\x07" else "\x1b\\")
        elif kind == "DCS" and hasattr(self._listener, "device_control"):
            self._listener.device_control(text)

    def _command(self, text: str, terminator: str) -> None:
        """An operating system command: a number, and mostly text behind a semicolon."""
        digits, separator, rest = text.partition(";")
        if not digits.isascii() or not digits.isdecimal():
            return
        number = sgr.number(digits)
        for name in sequences.OSC.get(number, ()) if separator else ():
            method = getattr(self._listener, name, None)
            if method:
                method(rest)
        query = getattr(self._listener, sequences.OSC_QUERIES.get(number, ""), None)
        if query:
            query(number, rest, terminator)
