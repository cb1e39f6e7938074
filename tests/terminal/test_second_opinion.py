"""Every case in tmux too: it shows the same, but where the table beside this says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from machinedeck.term import Terminal
from tests.terminal.cases import ALL
from tests.terminal.second_opinion import Picture, comparable, second_opinion
from tests.terminal.test_cases import played
from tests.terminal.tmux_differences import DIFFERENCES, VERSION


def picture(terminal: Terminal) -> Picture:
    """What our terminal shows."""
    rows = tuple(
        tuple(
            (terminal.cell(x, y).text, comparable(terminal.cell(x, y).style)) for x in range(terminal.columns)
        )
        for y in range(terminal.lines)
    )
    return Picture(rows, (terminal.screen.cursor.x, terminal.screen.cursor.y))


def test_tmux_shows_the_same_or_the_table_says_why_not(tmp_path: Path) -> None:
    version = "no tmux"
    if shutil.which("tmux"):
        version = subprocess.run(["tmux", "-V"], check=True, capture_output=True, text=True).stdout.strip()
    if version != VERSION:
        assert not os.environ.get("CI"), f"the table is of {VERSION}, here is {version}"
        pytest.skip(f"the table is of {VERSION}, here is {version}")
    found: dict[str, str] = {}
    with second_opinion(tmp_path) as tmux:
        for name, case in ALL.items():
            if case.allows_resize:
                continue  # tmux's window belongs to the test
            data = case.data.encode()
            theirs, ours = tmux.show(data, case.size), picture(played(case, len(data) or 1)[0])
            if theirs != ours:
                found[name] = f"{theirs.text()!r} {theirs.cursor}, ours {ours.text()!r} {ours.cursor}"
    unexplained = {name: what for name, what in found.items() if name not in DIFFERENCES}
    assert not unexplained
    assert not set(DIFFERENCES) - set(found), "these no longer differ"
