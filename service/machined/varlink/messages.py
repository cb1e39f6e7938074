"""Calls and replies as bytes (https://varlink.org/Method-Call)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, NoReturn

END = b"\0"
"""What ends every message."""
MAX_MESSAGE = 1 << 16
"""Bytes of a call, at most. A sensible one has a few hundred; reading one takes 4 ms at most."""

INVALID_PARAMETER = "org.varlink.service.InvalidParameter"
SYSTEM = "io.systemd.System"
"""The error of systemd's services for an errno."""

_FLAGS = ("oneway", "more")


class BrokenMessage(Exception):
    """What came is no call. Whoever sent it is cut off: nobody can tell what it takes an answer for."""


class VarlinkError(Exception):
    """A call that is not granted.

    Attributes:
        name: The error's name, with its interface.
        parameters: What goes with it.
    """

    def __init__(self, name: str, **parameters: Any) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = parameters


class Call(NamedTuple):
    """A call as it came."""

    method: str
    """With its interface; anything, until it is looked up."""
    parameters: dict[str, Any]
    is_oneway: bool
    """Whether the caller wants no answer. One that takes several (`more`) gets the one there is."""
    doubled: str | None = None
    """A parameter that was named twice; its first value is the one in `parameters`."""


def read_call(message: bytes, *, takes_doubled: bool = False) -> Call:
    """Read a message, without its end.

    Args:
        message: The bytes.
        takes_doubled: Whether a parameter may be named twice; else that is no call.

    Raises:
        BrokenMessage: It is no call.
    """
    try:
        text = message.decode()
        fields = json.loads(
            text, object_pairs_hook=_Fields.of if takes_doubled else _fields, parse_constant=_refuse
        )
        if "\\u" in text:
            _check_strings(fields)
    except (ValueError, RecursionError) as error:
        raise BrokenMessage(f"no JSON: {error}") from None
    if not isinstance(fields, dict) or fields.keys() - {"method", "parameters", *_FLAGS} or _doubled(fields):
        raise BrokenMessage("no call")
    method, parameters = fields.get("method"), fields.get("parameters")
    flags = [fields.get(flag, False) for flag in _FLAGS]
    if not isinstance(method, str) or not isinstance(parameters, dict | None):
        raise BrokenMessage("a call of nothing")
    if not all(isinstance(flag, bool) for flag in flags) or all(flags):
        raise BrokenMessage("a call whose answer nobody can tell how to give")
    return Call(method, parameters or {}, flags[0], _doubled(parameters))


def reply(parameters: dict[str, Any]) -> bytes:
    """The message that answers a call."""
    return _message({"parameters": parameters})


def error_reply(error: VarlinkError) -> bytes:
    """The message that refuses a call."""
    return _message({"error": error.name, "parameters": error.parameters})


def _message(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode() + END


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name twice in one object")
    return fields


class _Fields(dict[str, Any]):
    """An object in which a name may come twice: then the first value counts."""

    doubled: str | None = None

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Fields:
        fields = cls(reversed(pairs))
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                fields.doubled = name
                break
            seen.add(name)
        return fields


def _doubled(fields: object) -> str | None:
    return fields.doubled if isinstance(fields, _Fields) else None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _check_strings(value: Any) -> None:
    """See that escapes made neither a NUL nor half a character.

    Raises:
        ValueError: They did.
    """
    values = [value]
    while values:
        one = values.pop()
        if isinstance(one, str):
            one.encode()
            if "\0" in one:
                raise ValueError("a NUL in a string")
        elif isinstance(one, dict):
            values += [*one, *one.values()]
        elif isinstance(one, list):
            values += one
