"""What programs wrote when they were recorded shows as in tmux, cell by cell (see `recordings/README.md`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from machinedeck.term import Style, Terminal
from tests.bench.workloads import RECORDINGS, recorded
from tests.terminal.screens import check
from tests.terminal.tmux_cells import Look, Tmux

SIZE = (80, 24)
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.xz"))
WANTED = {"apt", "dialog", "fish", "git", "htop", "less", "ls", "man", "mc", "names", "nano"} | {
    *("systemctl", "tmux", "top", "vim")
}

EXPLAINED = {
    "top": dict.fromkeys(
        range(7, 16), "EL right behind the last column erases that column in xterm, and nothing in tmux"
    ),
    "names": {
        7: "a spacing mark of Devanagari has a cell of its own in tmux 3.3",
        18: "each half of a flag has one cell in tmux 3.3",
        19: "a skin tone has cells of its own in tmux 3.3",
        20: "persons joined by ZWJ are one character in tmux 3.3, whatever stands on both sides",
    },
}
"""Rows that differ from those of tmux, and why."""


def look(style: Style) -> Look:
    """Our style in the words that tmux's are in."""
    names = ("bold", "dim", "italic", "blink", "reverse", "conceal", "strike", "overline")
    attributes = {name for name in names if getattr(style, name)}
    if style.underline:
        attributes.add(f"underline{style.underline}")
    return Look(style.fg, style.bg, style.underline_color, frozenset(attributes))


def ours(terminal: Terminal) -> list[list[tuple[str, Look]]]:
    """The screen's cells; the right half of a wide character is left out."""
    columns = range(terminal.columns)
    cells = [[terminal.cell(x, y) for x in columns] for y in range(terminal.lines)]
    return [[(cell.text, look(cell.style)) for cell in row if cell.text] for row in cells]


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    made = Tmux(tmp_path, *SIZE)
    yield made
    made.close()


def test_every_program_is_recorded() -> None:
    assert set(NAMES) == WANTED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.promise("What programs draw in a machine's terminal shows as in tmux", where="bare host")
async def test_the_last_picture_is_that_of_tmux(tmux: Tmux, name: str) -> None:
    data = recorded(name)
    terminal = Terminal(*SIZE)
    terminal.feed(data)
    check(terminal)
    await tmux.write(data)
    cursor = tmux.cursor
    explained = EXPLAINED.get(name, {})
    differences = {
        y: "\n".join([f"row {y}", *(f"  {x}: tmux {a} ours {b}" for x, (a, b) in enumerate(pairs) if a != b)])
        for y, (row, theirs) in enumerate(zip(ours(terminal), await tmux.last_rows(), strict=True))
        for pairs in [list(zip_longest(theirs, row))]
        if (theirs if len(theirs) == len(row) else [*theirs, (" ", row[-1][1])]) != row
    }
    assert not differences.keys() - explained.keys(), "\n".join(differences.values())
    assert (terminal.cursor.x, terminal.cursor.y) == cursor


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_looks_the_same_however_it_is_cut(name: str) -> None:
    data = recorded(name)
    whole, cut = Terminal(*SIZE), Terminal(*SIZE)
    whole.feed(data)
    for start in range(0, len(data), 7):
        cut.feed(data[start : start + 7])
    assert ours(cut) == ours(whole)
    assert cut.cursor == whole.cursor
