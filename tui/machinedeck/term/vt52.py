"""VT52 mode: the tokenizer of the terminal that a VT100 can still play (DECANM reset).

Sources: xterm's ctlseqs ("VT52 Mode"); DEC STD 070 appendix A.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKENS = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]+)"  # 1: text
    r"|\x1bY(..)"  # 2: row and column, each a character from the blank on
    r"|\x1b([^Y\x00-\x1f\x7f-\x9f])"  # 3: the final of a sequence
    r"|(\x1b(?:Y.?)?\Z)"  # 4: what is not complete
    r"|([\x00-\x1f\x7f-\x9f])",  # 5: a control
    re.DOTALL,
)

EVENTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "A": ("cursor_up", ()),
    "B": ("cursor_down", ()),
    "C": ("cursor_forward", ()),
    "D": ("cursor_back", ()),
    "F": ("define_charset", ("0", "(")),
    "G": ("define_charset", ("B", "(")),
    "H": ("cursor_position", ()),
    "I": ("reverse_index", ()),
    "J": ("erase_in_display", ()),
    "K": ("erase_in_line", ()),
    "Z": ("report_vt52", ()),
    "=": ("application_keypad", ()),
    ">": ("numeric_keypad", ()),
    "<": ("leave_vt52", ()),
    "c": ("reset", ()),
}
"""Events by the finals of ESC; a VT52 has no `c`, but `reset` sends it to get out of trouble."""

LAST = frozenset("<c")
"""The finals that end VT52 mode."""


class Vt52:
    """Cuts text into a VT52's tokens, and calls an event for each.

    Args:
        listener: A screen with the events of `EVENTS`, `place_vt52` and `draw`.
        controls: What C0 controls do.
    """

    def __init__(self, listener: Any, controls: Mapping[str, Callable[[], Any]]) -> None:
        self._listener = listener
        self._controls = controls
        self.rest = ""
        """What is not complete at the end of a call."""
        self.is_over = False
        """Whether the mode was left: what follows is for the usual tokenizer."""

    def take(self, data: str, position: int) -> int:
        """Take characters until the end, or until the mode is left; returns the position there."""
        self.rest = ""
        for match in _TOKENS.finditer(data, position):
            text, place, final, rest, control = match.groups()
            if text:
                self._listener.draw(text)
            elif place:
                self._listener.place_vt52(ord(place[0]) - 32, ord(place[1]) - 32)
            elif final:
                name, arguments = EVENTS.get(final, ("debug", ()))
                getattr(self._listener, name)(*arguments)
                if final in LAST:
                    self.is_over = True
                    return match.end()
            elif rest:
                self.rest = rest
            elif method := self._controls.get(control):
                method()
        return len(data)
