"""Events that put text on the screen.

Text is drawn in runs, each a slice of a row; the result is the same as if every character came by itself.
"""

from __future__ import annotations

import re

from machinedeck.term import rows
from machinedeck.term.charsets import CHARSETS, NATIONAL, SLOTS
from machinedeck.term.joining import Joining
from machinedeck.term.rows import INNER, PLAIN, RIGHT, SKIPPED, Row
from machinedeck.term.widths import KINDS, PIECES, SPECIAL, SPECIAL_IN_LINES

LINE_PARTS = re.compile(r"[^\r\n]+|[\r\n]")
"""Cuts text into carriage returns, line feeds and what stands between them."""


class Drawing(Joining):
    """Text, character sets, repetition."""

    def draw(self, data: str) -> None:
        """Write text at the cursor. Control characters in it are left out; no other character is lost."""
        sets = self.charsets
        if (sets.table is not None or sets.single is not None) and data:
            data = sets.translate(data)
        if self.is_joining:
            data = self._draw_joined(data)
            if not data:
                return
        if data.isprintable() if data.isascii() else not SPECIAL.search(data):
            self._draw_narrow(data)
        else:
            for piece in PIECES.finditer(data):
                self._draw_piece(KINDS[piece.lastindex or 0], piece[0])

    def draw_lines(self, block: str) -> None:
        """Write text that holds carriage returns and line feeds but no other controls."""
        lines = block.split("\r\n")
        is_simple: bool | None = None
        for number, line in enumerate(lines[:-1]):
            if number and is_simple is not False and self._can_append():
                # The first and the last line may be parts, and the cut may go through a pair.
                is_simple = self._is_simple(block[len(lines[0]) : len(block) - len(lines[-1])])
                if is_simple:
                    self._append(lines[number:-1])
                    break
            self._draw_line(line)
            self.carriage_return()
            self.linefeed()
        self._draw_line(lines[-1])

    def repeat(self, count: int | None = None) -> None:
        """REP: the last drawn character again, as often as fills the screen at most."""
        if self.last_drawn:
            table, self.charsets.table = self.charsets.table, None
            self.draw(self.last_drawn * min(count or 1, self.columns * self.lines))
            self.charsets.table = table

    def define_charset(self, code: str, mode: str) -> None:
        """Designate the set `code` for the slot that the intermediate `mode` means (see `charsets.SLOTS`).

        National sets need DECNRCM, and count as ASCII without it.
        """
        slot = SLOTS.get(mode)
        if slot is not None:
            name = code if mode in "()*+" else "-" + code
            is_known = name in CHARSETS or (name in NATIONAL and self.modes.national)
            self.charsets.designate(slot, name if is_known else "B")

    def shift_in(self) -> None:
        """SI: use G0."""
        self.charsets.invoke(0)

    def shift_out(self) -> None:
        """SO: use G1."""
        self.charsets.invoke(1)

    def lock_shift_two(self) -> None:
        """LS2: use G2."""
        self.charsets.invoke(2)

    def lock_shift_three(self) -> None:
        """LS3: use G3."""
        self.charsets.invoke(3)

    def single_shift_two(self) -> None:
        """SS2: use G2 for one character."""
        self.charsets.single = 2

    def single_shift_three(self) -> None:
        """SS3: use G3 for one character."""
        self.charsets.single = 3

    def _draw_line(self, line: str) -> None:
        """Text in which carriage return and line feed do not stand together as a pair."""
        if "\r" not in line and "\n" not in line:
            if line:
                self.draw(line)
            return
        for part in LINE_PARTS.findall(line):
            if part == "\r":
                self.carriage_return()
            elif part == "\n":
                self.linefeed()
            else:
                self.draw(part)

    def _can_append(self) -> bool:
        """Whether lines that follow only push the screen up, row by row."""
        return (
            self.cursor.y == self.bottom == self.lines - 1 > 0
            and self.top == 0
            and self.modes.autowrap
            and not self.modes.insert
            and self.charsets.is_plain
            and self.is_full_width
            and self.eraser == PLAIN
            and self.rows[-1] == rows.blank(self.columns)
        )

    @staticmethod
    def _is_simple(block: str) -> bool:
        """Whether the block has one cell for each character, and line ends in pairs only."""
        pairs = block.count("\r\n")
        if block.count("\r") != pairs or block.count("\n") != pairs:
            return False
        return block.isascii() or not SPECIAL_IN_LINES.search(block)

    def _append(self, lines: list[str]) -> None:
        """Write whole lines on the blank bottom row, each followed by a line feed that scrolls.

        A line's row is filled up to the screen's width only if it stays on the screen; the scrollback keeps
        it trimmed.
        """
        columns, pen = self.columns, self.cursor.pen
        repeated, full = rows.repeated, rows.repeated(pen, columns)
        fresh: list[Row] = []
        add = fresh.append
        for line in lines:
            length = len(line)
            if length > columns:
                starts = range(0, length - columns, columns)
                fresh += [(line[start : start + columns], full, True) for start in starts]
                line = line[starts[-1] + columns :]  # noqa: PLW2901
                length = len(line)
            add((line, repeated(pen, length), False))
        self.last_drawn = next((line[-1] for line in reversed(lines) if line), self.last_drawn)
        height = self.lines - 1
        staying = [rows.fit(row, columns) for row in fresh[-height:]]
        if not self.modes.is_alternate:
            leaving = [rows.trim(row) for row in self.rows[: min(len(fresh), height)]]
            trim = rows.trim
            leaving += [row if row[0][-1:] > " " else trim(row) for row in fresh[:-height]]
            self.scrollback.extend(leaving)
            self.scrolled += len(leaving)
        del self.rows[: len(fresh)]
        self.rows[-1:] = [*staying, rows.blank(columns)]
        self.touch(0, self.lines)

    def _draw_narrow(self, data: str) -> None:
        """Characters of one cell each."""
        cursor = self.cursor
        x, y = cursor.x, cursor.y
        end = x + len(data)
        if end >= self.edge or cursor.is_pending or self.modes.insert:
            self._draw_wrapping(data)
        else:
            text, styles, wraps = self.rows[y]
            pen = cursor.pen
            if RIGHT in text:
                self.rows[y] = rows.put(self.rows[y], x, data, pen * len(data))
            else:
                if pen != PLAIN or styles is not rows.repeated(PLAIN, self.columns):
                    styles = styles[:x] + pen * len(data) + styles[end:]
                self.rows[y] = (text[:x] + data + text[end:], styles, wraps)
            cursor.x = end
            self.dirty.add(y)
        self.last_drawn = data[-1]

    def _draw_wrapping(self, data: str) -> None:
        """Characters of one cell each, of which some may reach the right margin."""
        while data:
            self._wrap_if_pending()
            x = self.cursor.x
            room = (self.edge if x < self.edge else self.columns) - x
            if self.modes.insert and x < self.left:
                room = self.left - x  # only what begins between the margins shifts the rest
            elif not self.modes.autowrap and len(data) > room:
                data = data[: room - 1] + data[-1]  # each of the surplus overwrites the last column
            self._write(data[:room])
            data = data[room:]

    def _draw_wide(self, data: str) -> None:
        """Characters of two cells each; one that does not fit before the margin goes to the next row."""
        self.last_drawn = data[-1]
        cursor = self.cursor
        end = cursor.x + 2 * len(data)
        if end < self.edge and not cursor.is_pending and not self.modes.insert:
            cells = RIGHT.join(data) + RIGHT
            self.rows[cursor.y] = rows.put(self.rows[cursor.y], cursor.x, cells, cursor.pen * len(cells))
            cursor.x = end
            self.dirty.add(cursor.y)
            return
        if self.columns < 2:
            self._draw_wrapping("\ufffd" * len(data))
            return
        while data:
            self._wrap_if_pending()
            x = self.cursor.x
            room = ((self.edge if x < self.edge else self.columns) - x) // 2
            if room == 0 and self.modes.autowrap:
                self.cursor.is_pending = True
                self._wrap_if_pending(SKIPPED)
                continue
            if room == 0:
                self.cursor.x, room = max(0, x - 1), 1
            elif self.modes.insert and x < self.left:
                room = min(room, (self.left - x + 1) // 2)
            self._write(RIGHT.join(data[:room]) + RIGHT)
            data = data[room:]

    def _draw_piece(self, kind: str, data: str) -> None:
        """A run of characters of one kind (see `widths.KINDS`)."""
        if self.is_joining:
            data = self._draw_joined(data)
        if not data:
            return
        if kind == "narrow":
            self._draw_narrow(data)
        elif kind == "wide":
            self._draw_wide(data)
        elif kind == "zero":
            for mark in data:
                self._draw_mark(mark)
        elif kind == "joining":
            if self._joins(data):
                self._draw_mark(data)
            else:
                self._draw_wide(data)
        elif kind == "stand":
            self._draw_narrow("".join(self.cluster_code(character) for character in data))
            self.last_drawn = data[-1]

    def _wrap_if_pending(self, mark: int = True) -> None:
        """Go to the next row if the last column was just written and text wraps, and mark the row."""
        cursor = self.cursor
        if cursor.is_pending:
            cursor.is_pending = False
            if self.modes.autowrap:
                y = cursor.y
                text, styles, _ = self.rows[y]
                is_whole = cursor.x == self.columns - 1 and self.left == 0
                self.rows[y] = row = (text, styles, mark if is_whole else INNER)
                self.index()
                if cursor.y == y == self.bottom < self.lines - 1 and self.is_full_width:
                    self.rows[y - 1] = row  # the region scrolled, and parted it from what stands below that
                cursor.x = self.left

    def _write(self, cells: str) -> None:
        """Put cells that fit before the right margin, and move the cursor behind them.

        The last column flag is set without autowrap too, and acts if that is switched on again, as in xterm.
        """
        cursor = self.cursor
        x, y, width = cursor.x, cursor.y, len(cells)
        edge = self.edge if x < self.edge else self.columns
        row = self.rows[y]
        if self.modes.insert and self.left <= x < self.edge:
            row = self._inserted(row, x, width)
        self.rows[y] = rows.put(row, x, cells, cursor.pen * width)
        cursor.x = min(x + width, edge - 1)
        cursor.is_pending = x + width == edge
        self.dirty.add(y)
