"""Files of assignments, as systemd reads them: os-release(5), machine-info(5), locale.conf(5)."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable

_WHITE = b" \t\n\r"
_NEWLINE = b"\n\r"
_COMMENT = b"#;"
_UNESCAPED = b'"\\`$'
_NOWHERE = -1

_PLAIN = re.compile(
    rb"""(?: ([A-Za-z_][A-Za-z0-9_]*) = (?: "([^"\\\r\n]*)" | '([^'\r\n]*)' | ([A-Za-z0-9_.:/+~@%,-]*) )
    | \# [^\\\r\n]* )? (?: \n | \Z )""",
    re.VERBOSE,
)
"""A line as nearly all are: an assignment without escapes, a comment, or nothing."""


def parse(text: bytes) -> dict[str, str]:
    """The assignments in their order; where a name comes again the later value counts.

    Quotes and escapes are a shell's without expansions, and may go over several lines. What is no assignment
    is left out.

    Raises:
        OSError: EBADMSG for a NUL, EINVAL for what is no UTF-8.
    """
    if b"\0" in text:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
    found = _plain(text)
    if found is None:
        machine = _Machine()
        for byte in text:
            machine.state(byte)
        machine.end()
        found = machine.found
    try:
        return {key.decode(): value.decode() for key, value in found.items()}
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None


def _plain(text: bytes) -> dict[bytes, bytes] | None:
    """The assignments of a text of plain lines, in a tenth of the time; `None` where one is not."""
    found = {}
    at = 0
    while at < len(text):
        line = _PLAIN.match(text, at)
        if line is None:
            return None
        if line[1]:
            found[line[1]] = line[line.lastindex or 1]
        at = line.end()
    return found


class _Machine:
    """Reads byte by byte; `state` is the method that takes the next one."""

    def __init__(self) -> None:
        self.found: dict[bytes, bytes] = {}
        self.state: Callable[[int], None] = self._before_key
        self._key = bytearray()
        self._value = bytearray()
        self._blank_from = _NOWHERE

    def end(self) -> None:
        """The text is over; an assignment that is not is taken as it is."""
        if self.state not in {self._before_key, self._in_key, self._in_comment, self._comment_escape}:
            self._push()

    def _push(self) -> None:
        if self.state == self._in_value and self._blank_from != _NOWHERE:
            del self._value[self._blank_from :]
        self.found[bytes(self._key.rstrip(_WHITE))] = bytes(self._value)
        self._key.clear()
        self._value.clear()
        self.state = self._before_key

    def _before_key(self, byte: int) -> None:
        if byte in _COMMENT:
            self.state = self._in_comment
        elif byte not in _WHITE:
            self._key.append(byte)
            self.state = self._in_key

    def _in_key(self, byte: int) -> None:
        if byte in _NEWLINE:
            self._key.clear()
            self.state = self._before_key
        elif byte == ord("="):
            self._blank_from = _NOWHERE
            self.state = self._before_value
        else:
            self._key.append(byte)

    def _before_value(self, byte: int) -> None:
        if byte in _NEWLINE:
            self._push()
        elif byte == ord("'"):
            self.state = self._in_single
        elif byte == ord('"'):
            self.state = self._in_double
        elif byte == ord("\\"):
            self.state = self._escape
        elif byte not in _WHITE:
            self._value.append(byte)
            self.state = self._in_value

    def _in_value(self, byte: int) -> None:
        if byte in _NEWLINE:
            self._push()
        elif byte == ord("\\"):
            self._blank_from = _NOWHERE
            self.state = self._escape
        else:
            if byte not in _WHITE:
                self._blank_from = _NOWHERE
            elif self._blank_from == _NOWHERE:
                self._blank_from = len(self._value)
            self._value.append(byte)

    def _escape(self, byte: int) -> None:
        if byte not in _NEWLINE:
            self._value.append(byte)
        self.state = self._in_value

    def _in_single(self, byte: int) -> None:
        if byte == ord("'"):
            self.state = self._before_value
        else:
            self._value.append(byte)

    def _in_double(self, byte: int) -> None:
        if byte == ord('"'):
            self.state = self._before_value
        elif byte == ord("\\"):
            self.state = self._double_escape
        else:
            self._value.append(byte)

    def _double_escape(self, byte: int) -> None:
        if byte in _UNESCAPED:
            self._value.append(byte)
        elif byte != ord("\n"):
            self._value += bytes((ord("\\"), byte))
        self.state = self._in_double

    def _in_comment(self, byte: int) -> None:
        if byte == ord("\\"):
            self.state = self._comment_escape
        elif byte in _NEWLINE:
            self.state = self._before_key

    def _comment_escape(self, byte: int) -> None:
        # As since version 254: a comment does not go on in the next line
        self.state = self._before_key if byte in _NEWLINE else self._in_comment
