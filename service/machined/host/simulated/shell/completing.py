"""How a line can go on: names of programs, and paths."""

from __future__ import annotations

import re
from typing import NamedTuple

from machined.host.simulated.shell.state import Shell
from machined.host.simulated.shell.tokens import unquoted

_SPECIAL = re.compile(r"([\s;&|<>()'\"\\$`*?\[#~])")
_OPERATORS = re.compile(r"(?:^|[;&|(])\s*$")


class Completion(NamedTuple):
    """What a word can become."""

    added: str
    """What all choices have next; with the only one its end, too."""
    choices: list[str]
    """What to choose from, as it is listed."""


def complete(shell: Shell, programs: list[str], line: str, position: int) -> Completion:
    """How a line can go on.

    Args:
        shell: Where paths begin.
        programs: The names of programs.
        line: The line.
        position: Where the cursor is; what follows it does not matter.
    """
    before = line[:position]
    begin = _word_start(before)
    word = re.sub(r"\\(.)", r"\1", before[begin:]).lstrip("'\"")
    is_command = bool(_OPERATORS.search(before[:begin]))
    if is_command and "/" not in word:
        choices = sorted(name for name in programs if name.startswith(word))
        return _completion(word, choices, [f"{name} " for name in choices])
    folder, slash, start = word.rpartition("/")
    home = shell.variables.get("HOME", "/")
    folder = home + folder[1:] if folder == "~" or folder.startswith("~/") else folder
    return _paths(shell, folder + slash, start)


def _paths(shell: Shell, folder: str, start: str) -> Completion:
    """The entries of a folder that begin with `start`."""
    place = shell.path(folder or ".")
    try:
        names = [name for name in shell.files.listing(place) if name.startswith(start)]
    except OSError:
        return Completion("", [])  # nothing to choose from where nothing can be seen
    if not start.startswith("."):
        names = [name for name in names if not name.startswith(".")]
    folders = {name for name in names if shell.files.is_folder(f"{place}/{name}")}
    shown = [name + ("/" if name in folders else "") for name in names]
    whole = [name + ("/" if name in folders else " ") for name in names]
    return _completion(start, shown, whole)


def _completion(start: str, choices: list[str], whole: list[str]) -> Completion:
    """The completion for what begins with `start`."""
    common = whole[0] if len(whole) == 1 else _common_start(choices)
    added = common[len(start) :]
    ending = " " if added.endswith(" ") and len(whole) == 1 else ""
    return Completion(_SPECIAL.sub(r"\\\1", added.removesuffix(ending)) + ending, choices)


def _common_start(choices: list[str]) -> str:
    """What all choices begin with."""
    if not choices:
        return ""
    first, last = min(choices), max(choices)  # what these two share, all between them share
    length = next(
        (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:length]


def _word_start(text: str) -> int:
    """Where the last word of a text begins, quotes heeded."""
    breaks = [at for at, letter in unquoted(text) if letter in " \t\n;&|<>()"]
    return breaks[-1] + 1 if breaks else 0
