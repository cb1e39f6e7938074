"""What a check found, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from machinedeck.bus.census import Census


class State(StrEnum):
    """How something stands."""

    OK = "ok"
    LIMITED = "limited"
    """It is there in part, or it cannot be told."""
    MISSING = "missing"


class Finding(NamedTuple):
    """How one thing stands."""

    state: State
    text: str
    """What is there, or what does not work without it."""
    mend: str = ""
    """The one command that mends it; "" where nothing is to be mended, or no command does."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the checks look at, gathered beforehand: a check itself never waits."""

    root: Path
    """Where the host's files are."""
    environment: Mapping[str, str]
    """The environment as the program was given it."""
    census: Census
    """Who is on the system bus."""
    release: Mapping[str, str]
    """The host's os-release(5) fields."""
    is_root: bool
    """Whether we are root."""
    programs: frozenset[str]
    """Those of `PROGRAMS` that are in the search path."""
    answers: Mapping[str, str | None]
    """What the commands of `QUESTIONS` printed; None for one that did not answer in time, or failed."""

    def text_of(self, path: str) -> str | None:
        """The text of a small file of the host or of the kernel; None if it is not there or not for us."""
        try:
            return (self.root / path.lstrip("/")).read_text(errors="replace")
        except OSError:
            return None


class Check(NamedTuple):
    """One line of the table."""

    name: str
    """Its name for scripts."""
    label: str
    """Its name for people."""
    look: Callable[[Surroundings], Finding]
    is_needed: bool = False
    """Whether the console cannot work without it."""


PROGRAMS = ("systemd-nspawn", "pkttyagent", "tmux")
"""Programs that are looked for."""

NSPAWN_VERSION = "nspawn version"
TMUX_CLIPBOARD = "tmux clipboard"

QUESTIONS = {
    NSPAWN_VERSION: ("systemd-nspawn", "--version"),
    TMUX_CLIPBOARD: ("tmux", "show-options", "-s", "-v", "set-clipboard"),
}
"""Commands whose output is looked at; each is run only if its program is there, and for a short time."""
