"""Characters that stick to the one before them: marks, and the parts of flags, persons and other pictures.

Sources: Unicode TR51 for pictures of several characters; wcwidth's specification for how wide they are.
"""

from __future__ import annotations

import re
from abc import abstractmethod

from machinedeck.term.rectangles import Rectangles
from machinedeck.term.rows import RIGHT
from machinedeck.term.widths import FLAG, JOINER, PICTURE, TONE

INVISIBLE = re.compile(
    "[\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
"""Characters without a cell that show nothing by themselves: joiners, directions, selectors, tags."""


class Joining(Rectangles):
    """Text that has no cell of its own."""

    @abstractmethod
    def _draw_narrow(self, data: str) -> None:
        """Characters of one cell each."""

    def _draw_joined(self, data: str) -> str:
        """Join a picture with the one before it if a joiner is between them; returns the rest of the text."""
        self.is_joining = False
        if not self._joins(data[:1]):
            return data
        self._draw_mark(data[0])
        return data[1:]

    def _joins(self, character: str) -> bool:
        """Whether a character belongs to the picture before the cursor."""
        x, y = self._before()
        if x < 0 or not character:
            return False
        text = self.rows[y][0]
        before = self.clusters.text(text[x - 1] if text[x] == RIGHT else text[x])
        if FLAG.match(character):
            return FLAG.fullmatch(before) is not None
        if PICTURE.match(before) is None:
            return False
        return TONE.match(character) is not None or (
            before[-1] == JOINER and PICTURE.match(character) is not None
        )

    def _before(self) -> tuple[int, int]:
        """The column and row of the cell before the cursor; a column below 0 if there is none."""
        cursor = self.cursor
        x, y = cursor.x if cursor.is_pending else cursor.x - 1, cursor.y
        if x < self.left and y > 0 and cursor.x == self.left and self.rows[y - 1][2]:
            return self.right, y - 1
        return x, y

    def _draw_mark(self, mark: str) -> None:
        """A character without a cell of its own: it sticks to the cell before the cursor."""
        self.is_joining = mark == JOINER
        x, y = self._before()
        if x < 0:
            # Nothing stands before it. A visible mark gets a cell of its own, a byte order mark and the like
            # do not.
            if not INVISIBLE.match(mark):
                before = self.last_drawn
                self._draw_narrow(self.cluster_code(" " + mark))
                self.last_drawn = before
            return
        text, styles, wraps = self.rows[y]
        if text[x] == RIGHT:
            x -= 1
        cluster = self.clusters.join(text[x], mark)
        code = cluster if len(cluster) == 1 else self.cluster_code(cluster)
        self.rows[y] = (text[:x] + code + text[x + 1 :], styles, wraps)
        self.dirty.add(y)
