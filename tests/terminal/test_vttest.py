"""vttest's screens, each beside tmux: the same bytes, the same picture.

vttest asks and waits for a key after each screen. Our terminal answers its questions; tmux gets its bytes
only. What vttest shows of our answers is the same in both, since it is text by then.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.test_programs import Session, session
from tests.terminal.test_recordings import ours
from tests.terminal.tmux_cells import Tmux

__all__ = ["session"]

QUIET = 0.3
"""Seconds in which vttest writes nothing where it waits for a key."""

ASKS = re.compile(r"Push <RETURN>|Enter choice number \(.*\): *$")
"""What stands in the cursor's row then."""

MENUS: dict[str, tuple[str, int]] = {
    "cursor movements": ("1", 6),
    "screen features": ("2", 15),
    "character sets": ("3 8", 1),
    "double-sized characters": ("4", 6),
    "VT102 features": ("8", 14),
    "known bug: scrolling region": ("9 2", 2),
    "known bug: wrap around with cursor addressing": ("9 7", 1),
    "known bug: funny scroll regions": ("9 9", 2),
}
"""The choices that lead to what is shown, and how many screens that are."""

BACKSPACE = "a backspace right behind the last column goes to the one before, as in VT100s; in tmux onto it"

DIFFERENCES: dict[str, dict[int, str]] = {
    "cursor movements": {2: BACKSPACE, 3: BACKSPACE, 4: BACKSPACE},
    "screen features": {11: "in tmux 3.3 the line that should be at the bottom is not"},
    "character sets": {1: "tmux knows ASCII and line drawing only, and of that not all"},
}
"""Screens that differ from tmux's, counted from 1, and why."""


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    for program in ("tmux", "vttest"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing") if os.environ.get("CI") else pytest.skip(f"no {program}")
    made = Tmux(tmp_path, 80, 24)
    yield made
    made.close()


async def answer(session: Session, keys: str) -> None:
    """Type, and wait until vttest asks anew and wrote nothing for a moment."""
    before = len(session.data)
    if keys:
        session.type(keys)
    size, since = before, 0.0
    try:
        async with asyncio.timeout(20):
            while not (since and _asks(session) and time.monotonic() - since > QUIET):
                await asyncio.sleep(0.02)
                if len(session.data) != size:
                    size, since = len(session.data), time.monotonic()
    except TimeoutError:
        pytest.fail("\n".join(["vttest does not ask:", *session.terminal.display]))


def _asks(session: Session) -> bool:
    cursor = session.terminal.cursor
    return bool(ASKS.search(session.terminal.display[cursor.y]))


@pytest.mark.parametrize("name", MENUS)
async def test_screens_of_vttest(session: Session, tmux: Tmux, name: str) -> None:
    await session.run("vttest", "24x80.132")
    await answer(session, "")
    keys, screens = MENUS[name]
    for key in keys.split():
        await answer(session, f"{key}\r")
    shown, different, written = 0, {}, 0
    while True:
        data = session.data
        await tmux.write(data[written:])
        written = len(data)
        rows = session.terminal.display
        if shown and any("Enter choice number" in row for row in rows):
            break
        shown += 1
        different[shown] = [
            f"{y:2} tmux {theirs}\n   ours {mine}"
            for y, (mine, theirs) in enumerate(zip(ours(session.terminal), tmux.rows(), strict=True))
            if mine[: len(theirs)] != theirs or any(text.strip() for text, _ in mine[len(theirs) :])
        ]
        if (session.terminal.cursor.x, session.terminal.cursor.y) != tmux.cursor:
            different[shown].append(f"cursor tmux {tmux.cursor} ours {session.terminal.cursor}")
        assert shown < 60
        await answer(session, "\r")
    explained = DIFFERENCES.get(name, {})
    unexplained = {at: lines for at, lines in different.items() if lines and at not in explained}
    assert not unexplained, "\n".join(
        f"screen {at}:\n" + "\n".join(lines) for at, lines in unexplained.items()
    )
    assert shown == screens
