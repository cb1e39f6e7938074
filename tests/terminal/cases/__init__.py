"""Cases by theme: bytes in; screen, cursor, looks, modes and answers out, each with its reference.

"ctlseqs" is xterm's "XTerm Control Sequences", "ECMA-48" its fifth edition by sections, "VT510" the manual
of that terminal for programmers, "STD 070" DEC's video systems reference manual, "xterm" what its sources
do where the documents leave it open. Screens have ten columns and five lines where a case does not say
otherwise.
"""

from __future__ import annotations

from importlib import import_module

from tests.terminal.cases.case import Case

THEMES = (
    "moving",
    "wrapping",
    "tabs",
    "scrolling",
    "sides",
    "sides_text",
    "erasing",
    "editing",
    "rectangles",
    "styles",
    "charsets",
    "screens",
    "resets",
    "text",
    "parsing",
    "strings",
    "windows",
    "reports",
    "modes",
    "vt52",
)

ALL: dict[str, Case] = {
    f"{theme}: {case.name}": case
    for theme in THEMES
    for case in import_module(f"tests.terminal.cases.{theme}").CASES
}
"""Every case by its theme and name."""
