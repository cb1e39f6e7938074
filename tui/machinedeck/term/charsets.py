"""Character sets, designated with `ESC ( x` and its kin (ECMA-35; DEC STD 070 chapter 3; xterm's ctlseqs)."""

from __future__ import annotations

_GRAPHICS = "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"

CHARSETS: dict[str, dict[int, str]] = {
    "0": {0x5F + number: character for number, character in enumerate(_GRAPHICS)},
    "A": {0x23: "£"},
}
"""By the final characters of the designation; every other set reads as ASCII.

"0" is DEC Special Graphics, which ncurses draws lines with, "A" is British.
"""

SLOTS = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}
"""Which of G0 to G3 the first intermediate of a designation means (94 and 96 characters)."""


class Charsets:
    """The four designated sets and which of them is in use.

    The upper half (GR) does not matter here: input is Unicode, and code points beyond ASCII are never
    translated.
    """

    __slots__ = ("active", "designated", "single", "table")

    def __init__(self) -> None:
        self.designated = ["B", "B", "B", "B"]
        self.active = 0
        self.single: int | None = None
        self.table: dict[int, str] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether text can be taken as it comes."""
        return self.table is None and self.single is None

    def designate(self, slot: int, name: str) -> None:
        """Make the set called `name` the one that slot G0 to G3 (0 to 3) means."""
        if self.designated[slot] != name:
            self.designated[slot] = name
            self.invoke(self.active)

    def invoke(self, slot: int) -> None:
        """Use the set of a slot from here on (SI, SO, LS2, LS3)."""
        self.active = slot
        self.table = CHARSETS.get(self.designated[slot])

    def translate(self, text: str) -> str:
        """The characters that `text`, not empty, shows; a single shift is used up by its first character."""
        if self.single is not None:
            shifted = CHARSETS.get(self.designated[self.single])
            self.single = None
            head = text[0].translate(shifted) if shifted else text[0]
            return head + self.translate(text[1:]) if len(text) > 1 else head
        return text.translate(self.table) if self.table else text

    def save(self) -> tuple[tuple[str, ...], int]:
        """What DECSC keeps of the sets."""
        return tuple(self.designated), self.active

    def restore(self, saved: tuple[tuple[str, ...], int]) -> None:
        """Bring back what `save` gave."""
        self.designated = list(saved[0])
        self.single = None
        self.invoke(saved[1])
