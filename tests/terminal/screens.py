"""What the tests of the terminal share: a way to draw, and the promises that every screen must keep."""

from __future__ import annotations

from machinedeck.term import Terminal
from machinedeck.term.rows import RIGHT


def drawn(data: bytes | str, columns: int = 20, lines: int = 5) -> Terminal:
    """A terminal that was fed `data`."""
    terminal = Terminal(columns, lines)
    terminal.feed(data.encode() if isinstance(data, str) else data)
    return terminal


def text(terminal: Terminal) -> list[str]:
    """The screen without the blanks at the right, and without blank rows at the bottom."""
    rows = [row.rstrip() for row in terminal.display]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def picture(terminal: Terminal) -> object:
    """All that can be seen of a terminal, to compare two of them."""
    screen = terminal.screen
    index = range(terminal.scrollback_length + terminal.lines)
    return (
        [terminal.runs(number) for number in index],
        [row[2] for row in screen.rows],
        [row[2] for row in screen.scrollback],
        terminal.cursor,
        screen.cursor.is_pending,
        screen.style_of(screen.cursor.pen),
        terminal.title,
        terminal.modes,
        screen.charsets.designated,
        screen.charsets.active,
        (screen.top, screen.bottom, screen.left, screen.right),
        (screen.level, screen.is_eight_bit, screen.protection, screen.extent, screen.checksum_flags),
        [(screen.style_of(pen), names) for pen, names in screen.pens],
        (screen.keyboards, screen.hidden_keyboards, screen.titles, screen.kept_modes),
        (screen.colours.changed, screen.colours.dynamic, screen.clipboard, screen.contexts, screen.exit_code),
        screen.stops,
        screen.bells,
    )


def check(terminal: Terminal) -> None:
    """The promises: cursor on the screen, rows as wide as the screen, no half of a wide character alone."""
    screen, cursor = terminal.screen, terminal.cursor
    assert 0 <= cursor.x < terminal.columns
    assert 0 <= cursor.y < terminal.lines
    assert 0 <= screen.top <= screen.bottom < terminal.lines
    assert 0 <= screen.left <= screen.right < terminal.columns
    assert screen.edge == screen.right + 1
    assert screen.stops == sorted(set(screen.stops))
    assert all(0 <= stop < terminal.columns for stop in screen.stops)
    for store in (screen.rows, screen.hidden_rows):
        assert len(store) == terminal.lines
        for cells, styles, _ in store:
            assert len(cells) == len(styles) == terminal.columns
            assert not cells.startswith(RIGHT)
            assert RIGHT * 2 not in cells
    for number in range(terminal.lines):
        runs = terminal.runs(terminal.scrollback_length + number)
        assert sum(run.width for run in runs) == terminal.columns
        assert "".join(run.text for run in runs) == terminal.display[number]
    assert len(terminal.title) <= 256
