"""Events that choose how text looks: SGR, its stack, and the links of OSC 8.

Sources: ECMA-48 8.3.117; xterm's ctlseqs (XTPUSHSGR, XTPOPSGR, DECSCUSR); the specification of OSC 8 by its
authors ("Hyperlinks in terminal emulators").
"""

from __future__ import annotations

from machinedeck.term import sgr
from machinedeck.term.cleaning import clean
from machinedeck.term.drawing import Drawing
from machinedeck.term.interning import Table
from machinedeck.term.styles import Style

MEMORY_LIMIT = 16384
"""How many outcomes of SGR are remembered."""

STACK_LIMIT = 10
"""How many styles XTPUSHSGR keeps, as in xterm."""

LINK_LENGTH = 1024
"""Characters of an address that are kept; a longer one is none."""

LINK_LIMIT = 4096
"""How many different addresses may be alive at once."""

SCHEMES = ("http://", "https://", "ftp://", "file://", "mailto:", "ssh://", "man:")
"""Addresses that count as links."""

PUSHED = {
    1: ("bold",),
    2: ("dim",),
    3: ("italic",),
    4: ("underline", "underline_color"),
    5: ("blink",),
    7: ("reverse",),
    8: ("conceal",),
    9: ("strike",),
    10: ("fg",),
    11: ("bg",),
    21: ("underline",),
    30: ("fg",),
    31: ("bg",),
}
"""What the parameters of XTPUSHSGR keep; 10 and 11 are older numbers of 30 and 31."""

LOOKS = frozenset(Style._fields) - {"is_protected", "link"}
"""The fields of a style that SGR sets."""


class Rendition(Drawing):
    """Styles and links."""

    def __init__(self, columns: int, lines: int, scrollback: int = 10_000) -> None:
        self._links: Table[str] = Table(LINK_LIMIT, "")
        super().__init__(columns, lines, scrollback)

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """SGR with numbers, as pyte's stream sends it; private ones mean something else."""
        if not private:
            self.select_rendition(";".join(map(str, attrs)))

    def select_rendition(self, parameters: str) -> None:
        """SGR with its parameters as sent, colons included."""
        cursor = self.cursor
        before = cursor.pen
        known = self._renditions.get(before)
        pen = known.get(parameters) if known else None
        if pen is None:
            pen = self.style_code(sgr.render(self.styles.values[ord(before)], parameters))
            if self._rendition_count >= MEMORY_LIMIT:
                self._renditions.clear()
                self._rendition_count = 0
            if known is None or not self._renditions:
                known = self._renditions[before] = {}
            known[parameters] = pen
            self._rendition_count += 1
        cursor.pen = pen

    def push_rendition(self, *parameters: int) -> None:
        """XTPUSHSGR: keep the style, or the named parts of it."""
        names = frozenset(name for number in parameters for name in PUSHED.get(number, ())) or LOOKS
        if len(self.pens) < STACK_LIMIT:
            self.pens.append((self.cursor.pen, names))

    def pop_rendition(self) -> None:
        """XTPOPSGR: bring back what was kept last."""
        if self.pens:
            pen, names = self.pens.pop()
            kept = self.style_of(pen)
            changes = {name: getattr(kept, name) for name in names}
            self.cursor.pen = self.restyled(self.cursor.pen, **changes)

    def set_link(self, text: str) -> None:
        """OSC 8: text from here on leads to an address; an empty one, or one that is no link, ends that."""
        address = text.partition(";")[2]
        if len(address) > LINK_LENGTH or clean(address) != address or not address.startswith(SCHEMES):
            address = ""
        if self._links.intern(address) is None:
            if self._links.wants_cleaning():
                self.forget_unused()
                used = {style.link for style in self.styles.values}
                self._links.retain({number for number, link in enumerate(self._links.values) if link in used})
            address = "" if self._links.intern(address) is None else address
        self.cursor.pen = self.restyled(self.cursor.pen, link=address)
