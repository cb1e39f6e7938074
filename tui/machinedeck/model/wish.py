"""What somebody wants to be entered with: which terminal of a machine to open, and how."""

from __future__ import annotations

import shlex
from typing import NamedTuple

TERM = "xterm-256color"
"""What programs in a machine are told this terminal is, unless another is chosen."""

TERMS = (TERM, "xterm", "vt220", "linux", "screen-256color", "tmux-256color")
"""What can be chosen: names that the terminfo of most systems has, and whose ways the emulator knows."""


class Wish(NamedTuple):
    """A terminal of a machine."""

    machine: str
    """The machine's name, as the service gave it."""
    is_login: bool = False
    """A login prompt instead of a shell; nothing below applies then."""
    user: str = "root"
    command: str = ""
    """A command line for the user's shell to run; "" for the shell itself."""
    variables: tuple[str, ...] = ()
    """Variables of the environment, `NAME=VALUE`."""
    term: str = TERM

    @property
    def environment(self) -> list[str]:
        """The variables, those of the terminal among them."""
        colours = ["COLORTERM=truecolor"] if self.term == TERM else []
        return [f"TERM={self.term}", *colours, *self.variables]

    @property
    def program(self) -> list[str]:
        """The program and its arguments, the first being its path; empty for the user's shell."""
        return ["/bin/sh", "-c", self.command] if self.command else []


def read_variables(text: str) -> tuple[str, ...]:
    """The variables in a line such as `LANG=C.UTF-8 GREETING="good day"`.

    Raises:
        ValueError: It is not such a line; the sentence says why.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"The environment cannot be read: {error}.") from error
    for word in words:
        name, equals, _ = word.partition("=")
        if not equals or not name.isidentifier() or not name.isascii():
            raise ValueError(f"{word!r} is no variable: say NAME=VALUE.")
    return tuple(words)
