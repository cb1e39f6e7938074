"""The modes of a terminal: what they are called here, and which numbers set them.

Sources: ECMA-48 7.2 and 8.3.106 (SM); xterm's ctlseqs ("DEC Private Mode Set"); DEC STD 070 for DECRQM's
answers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Modes:
    """What a guest has switched on and off; the numbers are those of `CSI ? n h`, of ANSI ones `CSI n h`."""

    application_cursor: bool = False
    """1, DECCKM: cursor keys send `ESC O x`."""
    is_reverse: bool = False
    """5, DECSCNM: the whole screen is shown with default colours swapped."""
    origin: bool = False
    """6, DECOM: rows count from the top margin."""
    autowrap: bool = True
    """7, DECAWM: text goes on in the next row at the right margin."""
    is_blinking: bool = False
    """12: the cursor blinks."""
    is_cursor_visible: bool = True
    """25, DECTCEM."""
    application_keypad: bool = False
    """66, DECNKM, and `ESC =`: the keypad sends `ESC O x`."""
    mouse: str = ""
    """What the mouse reports: "", "press" (9), "click" (1000), "drag" (1002) or "motion" (1003)."""
    mouse_encoding: str = ""
    """How it is written: "", "utf8" (1005), "sgr" (1006) or "urxvt" (1015)."""
    focus_events: bool = False
    """1004: coming and going of the focus is reported."""
    alternate_scroll: bool = False
    """1007: on the alternate screen the wheel sends cursor keys."""
    bracketed_paste: bool = False
    """2004: pasted text is enclosed in markers."""
    synchronized: bool = False
    """2026: the guest is in the middle of a frame; show it when it is done."""
    is_alternate: bool = False
    """47, 1047, 1049: the alternate screen is shown."""
    insert: bool = False
    """ANSI 4, IRM: text shifts the rest of the row."""
    newline: bool = False
    """ANSI 20, LNM: a line feed also returns the carriage, and Enter sends both."""


PRIVATE = {
    1: "application_cursor",
    5: "is_reverse",
    6: "origin",
    7: "autowrap",
    12: "is_blinking",
    25: "is_cursor_visible",
    66: "application_keypad",
    1004: "focus_events",
    1007: "alternate_scroll",
    2004: "bracketed_paste",
    2026: "synchronized",
}
"""DEC private modes that are a plain switch."""

ANSI = {4: "insert", 20: "newline"}
"""Modes of ECMA-48 that are a plain switch."""

MOUSE = {9: "press", 1000: "click", 1002: "drag", 1003: "motion"}
"""Modes that choose what the mouse reports; one at a time."""

MOUSE_ENCODINGS = {1005: "utf8", 1006: "sgr", 1015: "urxvt"}
"""Modes that choose how the mouse reports; one at a time."""

ALTERNATE = frozenset({47, 1047, 1049})
"""Modes that show the alternate screen."""


def report(modes: Modes, number: int, *, is_private: bool) -> int:
    """What DECRQM answers for a mode: 0 not known, 1 set, 2 reset."""
    if not is_private:
        name = ANSI.get(number)
        is_set = bool(name) and getattr(modes, str(name))
    elif number in ALTERNATE:
        name, is_set = "alternate", modes.is_alternate
    elif number in MOUSE:
        name, is_set = "mouse", modes.mouse == MOUSE[number]
    elif number in MOUSE_ENCODINGS:
        name, is_set = "encoding", modes.mouse_encoding == MOUSE_ENCODINGS[number]
    else:
        name = PRIVATE.get(number)
        is_set = bool(name) and getattr(modes, str(name))
    if not name:
        return 0
    return 1 if is_set else 2
