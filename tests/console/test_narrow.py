"""How little is written to the line for a character that is typed in a machine."""

from __future__ import annotations

import sys

import pytest

from machinedeck.term.rows import difference
from tests.bench.terminal_console import open_shell, quiet
from tests.support.pty_program import PtyProgram

MOST = 120


@pytest.mark.promise("A character typed in a machine costs 120 bytes on the line at most", where="bare host")
def test_a_typed_character_costs_a_few_bytes_and_none_when_idle() -> None:
    with PtyProgram([sys.executable, "-m", "machinedeck", "--demo"], (120, 40)) as program:
        program.wait_for("● live")
        quiet(program, 1.0)
        open_shell(program)
        for typed, key in enumerate("echo 中文 xyz"):
            before = len(program.output)
            program.send(key.encode())
            program.wait(lambda one, before=before: len(one.output) > before)
            quiet(program, 0.3)
            assert len(program.output) - before <= MOST, program.output[before:]
            assert "echo 中文 xyz"[: typed + 1].rstrip() in program.screen
        before = len(program.output)
        quiet(program, 1.0)
        assert len(program.output) == before, "an idle terminal writes nothing"


def row(text: str, styles: str = "") -> tuple[str, str, int]:
    return text, (styles or "a" * len(text)), False


@pytest.mark.parametrize(
    ("before", "now", "cells"),
    [
        (row("abc"), row("abc"), None),
        (row("abc"), row("axc"), (1, 2)),
        (row("abc"), row("abc", "aab"), (2, 3)),
        (row("a中\0c"), row("axyc"), (1, 3)),
        (row("a中\0c"), row("a文\0c"), (1, 3)),
        (row("a中\0c"), row("abcde"), (0, 5)),
        (row("abcd"), row("ab中\0"), (2, 4)),
    ],
)
def test_cells_that_differ(
    before: tuple[str, str, int], now: tuple[str, str, int], cells: tuple[int, int] | None
) -> None:
    assert difference(before, now) == cells
