"""How the console is shown: what the operator's environment says of terminal, line and locale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from machinedeck.core.config import Config
from machinedeck.sources.environment import has_utf8
from machinedeck.term.chords import read_chord

FRAMES, CALM_FRAMES = 30, 10
"""How many pictures a second at most, and over a slow line."""


class Options(NamedTuple):
    """How the console is shown."""

    leave_key: str = "f12"
    """The one key that leaves a terminal, as Textual names keys."""
    is_ascii: bool = False
    """Whether only ASCII may be written: the locale knows no UTF-8."""
    is_calm: bool = False
    """Whether the line is slow: no animations, fewer pictures a second."""

    is_light: bool = False
    """Whether the terminal is a light one."""
    has_mouse: bool = True
    """Whether the mouse is listened to."""
    notice: str = ""
    """What the operator should know at the start: why no settings were read."""

    @property
    def frames(self) -> int:
        """How many pictures a second at most."""
        return CALM_FRAMES if self.is_calm else FRAMES


def read_options(environment: Mapping[str, str], config: Config | None = None) -> Options:
    """What the environment variables and the settings say.

    The locale is the first of LC_ALL, LC_CTYPE and LANG that is set (locale(7)); where none is, it is the
    C locale, whose characters are ASCII. SSH_CONNECTION tells of a line (ssh(1)).
    """
    config = config or Config()
    return Options(
        leave_key=read_chord(config["terminal.leave_key"]),
        is_ascii=not has_utf8(environment) or config["console.ascii"],
        is_light=config["console.theme"] == "light",
        has_mouse=config["console.mouse"],
        is_calm=bool(environment.get("SSH_CONNECTION")),
    )
