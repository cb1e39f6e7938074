"""What DECRQM tells of every mode: at the start, when it was set, and when it was reset."""

from __future__ import annotations

from tests.terminal.cases.case import Case

SET, RESET, RESET_FOR_EVER, SET_FOR_EVER, UNKNOWN = 1, 2, 4, 3, 0

PRIVATE: dict[int, tuple[str, int]] = {
    1: ("DECCKM", RESET),
    4: ("DECSCLM", RESET),
    5: ("DECSCNM", RESET),
    6: ("DECOM", RESET),
    7: ("DECAWM", SET),
    9: ("X10 mouse", RESET),
    12: ("blinking cursor", RESET),
    18: ("DECPFF", RESET),
    19: ("DECPEX", RESET),
    25: ("DECTCEM", SET),
    30: ("scroll bar", RESET),
    35: ("font shifting", RESET),
    40: ("132 columns allowed", RESET),
    41: ("more(1) fix", RESET),
    42: ("DECNRCM", RESET),
    44: ("margin bell", RESET),
    45: ("reverse wraparound", RESET),
    46: ("logging", RESET),
    47: ("alternate screen", RESET),
    66: ("DECNKM", RESET),
    67: ("DECBKM", RESET),
    69: ("DECLRMM", RESET),
    80: ("DECSDM", RESET),
    1000: ("mouse clicks", RESET),
    1001: ("highlighting mouse", RESET),
    1002: ("mouse drags", RESET),
    1003: ("mouse motion", RESET),
    1004: ("focus", RESET),
    1005: ("mouse in UTF-8", RESET),
    1006: ("mouse in SGR", RESET),
    1007: ("alternate scroll", RESET),
    1010: ("scroll on output", SET),
    1011: ("scroll on key", RESET),
    1015: ("mouse as urxvt", RESET),
    1034: ("eight-bit meta", SET),
    1035: ("num lock", SET),
    1036: ("meta sends ESC", RESET),
    1037: ("delete sends DEL", RESET),
    1039: ("alt sends ESC", RESET),
    1040: ("selection is kept", RESET),
    1041: ("selection to clipboard", RESET),
    1042: ("urgent bell", RESET),
    1043: ("bell raises", RESET),
    1044: ("clipboard is kept", RESET),
    1045: ("extended reverse wraparound", RESET),
    1046: ("alternate screen allowed", SET),
    1047: ("alternate screen, blanked", RESET),
    1048: ("saved cursor", RESET),
    1049: ("alternate screen with cursor", RESET),
    1050: ("termcap function keys", RESET),
    1051: ("Sun function keys", RESET),
    1052: ("HP function keys", RESET),
    1053: ("SCO function keys", RESET),
    1060: ("legacy keyboard", RESET),
    1061: ("VT220 keyboard", RESET),
    1070: ("private colour registers", SET),
    2001: ("readline click", RESET),
    2002: ("readline paste", RESET),
    2003: ("readline delete", RESET),
    2004: ("bracketed paste", RESET),
    2005: ("readline quote", RESET),
    2006: ("readline newline", RESET),
    2026: ("synchronized output", RESET),
    8452: ("sixel cursor", RESET),
}
"""Modes that can be set and reset, with their names and what xterm has them at when it starts."""

ANSI: dict[int, tuple[str, int]] = {
    2: ("KAM", RESET),
    4: ("IRM", RESET),
    12: ("SRM", SET),
    20: ("LNM", RESET),
}

FIXED = {
    "?34": ("DECRLM", RESET_FOR_EVER),
    "?57": ("DECNAKB", RESET_FOR_EVER),
    "?60": ("DECHCCM", RESET_FOR_EVER),
    "?64": ("DECPCCM", RESET_FOR_EVER),
    "?68": ("DECKBUM", RESET_FOR_EVER),
    "?81": ("DECKPM", RESET_FOR_EVER),
    "?97": ("DECCRTSM", RESET_FOR_EVER),
    "?103": ("DECHDPXM", RESET_FOR_EVER),
    "?106": ("DECOSCNM", RESET_FOR_EVER),
    "?117": ("DECECM", RESET_FOR_EVER),
    "?2": ("DECANM", SET),
    "?8": ("DECARM", RESET_FOR_EVER),
    "?13": ("blinking, by the operator", RESET),
    "?14": ("blinking, combined", SET_FOR_EVER),
    "?95": ("DECNCSM, which needs level 5", RESET),
    "?1016": ("mouse in pixels", UNKNOWN),
    "?31337": ("an unknown private mode", UNKNOWN),
    "1": ("GATM", RESET_FOR_EVER),
    "3": ("CRM", RESET),
    "5": ("SRTM", RESET_FOR_EVER),
    "7": ("VEM", RESET_FOR_EVER),
    "10": ("HEM", RESET_FOR_EVER),
    "11": ("PUM", RESET_FOR_EVER),
    "13": ("FEAM", RESET_FOR_EVER),
    "14": ("FETM", RESET_FOR_EVER),
    "15": ("MATM", RESET_FOR_EVER),
    "16": ("TTM", RESET_FOR_EVER),
    "17": ("SATM", RESET_FOR_EVER),
    "18": ("TSM", RESET_FOR_EVER),
    "19": ("EBM", RESET_FOR_EVER),
    "99": ("an unknown mode", UNKNOWN),
}
"""Modes that cannot be changed, or are not known."""

SOURCE = "VT510: DECRQM; xterm: do_ansi_rqm, do_dec_rqm"


def switched(mode: str, name: str, start: int, last: int = RESET) -> Case:
    """A case that asks for a mode, sets it, asks, resets it, asks."""
    mark, number = ("?", mode[1:]) if mode.startswith("?") else ("", mode)
    ask = f"\x1b[{mark}{number}$p"
    data = f"{ask}\x1b[{mark}{number}h{ask}\x1b[{mark}{number}l{ask}"
    answers = "".join(f"\x1b[{mark}{number};{state}$y" for state in (start, SET, last))
    return Case(f"{mode} {name}", data, "", (0, 0), SOURCE, answers=answers)


def fixed(mode: str, name: str, state: int) -> Case:
    """A case that asks for a mode that stays, and tries to set it."""
    mark, number = ("?", mode[1:]) if mode.startswith("?") else ("", mode)
    ask, answer = f"\x1b[{mark}{number}$p", f"\x1b[{mark}{number};{state}$y"
    return Case(f"{mode} {name}", f"{ask}\x1b[{mark}{number}h{ask}", "", (0, 0), SOURCE, answers=answer * 2)


CASES = [
    *(
        switched(f"?{number}", name, start, SET if number == 1048 else RESET)
        for number, (name, start) in PRIVATE.items()
    ),
    *(switched(str(number), name, start) for number, (name, start) in ANSI.items()),
    *(fixed(mode, name, state) for mode, (name, state) in FIXED.items()),
    Case("DECRQM needs level 3", '\x1b[62"p\x1b[?7$p', "", (0, 0), "VT510: DECRQM"),
    Case("DECRQM of DECLRMM at level 3", '\x1b[63;1"p\x1b[?69$p', "", (0, 0), SOURCE, answers="\x1b[?69;0$y"),
    Case("DECRQM without a number", "\x1b[$p", "", (0, 0), SOURCE, answers="\x1b[0;0$y"),
]
