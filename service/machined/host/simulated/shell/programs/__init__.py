"""The programs of the demo's shell, each topic in a module of its own, all in one table."""

from __future__ import annotations

from machined.host.simulated.shell.call import Program
from machined.host.simulated.shell.programs import (
    builtins,
    changing,
    contents,
    editor,
    facts,
    helping,
    lines,
    listing,
    network,
    paging,
    processes,
    searching,
    small,
    top,
    units,
)

_TOPICS = (
    builtins, changing, contents, editor, facts, helping, lines, listing, network, paging, processes,
    searching, small, top, units,
)  # fmt: skip

PROGRAMS: dict[str, Program] = {program.name: program for topic in _TOPICS for program in topic.PROGRAMS}
"""All programs by name."""
