"""Events that work on rectangles of cells.

Sources: the VT420 and VT510 manuals (DECCRA, DECERA, DECFRA, DECSERA, DECCARA, DECRARA, DECSACE, DECRQCRA);
xterm's ctlseqs, and xterm itself for defaults, clipping and which attributes change. Coordinates are 1-based
and inclusive, count from the margins in origin mode, and are clipped; nothing or 0 means the edge. All need
conformance level 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from machinedeck.term import rows
from machinedeck.term.editing import Editing
from machinedeck.term.styles import Style
from machinedeck.term.widths import SPECIAL

FLAGS = {1: "bold", 4: "underline", 5: "blink", 7: "reverse", 8: "conceal"}
"""The attributes that DECCARA and DECRARA can change; 22, 24, 25, 27 and 28 switch them off."""

WEIGHTS = {
    "is_protected": 0x04,
    "conceal": 0x08,
    "underline": 0x10,
    "reverse": 0x20,
    "blink": 0x40,
    "bold": 0x80,
}
"""What attributes add to DECRQCRA's checksum (the VT520's way, as xterm has it)."""

POSITIVE, NO_ATTRIBUTES, WHOLE = 1, 2, 16
"""XTCHECKSUM: do not negate the sum; leave attributes out; do not cut a character to eight bits."""


class Area(NamedTuple):
    """A rectangle, 0-based: the first row and column, and the first that are no longer in it."""

    top: int
    left: int
    bottom: int
    right: int


Span = tuple[int, int, int]
"""A part of a row: the row, its first column there and the first that is no longer in it."""


class Rectangles(Editing):
    """Copying, filling, erasing and restyling rectangles."""

    def area(self, coordinates: Sequence[int]) -> Area | None:
        """The rectangle that top, left, bottom and right mean, as many as were sent; None if it is empty."""
        top, left, bottom, right = (*coordinates, 0, 0, 0, 0)[:4]
        if self.modes.origin:
            first_y, first_x, last_y, last_x = self.top, self.left, self.bottom, self.right
        else:
            first_y, first_x, last_y, last_x = 0, 0, self.lines - 1, self.columns - 1
        found = Area(
            min(first_y + max(top, 1) - 1, last_y),
            min(first_x + max(left, 1) - 1, last_x),
            min(first_y + bottom if bottom else last_y + 1, last_y + 1),
            min(first_x + right if right else last_x + 1, last_x + 1),
        )
        return found if found.top < found.bottom and found.left < found.right else None

    def fill_rectangle(self, *parameters: int) -> None:
        """DECFRA: a character of one cell, by default 32; colours stay where the pen has none."""
        code = parameters[0] if parameters and parameters[0] else 32
        if code >= 32 and not 0xD800 <= code <= 0xDFFF and not SPECIAL.search(chr(code)):
            self._fill(parameters[1:], chr(code))

    def erase_rectangle(self, *coordinates: int) -> None:
        """DECERA: as DECFRA with blanks."""
        self._fill(coordinates, " ")

    def erase_rectangle_selectively(self, *coordinates: int) -> None:
        """DECSERA: blanks in the cells that are not protected with DECSCA; styles stay."""
        for y, left, right in self._spans(coordinates):
            text, styles = rows.cut(self.rows[y], left, right)
            protected = {code for code in set(styles) if self.style_of(code).is_protected}
            if protected and self.protection == "dec":
                cells = zip(text, styles, strict=True)
                text = "".join(cell if code in protected else " " for cell, code in cells)
            else:
                text = " " * len(text)
            self.rows[y] = rows.put(self.rows[y], left, text, styles)
            self.dirty.add(y)

    def copy_rectangle(self, *parameters: int) -> None:
        """DECCRA: cells with their styles to another place; the two page numbers do not matter."""
        source, target = self.area(parameters[:4]), self.area(parameters[5:7])
        if source is None or target is None or self.level < 4:
            return
        width = min(source.right - source.left, target.right - target.left)
        pieces = [
            rows.cut(self.rows[y], source.left, source.left + width) for y in range(source.top, source.bottom)
        ]
        for y, piece in zip(range(target.top, target.bottom), pieces, strict=False):
            if width == self.columns:
                self.part(y)
            self.rows[y] = rows.put(self.rows[y], target.left, *piece)
            self.dirty.add(y)

    def change_rectangle(self, *parameters: int) -> None:
        """DECCARA: SGR 0, 1, 4, 5, 7, 8, 22, 24, 25, 27 and 28 on cells that are there."""
        changes: dict[str, int | bool] = {}
        for code in parameters[4:]:
            if code == 0:
                changes.update(dict.fromkeys(("bold", "underline", "blink", "reverse"), 0))
            name = FLAGS.get(code) or FLAGS.get(code - 20, "bold" if code == 22 else "")
            if name:
                changes[name] = code < 20
        if changes:
            self._restyle(parameters[:4], lambda style: style._replace(**_as_fields(changes)))

    def reverse_rectangle(self, *parameters: int) -> None:
        """DECRARA: SGR 1, 4, 5, 7 and 8 on where they are off, and off where they are on."""
        names = [name for code in parameters[4:] if (name := FLAGS.get(code))]
        odd = [name for name in FLAGS.values() if names.count(name) % 2]
        if odd:
            self._restyle(
                parameters[:4],
                lambda style: style._replace(**_as_fields({name: not getattr(style, name) for name in odd})),
            )

    def select_extent(self, how: int | None = 0) -> None:
        """DECSACE: DECCARA and DECRARA change a stream of cells (0, 1) or a rectangle (2)."""
        self.extent = how or 0

    def select_checksum(self, flags: int | None = 0) -> None:
        """XTCHECKSUM: how DECRQCRA sums up; a reset brings `checksum_extension` back, as in xterm."""
        self.checksum_flags = flags or 0

    def checksum(self, coordinates: Sequence[int]) -> int:
        """DECRQCRA's sum over a rectangle, 16 bits; a cell that nothing was written to counts as a blank."""
        total = 0
        for y, left, right in self._spans(coordinates):
            text, styles = self.rows[y][0][left:right], self.rows[y][1][left:right]
            total += self._sum(text)
            if not self.checksum_flags & NO_ATTRIBUTES:
                total += sum(styles.count(code) * self._weight(code) for code in set(styles))
        return (total if self.checksum_flags & POSITIVE else -total) & 0xFFFF

    def _sum(self, text: str) -> int:
        """What the characters of cells add to a checksum; right halves of wide ones are 0."""
        if text.isascii():
            return sum(text.encode())
        if self.checksum_flags & WHOLE:
            return sum(map(ord, self.clusters.text(text)))
        return sum(ord(self.clusters.text(cell)[0]) & 0xFF for cell in text)

    def _weight(self, code: str) -> int:
        """What a style adds to a checksum for each cell."""
        style = self.style_of(code)
        return sum(value for name, value in WEIGHTS.items() if getattr(style, name))

    def _spans(self, coordinates: Sequence[int]) -> Iterator[Span]:
        """The rows of a rectangle."""
        found = self.area(coordinates) if self.level >= 4 else None
        if found:
            yield from ((y, found.left, found.right) for y in range(found.top, found.bottom))

    def _fill(self, coordinates: Sequence[int], character: str) -> None:
        pen = self.style_of(self.cursor.pen)
        keeps = {name for name in ("fg", "bg") if getattr(pen, name) is None}
        spans = list(self._spans(coordinates))
        table = self._mapping(
            spans, lambda style: pen._replace(**{name: getattr(style, name) for name in keeps})
        )
        for y, left, right in spans:
            styles = self.rows[y][1][left:right].translate(table)
            if right - left == self.columns:
                self.part(y)
            self.rows[y] = rows.put(self.rows[y], left, character * (right - left), styles)
            self.dirty.add(y)

    def _restyle(self, coordinates: Sequence[int], change: Callable[[Style], Style]) -> None:
        """Change styles in the extent that DECSACE chose; a stream fills the rows between its ends."""
        spans = list(self._spans(coordinates))
        if self.extent != 2:
            last = len(spans) - 1
            spans = [
                (y, 0 if number else left, self.columns if number < last else right)
                for number, (y, left, right) in enumerate(spans)
            ]
        table = self._mapping(spans, change)
        for y, left, right in spans:
            text, styles, wraps = self.rows[y]
            changed = styles[left:right].translate(table)
            self.rows[y] = (text, styles[:left] + changed + styles[right:], wraps)
            self.dirty.add(y)

    def _mapping(self, spans: Sequence[Span], change: Callable[[Style], Style]) -> dict[int, str]:
        """What becomes of the styles in parts of rows, for `str.translate`: each is changed only once."""
        codes = list(set().union(*(self.rows[y][1][left:right] for y, left, right in spans)))
        changed = self.style_codes([change(self.style_of(code)) for code in codes])
        return dict(zip(map(ord, codes), changed, strict=True))


def _as_fields(changes: dict[str, int | bool]) -> dict[str, Any]:
    """Fields of a style: underlining is a number there."""
    return {name: int(value) if name == "underline" else bool(value) for name, value in changes.items()}
