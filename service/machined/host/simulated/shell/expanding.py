"""Words become arguments: variables, output of commands, patterns (POSIX.1-2017, "Word Expansions")."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable

from machined.host.simulated.shell.state import Shell
from machined.host.simulated.shell.tokens import Part, Word

Substitute = Callable[[str], Awaitable[str]]
"""Runs a command and gives its output."""

_GLOB = re.compile(r"[*?\[]")
_MAGIC = re.compile(r"([*?\[])")
_MATCHES = 10_000
"""Paths that one pattern may become."""


async def expand(word: Word, shell: Shell, substitute: Substitute) -> list[str]:
    """The arguments that a word becomes: none, one, or several.

    Args:
        word: The word.
        shell: Whose variables, folder and files are meant.
        substitute: Runs what is in `$(...)`.
    """
    fields: list[list[Part]] = []
    is_open = False
    for part in _with_home(word, shell):
        if part.kind == "text":
            if not is_open:
                fields.append([])
            fields[-1].append(part)
            is_open = True
            continue
        if part.text == "@" and part.kind == "variable" and part.is_quoted:
            pieces = list(shell.positional[1:])
            starts = ends = False
        else:
            value = await _value(part, shell, substitute)
            pieces = [value] if part.is_quoted else value.split()
            starts = not part.is_quoted and value[:1].isspace()
            ends = not part.is_quoted and value[-1:].isspace()
        for number, piece in enumerate(pieces):
            if number or starts or not is_open:
                fields.append([])
            fields[-1].append(Part("text", piece, part.is_quoted))
            is_open = True
        is_open = is_open and not ends
    return [path for field in fields for path in _glob(field, shell)]


async def expand_flat(word: Word, shell: Shell, substitute: Substitute) -> str:
    """The one string that a word becomes where no fields are made: values, targets of redirections."""
    parts = _with_home(word, shell)
    return "".join(
        [one.text if one.kind == "text" else await _value(one, shell, substitute) for one in parts]
    )


def _with_home(word: Word, shell: Shell) -> Word:
    """The word with a leading `~` replaced."""
    first = word[0]
    if first.kind == "text" and not first.is_quoted and re.match(r"~(/|$)", first.text):
        home = Part("text", shell.variables.get("HOME", "/"), True)
        return (home, Part("text", first.text[1:], False), *word[1:])
    return word


async def _value(part: Part, shell: Shell, substitute: Substitute) -> str:
    """What a variable or a replaced command stands for."""
    if part.kind == "command":
        return (await substitute(part.text)).rstrip("\n")
    name = part.text
    if name.isdecimal():
        number = int(name[:6])
        return shell.positional[number] if number < len(shell.positional) else ""
    special = {
        "?": str(shell.status),
        "#": str(len(shell.positional) - 1),
        "$": str(shell.system.pid(shell.process)) if shell.process else "",
        "!": "",
        "*": " ".join(shell.positional[1:]),
        "@": " ".join(shell.positional[1:]),
    }
    return special[name] if name in special else shell.variables.get(name, "")


def _glob(field: list[Part], shell: Shell) -> list[str]:
    """The paths that fit a field, sorted; the field itself where none does or it is no pattern."""
    plain = "".join(part.text for part in field)
    if not any(not part.is_quoted and _GLOB.search(part.text) for part in field):
        return [plain]
    pattern = "".join(_MAGIC.sub(r"[\1]", part.text) if part.is_quoted else part.text for part in field)
    found = ["/" if pattern.startswith("/") else ""]
    levels = [one for one in pattern.split("/") if one]
    for number, level in enumerate(levels):
        ending = "/" if number + 1 < len(levels) or pattern.endswith("/") else ""
        found = [base + name + ending for base in found for name in _names(base, level, ending, shell)][
            :_MATCHES
        ]
    return sorted(found) or [plain]


def _names(base: str, pattern: str, ending: str, shell: Shell) -> list[str]:
    """The entries of a folder that fit one level of a pattern; only folders where more follows."""
    folder = shell.path(base or ".")
    try:
        if not _GLOB.search(pattern):
            names = [pattern] if shell.files.has(f"{folder}/{pattern}") else []
        else:
            names = list(shell.files.listing(folder)) if len(pattern) < 256 else []
    except OSError:
        return []  # a folder that cannot be read fits nothing, and bash says nothing of it either
    hides = not pattern.startswith(".")
    fitting = [name for name in fnmatch.filter(names, pattern) if not (hides and name.startswith("."))]
    return [name for name in fitting if not ending or shell.files.is_folder(f"{folder}/{name}")]
