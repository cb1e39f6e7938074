"""The server's side of the authentication (D-Bus Specification, "Authentication Protocol")."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

MAX_LINE = 16384
"""Bytes in a line, at most (libdbus takes no more either)."""
MAX_REJECTED = 6
"""Refusals before the client is cut off."""

MAX_LINES = 100
"""Lines before the client is cut off: none has so much to say."""

_REJECTED = "REJECTED EXTERNAL"
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


class AuthenticationFailed(Exception):
    """The client does not speak the protocol, or tried too often; nothing more is said to it."""


class _State(Enum):
    AUTH = auto()
    DATA = auto()
    BEGIN = auto()
    DONE = auto()


class Authentication:
    """What one client says before its first message, and the answers.

    The only mechanism is EXTERNAL: the kernel tells who the client is, and it may claim to be nobody else.

    Args:
        uid: The user that the kernel says the client runs as.
        is_allowed: Whether that user may come in.
        guid: The identity of the bus, 32 hex digits.

    Attributes:
        passes_fds: Whether the client asked for the passing of file descriptors.
    """

    def __init__(self, uid: int, is_allowed: Callable[[int], bool], guid: str) -> None:
        self.passes_fds = False
        self._uid = uid
        self._is_allowed = is_allowed
        self._guid = guid
        self._state = _State.AUTH
        self._buffer = b""
        self._greeted = False
        self._rejected = 0
        self._lines = 0

    @property
    def is_done(self) -> bool:
        """Whether messages follow."""
        return self._state is _State.DONE

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Take what the client sent.

        Returns:
            The answer to send, and the bytes that came in behind the last line once that `is_done`.

        Raises:
            AuthenticationFailed: The client is to be cut off.
        """
        self._buffer += data
        if not self._greeted and self._buffer:
            if self._buffer[0]:
                raise AuthenticationFailed("it did not begin with a NUL byte")
            self._greeted = True
            self._buffer = self._buffer[1:]
        answers = []
        while self._state is not _State.DONE:
            line, end, rest = self._buffer.partition(b"\r\n")
            if len(line) > MAX_LINE:
                raise AuthenticationFailed("a line of the authentication is too long")
            if not end:
                break
            self._buffer = rest
            self._lines += 1
            if self._lines > MAX_LINES:
                raise AuthenticationFailed("the authentication does not come to an end")
            if answer := self._answer(line):
                answers.append(answer.encode() + b"\r\n")
        rest = b""
        if self._state is _State.DONE:
            rest, self._buffer = self._buffer, b""
        return b"".join(answers), rest

    def _answer(self, line: bytes) -> str:
        if not line.isascii() or b"\0" in line:
            return 'ERROR "not ASCII"'
        command, _, rest = line.decode().partition(" ")
        if command == "BEGIN":
            if self._state is not _State.BEGIN:
                raise AuthenticationFailed("it began without having been let in")
            self._state = _State.DONE
            return ""
        match self._state, command:
            case _State.AUTH, "AUTH":
                answer = self._on_auth(rest.strip())
            case _State.DATA, "DATA":
                answer = self._on_identity(rest.strip())
            case _State.BEGIN, "NEGOTIATE_UNIX_FD":
                self.passes_fds = True
                answer = "AGREE_UNIX_FD"
            case (_, "ERROR") | (_State.DATA | _State.BEGIN, "CANCEL"):
                answer = self._reject()
            case _:
                answer = 'ERROR "not understood here"'
        return answer

    def _on_auth(self, arguments: str) -> str:
        mechanism, _, response = arguments.partition(" ")
        if mechanism != "EXTERNAL":
            return self._reject()
        if response:
            return self._on_identity(response.strip())
        self._state = _State.DATA
        return "DATA"

    def _on_identity(self, claim: str) -> str:
        # An empty claim means whoever the kernel says it is
        is_own = not claim or (
            _HEX.fullmatch(claim) is not None and bytes.fromhex(claim) == str(self._uid).encode()
        )
        if not is_own or not self._is_allowed(self._uid):
            return self._reject()
        self._state = _State.BEGIN
        return f"OK {self._guid}"

    def _reject(self) -> str:
        self._rejected += 1
        if self._rejected > MAX_REJECTED:
            raise AuthenticationFailed("it was refused too often")
        self._state = _State.AUTH
        self.passes_fds = False
        return _REJECTED
