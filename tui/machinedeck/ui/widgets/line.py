"""One line of texts, some of which can be clicked: the header, the tabs and the keys are made of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from machinedeck.ui.widgets.tones import tone_style

MORE = "…"
"""What stands where pieces beside the current one have no room."""


class Piece(NamedTuple):
    """One text of a line. `tone` names its colour, `action` what a click on it tells ("" for nothing)."""

    text: str
    tone: str = ""
    action: str = ""


class Line(Widget):
    """Pieces from the left and from the right; what has no room is cut, left before right.

    Where one of those from the left is the current one, it stays in sight, and what is cut beside it is
    marked.
    """

    class Clicked(Message):
        """A piece with an action was clicked."""

        def __init__(self, line: Line, action: str) -> None:
            super().__init__()
            self.line = line
            self.action = action

        @property
        def control(self) -> Line:
            """The line it happened in."""
            return self.line

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._left: tuple[Piece, ...] = ()
        self._right: tuple[Piece, ...] = ()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line."""
        return 1

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Draw other pieces, if they are others."""
        if (self._left, self._right) != (tuple(left), tuple(right)):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Tell which piece was clicked."""
        x = 0
        for piece, text in self._fitted(self.size.width):
            if x <= event.x < x + cell_len(text) and piece.action:
                self.post_message(self.Clicked(self, piece.action))
            x += cell_len(text)

    def render_line(self, y: int) -> Strip:
        """The line."""
        base = self.rich_style
        segments = [
            Segment(text, base + tone_style(self, piece.tone) if piece.tone else base)
            for piece, text in self._fitted(self.size.width)
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()

    def _fitted(self, width: int) -> list[tuple[Piece, str]]:
        right_width = min(width, sum(cell_len(piece.text) for piece in self._right))
        room = width - right_width
        fitted = []
        for piece in self._in_sight(room):
            text = piece.text if cell_len(piece.text) <= room else set_cell_size(piece.text, room)
            room -= cell_len(text)
            fitted.append((piece, text))
        fitted.append((Piece(""), " " * room))
        room = right_width
        for piece in self._right:
            text = piece.text if cell_len(piece.text) <= room else set_cell_size(piece.text, room)
            room -= cell_len(text)
            fitted.append((piece, text))
        return fitted

    def _in_sight(self, room: int) -> list[Piece]:
        """Those from the left, without what must go for the current one to be seen."""
        pieces = list(self._left)
        current = next((at for at, piece in enumerate(pieces) if piece.tone == "current"), None)
        if current is None or _width(pieces) <= room:
            return pieces
        first = 0
        while first < current and _width(pieces[first : current + 1]) + 2 * cell_len(MORE) > room:
            first += 1
        shown = [Piece(MORE, "faint")] if first else []
        left = room - _width(shown)
        for at, piece in enumerate(pieces[first:], first):
            if _width([piece]) > left - (cell_len(MORE) if at < len(pieces) - 1 else 0):
                if at > current:
                    return [*shown, Piece(" " * (left - cell_len(MORE))), Piece(MORE, "faint")]
                return [*shown, piece]
            shown.append(piece)
            left -= _width([piece])
        return shown


def _width(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)
