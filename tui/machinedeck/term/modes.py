"""The modes of a terminal: what they are called here, and which numbers set them.

Sources: ECMA-48 7.2 and 8.3.106 (SM); xterm's ctlseqs ("DEC Private Mode Set"); DEC STD 070 for DECRQM's
answers, and xterm for which modes are permanent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

REMEMBERED_AT_START = frozenset({1010, 1034, 1035, 1070})
"""Modes that only remember to be on or off, and are on in an xterm without configuration."""


@dataclass(slots=True)
class Modes:
    """What a guest has switched on and off; the numbers are those of `CSI ? n h`, of ANSI ones `CSI n h`."""

    application_cursor: bool = False
    """1, DECCKM: cursor keys send `ESC O x`."""
    is_vt52: bool = False
    """2, DECANM, reset: the guest takes us for a VT52."""
    is_wide: bool = False
    """3, DECCOLM: 132 columns were asked for."""
    is_reverse: bool = False
    """5, DECSCNM: the whole screen is shown with default colours swapped."""
    origin: bool = False
    """6, DECOM: rows and columns count from the margins."""
    autowrap: bool = True
    """7, DECAWM: text goes on in the next row at the right margin."""
    is_blinking: bool = False
    """12: the cursor blinks."""
    is_cursor_visible: bool = True
    """25, DECTCEM."""
    allows_wide: bool = False
    """40: DECCOLM may change the width."""
    national: bool = False
    """42, DECNRCM: designations of national character sets are followed."""
    reverse_wrap: bool = False
    """45: going left from the left margin goes on in the row above, if that wrapped."""
    application_keypad: bool = False
    """66, DECNKM, and `ESC =`: the keypad sends `ESC O x`."""
    backspace: bool = False
    """67, DECBKM: the backspace key sends BS, not DEL."""
    side_margins: bool = False
    """69, DECLRMM: DECSLRM sets margins at the sides."""
    mouse: str = ""
    """What the mouse reports: "", "press" (9), "click" (1000), "drag" (1002) or "motion" (1003)."""
    mouse_encoding: str = ""
    """How it is written: "", "utf8" (1005), "sgr" (1006) or "urxvt" (1015)."""
    focus_events: bool = False
    """1004: coming and going of the focus is reported."""
    alternate_scroll: bool = False
    """1007: on the alternate screen the wheel sends cursor keys."""
    allows_alternate: bool = True
    """1046: 47, 1047, 1048 and 1049 act."""
    extended_reverse_wrap: bool = False
    """1045: as 45, but from any row, and from the top to the bottom margin."""
    bracketed_paste: bool = False
    """2004: pasted text is enclosed in markers."""
    synchronized: bool = False
    """2026: the guest is in the middle of a frame; show it when it is done."""
    is_alternate: bool = False
    """47, 1047, 1049: the alternate screen is shown."""
    disambiguates: bool = False
    """kitty's keyboard protocol, level 1: `CSI > 1 u`."""
    locked_keyboard: bool = False
    """ANSI 2, KAM: remembered only, nobody is locked out."""
    insert: bool = False
    """ANSI 4, IRM: text shifts the rest of the row."""
    no_echo: bool = True
    """ANSI 12, SRM: remembered only, the guest echoes."""
    modify_other_keys: int = 0
    """XTMODKEYS 4: 1 and 2 tell more keys apart (`CSI > 4 ; n m`)."""
    newline: bool = False
    """ANSI 20, LNM: a line feed also returns the carriage, and Enter sends both."""
    remembered: set[int] = field(default_factory=lambda: set(REMEMBERED_AT_START))
    """Private modes without an effect here that are on."""


PRIVATE = {
    1: "application_cursor",
    5: "is_reverse",
    6: "origin",
    7: "autowrap",
    12: "is_blinking",
    25: "is_cursor_visible",
    40: "allows_wide",
    42: "national",
    45: "reverse_wrap",
    66: "application_keypad",
    67: "backspace",
    1004: "focus_events",
    1007: "alternate_scroll",
    1045: "extended_reverse_wrap",
    1046: "allows_alternate",
    2004: "bracketed_paste",
    2026: "synchronized",
}
"""DEC private modes that are a plain switch."""

ANSI = {2: "locked_keyboard", 4: "insert", 12: "no_echo", 20: "newline"}
"""Modes of ECMA-48 that are a plain switch."""

MOUSE = {9: "press", 1000: "click", 1002: "drag", 1003: "motion"}
"""Modes that choose what the mouse reports; one at a time."""

MOUSE_ENCODINGS = {1005: "utf8", 1006: "sgr", 1015: "urxvt"}
"""Modes that choose how the mouse reports; one at a time."""

ALTERNATE = frozenset({47, 1047, 1049})
"""Modes that show the alternate screen."""

REMEMBERED = frozenset(
    {4, 18, 19, 30, 35, 41, 44, 46, 80, 1001, 1010, 1011, *range(1034, 1038), *range(1039, 1045)}
    | {*range(1050, 1054), 1060, 1061, 1070, 2001, 2002, 2003, 2005, 2006, 8452}
)
"""Private modes that xterm knows and that have no effect here: they are only remembered and reported.

Smooth scroll, printing, scroll bar, fonts, `more` fix, margin bell, log, sixels, other mouse reports, meta
and function keys, selection and bell, readline.
"""

KNOWN_BY_NAME = frozenset({34, 36, 57, 58, 60, 61, 64, 68, 73, 81, *range(96, 104), 106, *range(108, 118)})
"""Private modes of the VT510 and VT520 that xterm knows and leaves alone.

Writing from right to left, Hebrew and other keyboards, cursor coupling, CRT saver, half duplex, colours.
"""

RESET_FOR_EVER = {
    True: frozenset({8}) | KNOWN_BY_NAME,
    False: frozenset({1, 5, 7, 10, 11, *range(13, 20)}),
}
"""Modes that cannot be set, by whether they are private: DECARM and others; ECMA-48's for block terminals."""


def report(modes: Modes, number: int, *, is_private: bool) -> int:
    """What DECRQM answers for a mode: 0 not known, 1 set, 2 reset, 3 and 4 the same for ever."""
    if number in RESET_FOR_EVER[is_private]:
        return 4
    if is_private and number == 14:
        return 3  # what the guest and the operator say of blinking is combined
    state = _private(modes, number) if is_private else _ansi(modes, number)
    return 0 if state is None else 1 if state else 2


def _ansi(modes: Modes, number: int) -> bool | None:
    """Whether a mode of ECMA-48 is set; None if it is not known."""
    if number == 3:
        return False  # CRM: controls are never shown
    return bool(getattr(modes, ANSI[number])) if number in ANSI else None


def _private(modes: Modes, number: int) -> bool | None:
    """Whether a private mode is set; None if it is not known."""
    if number in PRIVATE:
        return bool(getattr(modes, PRIVATE[number]))
    if number in ALTERNATE:
        return modes.is_alternate
    if number in MOUSE:
        return modes.mouse == MOUSE[number]
    if number in MOUSE_ENCODINGS:
        return modes.mouse_encoding == MOUSE_ENCODINGS[number]
    if number in REMEMBERED:
        return number in modes.remembered
    # 95, DECNCSM, could only be set at level 5, which is above ours.
    return {2: True, 13: False, 95: False, 3: modes.is_wide, 69: modes.side_margins}.get(number)
