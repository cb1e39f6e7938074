"""Scrolling and the region between top and bottom margin."""

from __future__ import annotations

from tests.terminal.cases.case import ENDS, FIVE, Case

CASES = [
    Case("LF at the bottom scrolls", f"{FIVE}\n6", "2|3|4|5| 6", (2, 4), "VT510: DECSTBM"),
    Case(
        "LF on the bottom margin scrolls the region",
        f"{FIVE}{ENDS}\x1b[4;1H\nx",
        "1|3|4|x|5",
        (1, 3),
        "VT510: DECSTBM",
    ),
    Case("LF within the region does not", f"{FIVE}{ENDS}\x1b[2;1H\nx", "1|2|x|4|5", (1, 2), "VT510: DECSTBM"),
    Case(
        "LF above the region goes into it", f"{FIVE}{ENDS}\x1b[1;1H\nx", "1|x|3|4|5", (1, 1), "VT510: DECSTBM"
    ),
    Case(
        "LF below the region stays at the end",
        f"{FIVE}{ENDS}\x1b[5;1H\nx",
        "1|2|3|4|x",
        (1, 4),
        "VT510: DECSTBM",
    ),
    Case("IND on the bottom margin", f"{FIVE}{ENDS}\x1b[4;1H\x1bDx", "1|3|4|x|5", (1, 3), "VT510: DECSTBM"),
    Case("NEL on the bottom margin", f"{FIVE}{ENDS}\x1b[4;1H\x1bEx", "1|3|4|x|5", (1, 3), "VT510: DECSTBM"),
    Case("RI on the top margin", f"{FIVE}{ENDS}\x1b[2;1H\x1bMx", "1|x|2|3|5", (1, 1), "VT510: DECSTBM"),
    Case("RI above the region", f"{FIVE}{ENDS}\x1b[1;1H\x1bMx", "x|2|3|4|5", (1, 0), "VT510: DECSTBM"),
    Case(
        "RI below the region goes up", f"{FIVE}{ENDS}\x1b[5;1H\x1bMx", "1|2|3|x|5", (1, 3), "VT510: DECSTBM"
    ),
    Case("the cursor goes home", f"ab{ENDS}x", "xb", (1, 0), "VT510: DECSTBM", notes={"top": 1, "bottom": 3}),
    Case(
        "no parameters: the whole screen",
        f"{ENDS}\x1b[r{FIVE}\n6",
        "2|3|4|5| 6",
        (2, 4),
        "VT510: DECSTBM",
        notes={"top": 0, "bottom": 4},
    ),
    Case("top alone", "\x1b[2r", "", (0, 0), "VT510: DECSTBM", notes={"top": 1, "bottom": 4}),
    Case("bottom alone", "\x1b[;3r", "", (0, 0), "VT510: DECSTBM", notes={"top": 0, "bottom": 2}),
    Case("zeros", f"{ENDS}\x1b[0;0r", "", (0, 0), "VT510: DECSTBM", notes={"top": 0, "bottom": 4}),
    Case(
        "bottom beyond the screen", "\x1b[2;99r", "", (0, 0), "VT510: DECSTBM", notes={"top": 1, "bottom": 4}
    ),
    Case(
        "one line is refused", "ab\x1b[2;2rx", "abx", (3, 0), "VT510: DECSTBM", notes={"top": 0, "bottom": 4}
    ),
    Case(
        "upside down is refused",
        "ab\x1b[4;2rx",
        "abx",
        (3, 0),
        "VT510: DECSTBM",
        notes={"top": 0, "bottom": 4},
    ),
    Case(
        "top beyond the screen is refused",
        "ab\x1b[9;99rx",
        "abx",
        (3, 0),
        "VT510: DECSTBM",
        notes={"top": 0, "bottom": 4},
    ),
    Case("SU", f"{FIVE}\x1b[Sx", "2|3|4|5| x", (2, 4), "ECMA-48 8.3.147 SU; VT510 SU"),
    Case("SU by two", f"{FIVE}\x1b[2S", "3|4|5", (1, 4), "ECMA-48 8.3.147 SU; VT510 SU"),
    Case("SU with 0", f"{FIVE}\x1b[0S", "2|3|4|5", (1, 4), "ECMA-48 8.3.147 SU; VT510 SU"),
    Case("SU by more than the screen", f"{FIVE}\x1b[99S", "", (1, 4), "ECMA-48 8.3.147 SU; VT510 SU"),
    Case("SU in the region", f"{FIVE}{ENDS}\x1b[S", "1|3|4||5", (0, 0), "ECMA-48 8.3.147 SU; VT510 SU"),
    Case(
        "SU by more than the region",
        f"{FIVE}{ENDS}\x1b[99S",
        "1||||5",
        (0, 0),
        "ECMA-48 8.3.147 SU; VT510 SU",
    ),
    Case(
        "SU outside the region works on it",
        f"{FIVE}{ENDS}\x1b[5;1H\x1b[S",
        "1|3|4||5",
        (0, 4),
        "ECMA-48 8.3.147 SU; VT510 SU",
    ),
    Case(
        "SU keeps the cursor", f"{FIVE}\x1b[2;3H\x1b[Sx", "2|3 x|4|5", (3, 1), "ECMA-48 8.3.147 SU; VT510 SU"
    ),
    Case(
        "SU fills with the background",
        f"{FIVE}\x1b[44m\x1b[S",
        "2|3|4|5",
        (1, 4),
        "terminfo: bce",
        looks={(3, 4): "bg=4", (0, 0): ""},
    ),
    Case("SD", f"{FIVE}\x1b[Tx", "|1|2|3|4x", (2, 4), "ECMA-48 8.3.113 SD; VT510 SD"),
    Case("SD by two", f"{FIVE}\x1b[2T", "||1|2|3", (1, 4), "ECMA-48 8.3.113 SD; VT510 SD"),
    Case("SD by more than the screen", f"{FIVE}\x1b[99T", "", (1, 4), "ECMA-48 8.3.113 SD; VT510 SD"),
    Case("SD in the region", f"{FIVE}{ENDS}\x1b[T", "1||2|3|5", (0, 0), "ECMA-48 8.3.113 SD; VT510 SD"),
    Case("SD with ECMA-48's final", f"{FIVE}\x1b[2^", "||1|2|3", (1, 4), "ECMA-48 8.3.113 SD; VT510 SD"),
    Case(
        "SD with several parameters is mouse tracking",
        f"{FIVE}\x1b[1;1;1;1;1T",
        "1|2|3|4|5",
        (1, 4),
        "ctlseqs: XTHIMOUSE",
    ),
    Case(
        "SD fills with the background",
        f"{FIVE}\x1b[44m\x1b[T",
        "|1|2|3|4",
        (1, 4),
        "terminfo: bce",
        looks={(3, 0): "bg=4", (0, 1): ""},
    ),
    Case("IL", f"{FIVE}\x1b[2;2H\x1b[Lx", "1|x|2|3|4", (1, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"),
    Case("IL by two", f"{FIVE}\x1b[2;2H\x1b[2L", "1|||2|3", (0, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"),
    Case(
        "IL by more than there are", f"{FIVE}\x1b[2;2H\x1b[99L", "1", (0, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"
    ),
    Case(
        "IL in the region", f"{FIVE}{ENDS}\x1b[3;1H\x1b[L", "1|2||3|5", (0, 2), "ECMA-48 8.3.67 IL, 8.3.32 DL"
    ),
    Case(
        "IL above the region does nothing",
        f"{FIVE}{ENDS}\x1b[1;1H\x1b[Lx",
        "x|2|3|4|5",
        (1, 0),
        "ECMA-48 8.3.67 IL, 8.3.32 DL",
    ),
    Case(
        "IL below the region does nothing",
        f"{FIVE}{ENDS}\x1b[5;1H\x1b[Lx",
        "1|2|3|4|x",
        (1, 4),
        "ECMA-48 8.3.67 IL, 8.3.32 DL",
    ),
    Case(
        "IL goes to the first column",
        f"{FIVE}\x1b[2;5H\x1b[L",
        "1||2|3|4",
        (0, 1),
        "ECMA-48 8.3.67 IL, 8.3.32 DL",
    ),
    Case(
        "IL fills with the background",
        f"{FIVE}\x1b[2;1H\x1b[42m\x1b[L",
        "1||2|3|4",
        (0, 1),
        "terminfo: bce",
        looks={(0, 1): "bg=2", (9, 1): "bg=2", (0, 2): ""},
    ),
    Case("DL", f"{FIVE}\x1b[2;2H\x1b[Mx", "1|x|4|5", (1, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"),
    Case("DL by two", f"{FIVE}\x1b[2;2H\x1b[2M", "1|4|5", (0, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"),
    Case(
        "DL by more than there are", f"{FIVE}\x1b[2;2H\x1b[99M", "1", (0, 1), "ECMA-48 8.3.67 IL, 8.3.32 DL"
    ),
    Case(
        "DL in the region", f"{FIVE}{ENDS}\x1b[3;1H\x1b[M", "1|2|4||5", (0, 2), "ECMA-48 8.3.67 IL, 8.3.32 DL"
    ),
    Case(
        "DL above the region does nothing",
        f"{FIVE}{ENDS}\x1b[1;1H\x1b[M",
        "1|2|3|4|5",
        (0, 0),
        "ECMA-48 8.3.67 IL, 8.3.32 DL",
    ),
    Case(
        "DL fills with the background",
        f"{FIVE}\x1b[2;1H\x1b[42m\x1b[M",
        "1|3|4|5",
        (0, 1),
        "terminfo: bce",
        looks={(0, 4): "bg=2", (0, 1): ""},
    ),
    Case("SD with 0 is mouse tracking", f"{FIVE}\x1b[0T", "1|2|3|4|5", (1, 4), "ctlseqs: XTHIMOUSE"),
    Case("SD with ECMA-48's final and 0", f"{FIVE}\x1b[0^", "|1|2|3|4", (1, 4), "ECMA-48 8.3.113 SD"),
]
