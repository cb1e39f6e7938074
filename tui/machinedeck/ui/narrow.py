"""Writes only the cells that changed.

Textual knows which cells of a line changed, but writes the line from the left edge of the widget on. Over a
slow line that makes every typed character cost the whole prompt.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual import _compositor


class NarrowUpdate(_compositor.ChopsUpdate):
    """A partial update that begins where the change does."""

    def render_segments(self, console: Console) -> str:
        """The update as it is written to the terminal.

        Args:
            console: What styles are rendered for.
        """
        written: list[str] = []
        last = self.spans[-1][0]
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if strip is None or start >= stop:
                    continue
                written.append(Control.move_to(start, y).segment.text)
                is_whole = start == x and stop == end
                written.append((strip if is_whole else strip.crop(start - x, stop - x)).render(console))
            if y != last:
                written.append("\n")
        return "".join(written)


def write_only_changed_cells() -> None:
    """Let Textual make updates of this kind from now on."""
    _compositor.ChopsUpdate = NarrowUpdate  # type: ignore[misc]
