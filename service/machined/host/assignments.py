"""Files of assignments: os-release(5), machine-info(5)."""

from __future__ import annotations

import re
from functools import lru_cache

_SHORT = 4096
"""Letters in a text that is worth being remembered."""
_ASSIGNMENT = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_PIECE = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|([^'\"\\]+)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\"\\$`])")


def read_assignments(text: str) -> dict[str, str]:
    """The assignments of a file in their order; lines that are none are left out.

    Values may be quoted as for a shell, without expansions (os-release(5)).
    """
    return dict(_read_known(text) if len(text) <= _SHORT else _read(text))


@lru_cache(64)
def _read_known(text: str) -> dict[str, str]:
    """The same of a short one: most images have one of a few, and are asked for it again and again."""
    return _read(text)


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in re.split("[\n\r]", text):  # other characters that end lines for Python are part of a value
        if match := _ASSIGNMENT.fullmatch(line.rstrip(" \t")):
            found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(text: str) -> str:
    """What a shell makes of one word."""
    pieces = []
    at = 0
    while at < len(text) and (match := _PIECE.match(text, at)):
        single, double, escaped, plain = match.groups()
        quoted = _ESCAPE.sub(r"\1", double) if double is not None else single
        pieces.append(quoted if quoted is not None else escaped or plain)
        at = match.end()
    return "".join(pieces)
