"""The sixteen colours that programs in machines have names for (ECMA-48, SGR 30 to 37 and 90 to 97).

Textual's own choice shows red and magenta alike and blue as purple; here each is what its name says, and
readable on the dark ground of a terminal, blue too.
"""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme

GROUND, TEXT = (12, 12, 12), (208, 208, 208)
"""As in the style sheet of `widgets.terminal`."""

NORMAL = [
    (40, 40, 40),
    (214, 72, 72),
    (46, 170, 92),
    (208, 160, 48),
    (72, 130, 224),
    (190, 92, 200),
    (48, 172, 190),
    (200, 200, 200),
]
"""Black, red, green, yellow, blue, magenta, cyan, white."""

BRIGHT = [
    (110, 110, 110),
    (246, 110, 104),
    (84, 214, 126),
    (242, 210, 92),
    (116, 170, 255),
    (226, 136, 234),
    (98, 214, 230),
    (255, 255, 255),
]

PALETTE = TerminalTheme(GROUND, TEXT, NORMAL, BRIGHT)
