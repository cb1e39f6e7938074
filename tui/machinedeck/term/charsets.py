"""Character sets, designated with `ESC ( x` and its kin (ECMA-35; DEC STD 070 chapter 3; xterm's ctlseqs)."""

from __future__ import annotations

_GRAPHICS = "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"

_TECHNICAL = (
    "⎷┌─⌠⌡│⎡⎣⎤⎦⎛⎝⎞⎠⎨⎬\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
    "≤≠≥∫∴∝∞÷Δ∇ΦΓ∼≃Θ×Λ⇔⇒≡ΠΨ\ufffdΣ\ufffd\ufffd√ΩΞΥ⊂⊃∩∪∧∨¬αβχδεφγηιθκλ\ufffdν∂πψρστ\ufffdƒωξυζ←↑→↓"
)
_LATIN_1 = {code: chr(code + 0x80) for code in range(0x20, 0x80)}
_SUPPLEMENTAL = {**_LATIN_1, 0x28: "¤", 0x57: "Œ", 0x5D: "Ÿ", 0x77: "œ", 0x7D: "ÿ"}

CHARSETS: dict[str, dict[int, str]] = {
    "0": {0x5F + number: character for number, character in enumerate(_GRAPHICS)},
    "A": {0x23: "£"},
    ">": {0x21 + number: character for number, character in enumerate(_TECHNICAL)},
    "<": _SUPPLEMENTAL,
    "%5": _SUPPLEMENTAL,
    "-A": _LATIN_1,
}
"""By the final characters of the designation, with `-` in front for a set of 96; every other reads as ASCII.

"0" is DEC Special Graphics, which ncurses draws lines with, "A" is British, ">" DEC Technical, "<" and "%5"
DEC Supplemental, "-A" the right half of Latin-1.
"""

_PLACES = "#@[\\]^_`{|}~"
_REPLACEMENTS = {
    "4": "£¾ĳ½|^_`¨ƒ¼´",
    "C5": "#@ÄÖÅÜ_éäöåü",
    "Rf": "£à°ç§^_`éùè¨",
    "Q9": "#àâçêî_ôéùèû",
    "K": "#§ÄÖÜ^_`äöüß",
    "Y": "£§°çé^_ùàòèì",
    "E6`": "#ÄÆØÅÜ_äæøåü",
    "Z": "£§¡Ñ¿^_`°ñç~",
    "H7": "#ÉÄÖÅÜ_éäöåü",
    "=": "ùàéçêîèôäöüû",
}
NATIONAL: dict[str, dict[int, str]] = {
    "%6": dict(zip(map(ord, "[\\]{|}"), "ÃÇÕãçõ", strict=True)),
    **{
        name: dict(zip(map(ord, _PLACES), replacements, strict=True))
        for names, replacements in _REPLACEMENTS.items()
        for name in names
    },
}
"""The national replacement sets (VT510 manual), which need DECNRCM: Dutch, Finnish, French and so on."""

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
        self.table = _table(self.designated[slot])

    def translate(self, text: str) -> str:
        """The characters that `text`, not empty, shows; a single shift is used up by its first character."""
        if self.single is not None:
            shifted = _table(self.designated[self.single])
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


def _table(name: str) -> dict[int, str] | None:
    """What a designated set replaces; nothing if it is ASCII."""
    return CHARSETS.get(name) or NATIONAL.get(name)
