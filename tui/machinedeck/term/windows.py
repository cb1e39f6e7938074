"""Events about the window around the terminal: its state, its size, its titles (XTWINOPS, DECSLPP and kin).

Sources: xterm's ctlseqs ("Window manipulation"), the VT510 manual (DECSLPP, DECSCPP, DECSNLS).

A pane is no window: it keeps its size, unless `allows_resize` says otherwise, and never tells its titles,
since what a terminal answers arrives as if the operator had typed it.
"""

from __future__ import annotations

from machinedeck.term.commands import Commands

CELL_HEIGHT, CELL_WIDTH = 20, 10
"""A cell in pixels, as far as guests are told."""

LARGEST = 1000
"""The most lines or columns that a guest can ask for."""

TITLES_LIMIT = 10
"""How many titles are kept on the stack, as in xterm."""


class Windows(Commands):
    """Window operations."""

    def start(self) -> None:
        """Set all that a reset sets."""
        self.is_iconified = False
        self.place_on_desktop = (0, 0)
        self.size_before: tuple[int, int] | None = None
        super().start()

    def window_operation(self, *parameters: int) -> None:
        """XTWINOPS: the size and the title stack; no title is told, and resizing has to be allowed."""
        operation, first, second = (*parameters, 0, 0, 0)[:3]
        if operation in {22, 23}:
            (self._push_titles if operation == 22 else self._pop_titles)(first)
        elif operation >= 24:
            self.request_size(min(operation, LARGEST), None)
        elif operation >= 11:
            self.reply(self._window_report(operation))
        elif self.allows_resize:
            self._change_window(operation, first, second, len(parameters))

    def set_page_columns(self, columns: int | None = 0) -> None:
        """DECSCPP: 80 or 132 columns, where resizing is allowed."""
        if (columns or 80) in {80, 132}:
            self.modes.is_wide = columns == 132
            self.request_size(None, columns or 80)

    def set_screen_lines(self, lines: int | None = 0) -> None:
        """DECSNLS: so many lines, where resizing is allowed."""
        if 1 <= (lines or 0) <= 255:
            self.request_size(lines, None)

    def _window_report(self, operation: int) -> str:
        """State, place and size; empty for what is not told: titles, and what no one knows."""
        height, width = self.lines * CELL_HEIGHT, self.columns * CELL_WIDTH
        x, y = self.place_on_desktop
        return {
            11: f"\x1b[{2 if self.is_iconified else 1}t",
            13: f"\x1b[3;{x};{y}t",
            14: f"\x1b[4;{height};{width}t",
            15: f"\x1b[5;{height};{width}t",
            16: f"\x1b[6;{CELL_HEIGHT};{CELL_WIDTH}t",
            18: f"\x1b[8;{self.lines};{self.columns}t",
            19: f"\x1b[9;{self.lines};{self.columns}t",
        }.get(operation, "")

    def _change_window(self, operation: int, first: int, second: int, count: int) -> None:
        """What only a window can do: icon, place, size in pixels or cells, largest size."""
        if operation in {1, 2}:
            self.is_iconified = operation == 2
        elif operation == 3:
            self.place_on_desktop = (first, second)
        elif operation == 4:
            self._ask(first // CELL_HEIGHT, second // CELL_WIDTH)
        elif operation == 8 and count > 1:
            self._ask(first, second)
        elif operation in {9, 10} and first == 0 and self.size_before:
            self.request_size(*self.size_before)
            self.size_before = None

    def _ask(self, lines: int, columns: int) -> None:
        """Ask for a size; 0 keeps a dimension."""
        self.request_size(min(lines, LARGEST) or None, min(columns, LARGEST) or None)

    def _push_titles(self, which: int) -> None:
        """XTWINOPS 22: keep both titles (0), the icon's (1) or the window's (2)."""
        if which <= 2:
            icon = self.icon_name if which in {0, 1} else None
            title = self.title if which in {0, 2} else None
            self.titles.append((icon, title))
            del self.titles[:-TITLES_LIMIT]

    def _pop_titles(self, which: int) -> None:
        """XTWINOPS 23: bring back what was kept last."""
        if self.titles and which <= 2:
            icon, title = self.titles.pop()
            if icon is not None and which in {0, 1}:
                self.icon_name = icon
            if title is not None and which in {0, 2}:
                self.title = title
