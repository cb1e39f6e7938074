"""The program that runs where a shell is wished for and none is named: the user's own."""

from __future__ import annotations

import re
import shlex

PROGRAM = "/bin/sh"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?")
_SCRIPT = (
    'shell=$(getent passwd {} 2>/dev/null | {{ IFS=: read _ _ _ _ _ _ x; echo "$x"; }})\n'
    'exec "${{shell:-/bin/sh}}" -l'
)


def login_shell(user: str) -> list[str]:
    """The words of `PROGRAM` that ask the user database (getent(1)) for the shell, and become it."""
    # The name stands in a script, so one that a shell would take for more is quoted
    name = user if _PLAIN_NAME.fullmatch(user) else shlex.quote(user)
    return ["sh", "-c", _SCRIPT.format(name)]
